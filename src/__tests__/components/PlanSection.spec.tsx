import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { IPlanSectionProps } from '../../components/PlanSection';
import { PlanSection } from '../../components/PlanSection';
import { aPlan, aPlanned } from '../fixtures';

const TITLES: Record<string, string> = {
  comfyui: 'ComfyUI',
  flux: 'FLUX',
  forge: 'Forge'
};

function show(fields: Partial<IPlanSectionProps> = {}) {
  const actions = { onPeople: jest.fn(), onRefreshPlan: jest.fn() };
  render(
    <PlanSection
      people={24}
      plan={aPlan()}
      loading={false}
      problem={null}
      titleOf={name => TITLES[name] ?? name}
      gpuNames={new Map([['GPU-1', 'GPU 0']])}
      trans={nullTranslator.load('coursia_genai_lab')}
      {...actions}
      {...fields}
    />
  );
  return actions;
}

const WAIT = {
  service: 'comfyui',
  people: 24,
  seconds_per_image: 12,
  images: 31,
  start_seconds: 40,
  median_seconds: 180,
  last_seconds: 330
};

describe('the plan of a class', () => {
  it('shows grey lines until it is made, and why it could not be', () => {
    show({ plan: null, loading: true });
    expect(screen.getByRole('status', { name: 'Planning' })).toBeTruthy();
    const problem = new ApiError('unreachable', 'TypeError', '', 0);
    const { onRefreshPlan } = show({ plan: null, problem });
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRefreshPlan).toHaveBeenCalledTimes(1);
  });

  it('says what fits where, what it takes, and what a class waits', () => {
    show({ plan: aPlan({ waits: [WAIT] }) });
    const line = screen.getByRole('list', { name: 'What fits' }).textContent;
    expect(line).toContain('ComfyUIFits');
    expect(line).toContain('GPU 0 · 12 GiB of GPU memory · 16 GiB of memory');
    expect(line).toContain(
      'Half of the class waits at most 3 minutes, the last one 6 minutes. ' +
        'One picture took 10 seconds (the middle of 31 made here). ' +
        'Its start takes 40 seconds.'
    );
  });

  it('makes no figure up', () => {
    show({
      plan: aPlan({ waits: [{ ...WAIT, seconds_per_image: null, images: 0 }] })
    });
    expect(
      screen.getByText('Not known yet: it has made no picture here.')
    ).toBeTruthy();
    expect(screen.queryByText(/Half of the class/)).toBeNull();
  });

  it('says what runs at one time and what takes turns', () => {
    show({
      plan: aPlan({
        together: [['comfyui', 'forge'], ['flux']],
        apart: [
          ['comfyui', 'flux'],
          ['comfyui', 'forge']
        ]
      })
    });
    const lines = (name: string) =>
      [...screen.getByRole('list', { name }).children].map(item => item.textContent);
    expect(lines('These run at one time')).toEqual(['ComfyUI + Forge']);
    expect(lines('These take turns')).toEqual(['ComfyUI: not beside FLUX, Forge']);
  });

  it('says what keeps a service from running, and no wait for it', () => {
    const problem = {
      code: 'gpu_too_small',
      message: 'It needs 40 GiB, the largest GPU has 24.',
      remedy: 'Use a cloud.',
      command: null
    };
    show({ plan: aPlan({ services: [aPlanned({ fit: 'never', problem })] }) });
    expect(screen.getByText('Does not fit here')).toBeTruthy();
    expect(screen.getByText('Use a cloud.')).toBeTruthy();
    expect(screen.queryByText(/Not known yet/)).toBeNull();
  });

  it('tells what fits and cannot start from what runs', () => {
    const problem = { code: 'image_missing', message: 'm', remedy: 'r', command: null };
    show({ plan: aPlan({ services: [aPlanned({ problem })] }) });
    expect(screen.getByText('Fits, but cannot start yet')).toBeTruthy();
  });

  it('shows what is to be known of the machine', () => {
    const note = {
      code: 'no_driver',
      message: 'No driver.',
      remedy: 'Install one.',
      command: null
    };
    show({ plan: aPlan({ notes: [note] }) });
    expect(screen.getByText('Install one.')).toBeTruthy();
  });

  it('takes the number of people once it is whole, by Enter or by leaving the field', () => {
    const { onPeople } = show();
    const input = screen.getByRole('spinbutton', { name: 'People in class' });
    fireEvent.change(input, { target: { value: '30' } });
    expect(onPeople).not.toHaveBeenCalled();
    fireEvent.submit(input);
    fireEvent.change(input, { target: { value: '31' } });
    fireEvent.blur(input);
    expect(onPeople.mock.calls).toEqual([[30], [31]]);
  });

  it('takes back a number that is none', () => {
    const { onPeople } = show();
    const input = screen.getByRole('spinbutton') as HTMLInputElement;
    fireEvent.change(input, { target: { value: '' } });
    expect(input.getAttribute('aria-invalid')).toBe('true');
    fireEvent.blur(input);
    expect(onPeople).not.toHaveBeenCalled();
    expect(input.value).toBe('24');
  });
});
