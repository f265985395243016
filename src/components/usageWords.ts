import type { TranslationBundle } from '@jupyterlab/translation';

import type { Allowance, ChargeState, Scope, UsageView, Window } from '../_wire';
import type { Currency, IShare } from '../model/usage';
import { tightest } from '../model/usage';

import { engineTime, moneyWords } from './moneyWords';
import { clock } from './when';

/** Whose use a quota counts. */
export function scopeWords(
  scope: Scope,
  name: string,
  titleOf: (service: string) => string,
  trans: TranslationBundle
): string {
  switch (scope) {
    case 'person':
      return name === '*' ? trans.__('Each person') : trans.__('Person %1', name);
    case 'group':
      return name === '*' ? trans.__('Each group') : trans.__('Group %1', name);
    case 'course':
      return trans.__('The whole course');
    case 'provider':
      return name === '*'
        ? trans.__('Everybody together, at each provider')
        : trans.__('Everybody together, at %1', titleOf(name));
  }
}

/** The time that a quota is for. */
export function windowWords(window: Window, trans: TranslationBundle): string {
  switch (window) {
    case 'hour':
      return trans.__('per hour');
    case 'day':
      return trans.__('per day');
    case 'week':
      return trans.__('per week');
    case 'month':
      return trans.__('per month');
    case 'course':
      return trans.__('until the course ends');
  }
}

/** When a quota begins anew; `now` in Unix seconds. */
export function renewalWords(
  { renews_at: at }: Allowance,
  now: number,
  trans: TranslationBundle
): string {
  return at === null
    ? trans.__('It does not begin anew.')
    : trans.__('It begins anew: %1.', clock(at, now));
}

/** What is counted. */
export function currencyWord(currency: Currency, trans: TranslationBundle): string {
  switch (currency) {
    case 'pictures':
      return trans.__('Pictures');
    case 'gpu_seconds':
      return trans.__('Time on GPUs');
    case 'cents':
      return trans.__('Money');
  }
}

/** An amount of what is counted. */
export function amountWords(
  currency: Currency,
  amount: number,
  trans: TranslationBundle
): string {
  switch (currency) {
    case 'pictures':
      return trans._n('%1 picture', '%1 pictures', amount);
    case 'gpu_seconds':
      return engineTime(amount, trans);
    case 'cents':
      return moneyWords(amount);
  }
}

/** What is left of a share, and of how much. */
export function shareWords(share: IShare, trans: TranslationBundle): string {
  const { currency, left, level, limit } = share;
  const of = amountWords(currency, limit, trans);
  if (level === 'none') {
    return limit > 0
      ? trans.__('Nothing left of %1', of)
      : trans.__('Nothing is allowed');
  }
  const some =
    currency === 'pictures' ? String(left) : amountWords(currency, left, trans);
  const words = trans.__('%1 left of %2', some, of);
  return level === 'low' ? trans.__('%1: nearly used up', words) : words;
}

/** What is left in a few words, for a section that is closed. */
export function usageSummary(
  usage: UsageView | null,
  trans: TranslationBundle
): string | undefined {
  const share = usage ? tightest(usage.left) : undefined;
  if (!share) {
    return undefined;
  }
  return share.level === 'none'
    ? trans.__('Used up')
    : trans.__('%1 left', amountWords(share.currency, share.left, trans));
}

/** How far a charge is. */
export function chargeWord(state: ChargeState, trans: TranslationBundle): string {
  switch (state) {
    case 'reserved':
      return trans.__('Set aside');
    case 'sent':
      return trans.__('On its way');
    case 'settled':
      return trans.__('Counted');
    case 'refunded':
      return trans.__('Given back');
    case 'unknown':
      return trans.__('End not known');
  }
}
