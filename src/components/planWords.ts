import type { TranslationBundle } from '@jupyterlab/translation';

import type { ClassWait, PlannedService } from '../_wire';

import { sizeWords } from './needsWords';
import { durationWords } from './words';

/** Whether a service fits on this machine, and whether it could start there now. */
export function fitWord(service: PlannedService, trans: TranslationBundle): string {
  switch (service.fit) {
    case 'fits':
      return service.problem
        ? trans.__('Fits, but cannot start yet')
        : trans.__('Fits');
    case 'after_freeing':
      return trans.__('Fits once others give memory back');
    case 'never':
      return trans.__('Does not fit here');
    case 'needs_no_gpu':
      return trans.__('Needs no GPU');
    case 'unknown':
      return trans.__('Not known yet');
  }
}

/** Where it would run and what it takes; empty where neither is known. */
export function takesWords(
  service: PlannedService,
  gpuNames: ReadonlyMap<string, string>,
  trans: TranslationBundle
): string {
  const { gpus, memory_mib: memory, vram_mib: vram } = service;
  return [
    gpus.map(id => gpuNames.get(id) ?? trans.__('GPU %1', shortId(id))).join(', '),
    vram !== null && vram > 0 && trans.__('%1 of GPU memory', sizeWords(vram, trans)),
    memory !== null && memory > 0 && trans.__('%1 of memory', sizeWords(memory, trans))
  ]
    .filter(Boolean)
    .join(' · ');
}

/** The beginning of a driver's UUID, enough to tell it from others. */
export function shortId(id: string): string {
  return `${id.replace(/^(GPU|MIG)-/, '').slice(0, 8)}…`;
}

/** Pairs that take turns, as one entry a service: those beside which it cannot run. */
export function rivals(apart: readonly string[][]): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const [one, ...others] of apart) {
    found.set(one, [...(found.get(one) ?? []), ...others]);
  }
  return [...found];
}

/** What a class would wait for one service; says so where nothing is known. */
export function waitWords(
  wait: ClassWait | undefined,
  trans: TranslationBundle
): string {
  if (!wait || wait.seconds_per_image === null) {
    return trans.__('Not known yet: it has made no picture here.');
  }
  const { images, last_seconds: last, median_seconds: median } = wait;
  return [
    median !== null &&
      last !== null &&
      trans.__(
        'Half of the class waits at most %1, the last one %2.',
        durationWords(median, trans),
        durationWords(last, trans)
      ),
    trans._n(
      'One picture took %2 (%1 was made here).',
      'One picture took %2 (the middle of %1 made here).',
      images,
      durationWords(wait.seconds_per_image, trans)
    ),
    wait.start_seconds !== null &&
      wait.start_seconds > 0 &&
      trans.__('Its start takes %1.', durationWords(wait.start_seconds, trans))
  ]
    .filter(Boolean)
    .join(' ');
}
