import type { TranslationBundle } from '@jupyterlab/translation';

import { announceFailure } from './announce';

/** Do something that may fail; its failure is announced as `failed`. Whether it was done. */
export async function attempt(
  failed: string,
  act: () => Promise<unknown>,
  trans: TranslationBundle
): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    announceFailure(failed, error, trans);
    return false;
  }
}

/** Do something for each in turn; what fails is announced by its title, and the others go on. */
export async function attemptEach<T extends { title: string }>(
  targets: readonly T[],
  failed: (title: string) => string,
  act: (target: T) => Promise<unknown>,
  trans: TranslationBundle
): Promise<void> {
  for (const target of targets) {
    await attempt(failed(target.title), () => act(target), trans);
  }
}
