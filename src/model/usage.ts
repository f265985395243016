import type { Allowance, UsageView } from '../_wire';

/** What was made a moment ago counts at the next look (milliseconds). */
const WORKING = 5000;

/** Others spend too, and quotas begin anew by themselves (milliseconds). */
const SELDOM = 10_000;

/** Below this part of a quota somebody should know. */
const LOW = 0.2;

export type Currency = 'pictures' | 'gpu_seconds' | 'cents';

export type Level = 'enough' | 'low' | 'none';

/** One currency of one quota. */
export interface IShare {
  currency: Currency;
  limit: number;
  left: number;
  level: Level;
}

/** Milliseconds until what is left is looked at again. */
export function usageInterval(usage: UsageView | null): number {
  const open = usage?.charges.some(
    ({ state }) => state === 'reserved' || state === 'sent'
  );
  return open ? WORKING : SELDOM;
}

/** What a quota limits, each currency by itself. */
export function sharesOf(allowance: Allowance): IShare[] {
  const pairs: [Currency, number | null, number | null][] = [
    ['pictures', allowance.pictures, allowance.pictures_left],
    ['gpu_seconds', allowance.gpu_seconds, allowance.gpu_seconds_left],
    ['cents', allowance.cents, allowance.cents_left]
  ];
  return pairs.flatMap(([currency, limit, left]) => {
    if (limit === null) {
      return [];
    }
    const some = Math.max(0, left ?? limit);
    return [{ currency, limit, left: some, level: levelOf(some, limit) }];
  });
}

/**
 * The share of which the smallest part is left; undefined where nothing is limited. What everybody
 * may spend at a provider comes last while enough of it is left: it is nobody's own.
 */
export function tightest(left: readonly Allowance[]): IShare | undefined {
  const part = ({ left: some, limit }: IShare) => (limit > 0 ? some / limit : 0);
  return left
    .flatMap(one =>
      sharesOf(one).map(share => ({
        share,
        rank: part(share) + +(one.scope === 'provider' && share.level === 'enough')
      }))
    )
    .sort((one, other) => one.rank - other.rank)[0]?.share;
}

/** What may be spent at one provider in a day, where that is limited. */
export function capOf(
  usage: UsageView | null,
  provider: string
): Allowance | undefined {
  return usage?.left.find(
    ({ name, scope }) => scope === 'provider' && name === provider
  );
}

function levelOf(left: number, limit: number): Level {
  if (left <= 0) {
    return 'none';
  }
  return left < limit * LOW ? 'low' : 'enough';
}
