import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { StatusItem } from '../../components/StatusItem';
import type { Connection } from '../../model/lab';
import { aHolder, aService, aSnapshot } from '../fixtures';

function show(
  services = [aService()],
  connection: Connection = 'ready',
  gpuMemory: string | null = null
) {
  const onOpen = jest.fn();
  render(
    <StatusItem
      connection={connection}
      snapshot={aSnapshot({ services })}
      gpuMemory={gpuMemory}
      onOpen={onOpen}
      trans={nullTranslator.load('coursia_genai_lab')}
    />
  );
  return { item: screen.getByRole('button'), onOpen };
}

describe('the status item', () => {
  it('is only the mode while nothing runs', () => {
    expect(show().item.textContent).toBe('GenAI: Automatic');
  });

  it('adds the worst state of what somebody here uses', () => {
    const { item } = show([
      aService({ state: 'ready' }),
      aService({ name: 'b', title: 'Forge', state: 'failed' }),
      aService({ name: 'c', state: 'unavailable' })
    ]);
    expect(item.textContent).toBe('GenAI: Automatic · Failed');
    expect(item.title).toContain('Forge');
  });

  it('takes a provider that could be asked for no work of this machine', () => {
    const { item } = show([aService({ kind: 'cloud', state: 'ready' })]);
    expect(item.textContent).toBe('GenAI: Automatic');
  });

  it('calls nothing ready that the mode lets nobody use', () => {
    const service = aService({
      state: 'ready',
      holders: [aHolder()],
      barred_by: 'off'
    });
    expect(show([service]).item.textContent).toBe('GenAI: Automatic');
  });

  it('says that the server does not answer', () => {
    expect(show([], 'unreachable').item.textContent).toBe('GenAI: no answer');
  });

  it('tells the GPU memory on hover, while it is known', () => {
    expect(show([], 'ready', '3.0 of 24.0 GiB').item.title).toBe(
      'Open the GenAI panel\nGPU memory: 3.0 of 24.0 GiB'
    );
  });

  it('opens the panel', () => {
    const { item, onOpen } = show();
    fireEvent.click(item);
    expect(onOpen).toHaveBeenCalledTimes(1);
  });
});
