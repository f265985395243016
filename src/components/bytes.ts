import type { TranslationBundle } from '@jupyterlab/translation';

import { decimal } from './when';

const GIGA = 1e9;
const MEGA = 1e6;

/** An amount of bytes, in the unit that fits. */
export function bytesWords(bytes: number, trans: TranslationBundle): string {
  return bytes >= GIGA
    ? trans.__('%1 GB', decimal(bytes / GIGA, 1))
    : trans.__('%1 MB', decimal(bytes / MEGA, 0));
}

/** How many bytes of how many, in the unit that fits the whole; a null whole is not known. */
export function bytesOfWords(
  done: number,
  total: number | null,
  trans: TranslationBundle
): string {
  const large = (total ?? done) >= GIGA;
  const told = (bytes: number) =>
    large ? decimal(bytes / GIGA, 1) : decimal(bytes / MEGA, 0);
  if (total === null) {
    return large
      ? trans.__('%1 GB so far', told(done))
      : trans.__('%1 MB so far', told(done));
  }
  return large
    ? trans.__('%1 of %2 GB', told(done), told(total))
    : trans.__('%1 of %2 MB', told(done), told(total));
}

/** How fast bytes come. */
export function speedWords(bytesPerSecond: number, trans: TranslationBundle): string {
  const megabytes = bytesPerSecond / MEGA;
  return trans.__('%1 MB/s', decimal(megabytes, megabytes < 10 ? 1 : 0));
}
