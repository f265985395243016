import type { TranslationBundle } from '@jupyterlab/translation';

import { language } from './when';
import { durationWords } from './words';

/** US cents as money, with as many digits as an amount that small needs. */
export function moneyWords(cents: number): string {
  const dollars = cents / 100;
  const digits = cents === 0 || cents >= 10 || Number.isInteger(cents) ? 2 : 4;
  return new Intl.NumberFormat(language(), {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: digits
  }).format(dollars);
}

/** What one picture costs at most, in a few words. */
export function priceWords(cents: number | null, trans: TranslationBundle): string {
  if (cents === null) {
    return trans.__('price not known');
  }
  return cents === 0
    ? trans.__('free of charge')
    : trans.__('at most %1 a picture', moneyWords(cents));
}

/** Time of an engine; nothing is nothing, not "1 second". */
export function engineTime(seconds: number, trans: TranslationBundle): string {
  return seconds <= 0 ? trans.__('no time') : durationWords(seconds, trans);
}
