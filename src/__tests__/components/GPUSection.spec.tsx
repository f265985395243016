import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { IGPUSectionProps } from '../../components/GPUSection';
import { GPUSection } from '../../components/GPUSection';
import { aGPU, aReading } from '../fixtures';

function show(fields: Partial<IGPUSectionProps> = {}) {
  const onRefreshGPUs = jest.fn();
  render(
    <GPUSection
      reading={aReading()}
      problem={null}
      titleOf={name => (name === 'comfyui' ? 'ComfyUI' : name)}
      person="ada"
      off={false}
      onRefreshGPUs={onRefreshGPUs}
      trans={nullTranslator.load('coursia_genai_lab')}
      {...fields}
    />
  );
  return onRefreshGPUs;
}

const NO_DRIVER = {
  code: 'no_driver',
  message: 'libnvidia-ml is not installed.',
  remedy: 'Install the NVIDIA driver.',
  command: null
};

describe('the GPUs', () => {
  it('show grey lines until the first answer, and until the first reading', () => {
    show({ reading: null });
    show({ reading: aReading({ at: null, gpus: [] }) });
    expect(screen.getAllByRole('status', { name: 'Reading the GPUs' })).toHaveLength(2);
  });

  it('are quietly none where there is no driver, with what would help behind a line', () => {
    show({ reading: aReading({ at: null, gpus: [], problem: NO_DRIVER }) });
    expect(screen.getByText(/^No GPU here\. The demo engine/)).toBeTruthy();
    expect(screen.queryByRole('alert')).toBeNull();
    expect(
      screen.getByText('There should be one?').closest('details')?.hasAttribute('open')
    ).toBe(false);
    expect(screen.getByText('Install the NVIDIA driver.')).toBeTruthy();
  });

  it('promise nothing where the mode lets nothing draw', () => {
    show({ reading: aReading({ at: null, gpus: [], problem: NO_DRIVER }), off: true });
    expect(screen.getByText('No GPU here.')).toBeTruthy();
    expect(screen.queryByText(/demo engine/)).toBeNull();
  });

  it('say name, memory, load, warmth and power', () => {
    show();
    const gpu = screen.getByRole('listitem');
    expect(gpu.textContent).toContain('GPU 0 RTX 4090');
    expect(gpu.textContent).toContain('0.5 of 24.0 GiB');
    expect(gpu.textContent).toContain('3 % busy · 41 °C · 28 W');
    expect(
      screen.getByRole('img', { name: 'Memory of GPU 0: 0.5 of 24.0 GiB' })
    ).toBeTruthy();
    expect(screen.getByTitle('28 of 450 W')).toBeTruthy();
    expect(screen.getByText('Driver 560.35 · CUDA up to 12.6')).toBeTruthy();
  });

  it('say who holds the memory: services by name, reservations, others, the rest', () => {
    const gpu = aGPU({
      used_mib: 14_336,
      claims: [
        { service: 'comfyui', mib: 12_288, exclusive: true, ours: true, since: 0 },
        { service: 'flux', mib: 4096, exclusive: false, ours: false, since: 0 }
      ],
      users: [
        { pid: 1, used_mib: 8192, label: 'comfyui', service: 'comfyui', owner: null },
        { pid: 2, used_mib: 2048, label: 'ollama', service: null, owner: 'bo' },
        {
          pid: 3,
          used_mib: null,
          label: 'another person',
          service: null,
          owner: 'another person'
        }
      ]
    });
    show({ reading: aReading({ gpus: [gpu] }) });
    fireEvent.click(screen.getByRole('button', { name: 'Show 1 more' }));
    const list = screen.getByRole('list', { name: 'Who holds the memory of GPU 0' });
    const lines = within(list)
      .getAllByRole('listitem')
      .map(item => item.textContent);
    expect(lines).toEqual([
      'ComfyUI8.0 GiB · 4.0 GiB more reserved · for itself alone',
      'flux of another Lab',
      'ollama by bo2.0 GiB',
      'another personuse not told',
      'The system, or not told4.0 GiB'
    ]);
  });

  it('take one line each while idle, where there are more than two', () => {
    const gpus = [0, 1, 2].map(index =>
      aGPU({ id: `GPU-${index}`, index, busy_percent: index === 1 ? 80 : 0 })
    );
    show({ reading: aReading({ gpus }) });
    const [first, second] = screen.getAllByRole('listitem');
    const line = within(first).getByText('GPU 0 · RTX 4090 · idle · 0.5 of 24 GiB');
    expect(line.closest('details')?.hasAttribute('open')).toBe(false);
    expect(first.textContent).toContain('0 % busy · 41 °C');
    expect(second.querySelector('details')).toBeNull();
    cleanup();
    show({ reading: aReading({ gpus: gpus.slice(0, 2) }) });
    expect(screen.queryByText(/idle/)).toBeNull();
  });

  it('draw nothing where there was no load', () => {
    const history = [0, 60].map(at => ({ at, used_mib: 1, busy_percent: 0 }));
    show({ reading: aReading({ gpus: [aGPU({ history })] }) });
    expect(screen.queryByRole('img', { name: /^Load of the last/ })).toBeNull();
  });

  it('draw how it went lately, in words too', () => {
    const point = (at: number, busy: number | null) => ({
      at,
      used_mib: 1,
      busy_percent: busy
    });
    const history = [point(0, 10), point(60, null), point(120, 90), point(180, 97)];
    show({ reading: aReading({ gpus: [aGPU({ history })] }) });
    const line = screen.getByRole('img', {
      name: 'Load of the last 3 minutes: 10 to 97 %'
    });
    // What is not known breaks the line.
    expect(line.querySelector('path')?.getAttribute('d')).toMatch(
      /^M0\.0 18\.0M66\.7 2\.0L100\.0 0\.6$/
    );
  });

  it('draw memory where the driver tells no load, as for MIG instances', () => {
    const whole = aGPU({ mig: 'on', busy_percent: null });
    const part = aGPU({
      id: 'MIG-1',
      index: 1,
      name: '1g.5gb',
      parent: 'GPU-1',
      total_mib: 4864,
      used_mib: 2432,
      busy_percent: null,
      temperature_celsius: null,
      power_watts: null,
      history: [0, 60].map(at => ({ at, used_mib: 2432, busy_percent: null }))
    });
    show({ reading: aReading({ gpus: [whole, part] }) });
    const inside = within(screen.getByRole('list', { name: 'Instances of GPU 0' }));
    expect(inside.getByText('MIG 1')).toBeTruthy();
    expect(inside.getByText('Its load is not told')).toBeTruthy();
    expect(
      inside.getByRole('img', { name: 'Memory of the last 1 minute: 50 to 50 %' })
    ).toBeTruthy();
  });

  it('say that one is lost, and show no figures of it', () => {
    show({ reading: aReading({ gpus: [aGPU({ state: 'lost', total_mib: null })] }) });
    expect(screen.getByText('Lost')).toBeTruthy();
    expect(screen.getByText(/does not reach it any more/)).toBeTruthy();
    expect(screen.queryByRole('img')).toBeNull();
  });

  it('say since when the driver gives no answer, and keep the last figures', () => {
    const problem = {
      code: 'driver_hangs',
      message: 'It did not answer within 5 s.',
      remedy: 'Start the machine again.',
      command: null
    };
    show({ reading: aReading({ stale_since: Date.now() / 1000 - 60, problem }) });
    expect(
      screen.getByText(/^The GPU driver gives no answer since \d+:\d\d/)
    ).toBeTruthy();
    expect(screen.getByText('Start the machine again.')).toBeTruthy();
    expect(screen.getByRole('list', { name: 'GPUs' }).dataset.stale).toBe('true');
  });

  it('keep the last reading when the server does not answer, and try again', () => {
    const problem = new ApiError('unreachable', 'TypeError', '', 0);
    const onRefresh = show({ problem });
    expect(screen.getByText('The GPUs could not be read')).toBeTruthy();
    expect(screen.getByRole('list', { name: 'GPUs' })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRefresh).toHaveBeenCalledTimes(1);
  });

  it('are all there, however many', () => {
    const gpus = Array.from({ length: 8 }, (_, index) =>
      aGPU({ id: `GPU-${index}`, index })
    );
    show({ reading: aReading({ gpus }) });
    expect(screen.getAllByRole('listitem')).toHaveLength(8);
  });

  it('make nothing up where the driver tells nothing', () => {
    const gpu = aGPU({
      total_mib: null,
      used_mib: null,
      free_mib: null,
      busy_percent: null,
      temperature_celsius: null,
      power_watts: null,
      power_limit_watts: null,
      mig: 'unknown'
    });
    show({ reading: aReading({ gpus: [gpu] }) });
    expect(screen.getByText('Its load is not told')).toBeTruthy();
    expect(screen.getByText(/does not say whether it is cut/)).toBeTruthy();
    expect(screen.queryByText(/GiB/)).toBeNull();
  });
});
