import { nullTranslator } from '@jupyterlab/translation';
import { screen } from '@testing-library/react';

import type { ServiceView } from '../../_wire';
import { progressWords } from '../../components/progressWords';
import { aService } from '../fixtures';
import { serverPhases } from '../server';

import { showServices } from './showServices';

const trans = nullTranslator.load('coursia_genai_lab');

describe('the words of a start', () => {
  const words = (fields: Partial<ServiceView>) =>
    progressWords(aService({ state: 'starting', ...fields }), trans);

  it('know every phase that the server reports', () => {
    const phases = serverPhases();
    expect(phases).toContain('downloading the image');
    expect(phases.filter(phase => words({ phase }) === phase)).toEqual([]);
  });

  it('say whose server is used or woken', () => {
    expect(words({ phase: 'using the container comfyui-qwen' })).toBe(
      'Using what the container comfyui-qwen runs'
    );
    expect(words({ phase: 'starting the container qwen of the project lab' })).toBe(
      'Waking the container qwen of the project lab'
    );
    expect(words({ phase: 'using the user bo on port 8188' })).toBe(
      'Using what the user bo on port 8188 runs'
    );
  });

  it('say what it waits for on the GPU', () => {
    expect(words({ phase: 'waiting for GPU memory that FLUX uses' })).toBe(
      'Waiting for GPU memory that FLUX uses'
    );
    expect(words({ phase: 'waiting for GPU memory that another Lab uses' })).toBe(
      'Waiting for GPU memory that another Lab uses'
    );
    expect(words({ phase: 'freeing memory of FLUX' })).toBe(
      'Freeing the GPU memory of FLUX'
    );
  });

  it('say which step of a build runs', () => {
    const phase = 'step 2 of 9: RUN pip install torch';
    expect(words({ phase, state: 'building', percent: 11.1 })).toBe(
      'Building, step 2 of 9: RUN pip install torch · 11 %'
    );
  });
});

describe('a download', () => {
  it('tells a download in bytes', () => {
    showServices([
      aService({
        state: 'pulling',
        phase: 'downloading the image',
        percent: 15.2,
        done_bytes: 1_200_000_000,
        total_bytes: 7_900_000_000,
        estimate_seconds: 185
      })
    ]);
    expect(
      screen.getByText(
        'Downloading its image · 1.2 of 7.9 GB · 15 % · about 3 minutes left'
      )
    ).toBeTruthy();
  });

  it('tells what was downloaded while the whole is not known', () => {
    showServices([
      aService({
        state: 'pulling',
        phase: 'downloading the image',
        done_bytes: 42_000_000
      })
    ]);
    expect(screen.getByText('Downloading its image · 42 MB so far')).toBeTruthy();
  });
});
