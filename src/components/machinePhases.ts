import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * What a service does while it waits for the machine, its GPU memory or its image; null for a
 * phase that means something else.
 */
export function machinePhase(phase: string, trans: TranslationBundle): string | null {
  switch (phase) {
    case 'waiting for GPU memory':
      return trans.__('Waiting for GPU memory');
    case 'waiting until the memory is back':
      return trans.__('Waiting until the GPU memory is back');
    case 'getting ready to build':
      return trans.__('Getting ready to build its image');
    case 'waiting for another build to end':
      return trans.__('Waiting for another build to end');
    case 'looking for the base image':
      return trans.__('Looking for what its image is built on');
    case 'downloading the base image':
    case 'extracting the base image':
      return trans.__('Downloading what its image is built on');
    case 'sending the build context':
      return trans.__('Sending what its image is built from');
    case 'built':
      return trans.__('Its image is built');
    case 'warming up the model':
      return trans.__('Warming up its model');
  }
  const [, step, steps, instruction] = /^step (\d+) of (\d+): (.*)$/.exec(phase) ?? [];
  if (step) {
    return trans.__('Building, step %1 of %2: %3', step, steps, instruction);
  }
  const [, holder] = /^waiting for GPU memory that (.+) uses$/.exec(phase) ?? [];
  if (holder) {
    return trans.__('Waiting for GPU memory that %1 uses', holderWords(holder, trans));
  }
  const [, freed] = /^freeing memory of (.+)$/.exec(phase) ?? [];
  return freed ? trans.__('Freeing the GPU memory of %1', freed) : null;
}

/** Who holds GPU memory that somebody waits for: a service's title, or a word for strangers. */
export function holderWords(holder: string, trans: TranslationBundle): string {
  switch (holder) {
    case 'another Lab':
      return trans.__('another Lab');
    case 'another program':
      return trans.__('another program');
    default:
      return holder;
  }
}
