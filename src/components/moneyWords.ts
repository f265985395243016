import type { TranslationBundle } from '@jupyterlab/translation';

import { language } from './when';
import { durationWords } from './words';

/** US cents as money, with as many digits as an amount that small needs. */
export function moneyWords(cents: number): string {
  return new Intl.NumberFormat(language(), {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: digitsOf(cents)
  }).format(cents / 100);
}

/** Cents, rounded up to what is shown of them: what is told must not be too little. */
function atMost(cents: number): number {
  const shown = 10 ** (digitsOf(cents) - 2);
  return Math.ceil(cents * shown - 1e-6) / shown;
}

function digitsOf(cents: number): number {
  return cents >= 10 ? 2 : cents >= 1 ? 3 : 4;
}

/** What one picture costs at most, in a few words. */
export function priceWords(cents: number | null, trans: TranslationBundle): string {
  if (cents === null) {
    return trans.__('price not known');
  }
  return cents === 0
    ? trans.__('free of charge')
    : trans.__('at most %1 a picture', moneyWords(atMost(cents)));
}

/** Time of an engine; nothing is nothing, not "1 second". */
export function engineTime(seconds: number, trans: TranslationBundle): string {
  return seconds <= 0 ? trans.__('no time') : durationWords(seconds, trans);
}
