import type { TranslationBundle } from '@jupyterlab/translation';

import type { ConsentNeeded } from '../_wire';

import { priceWords } from './moneyWords';
import { problemHeadline } from './problems';

/** What a cloud would be called. */
export function cloudTitle(asked: ConsentNeeded): string {
  return asked.title || asked.provider;
}

/** What is asked before a cloud draws, in one sentence and a question. */
export function cloudQuestion(asked: ConsentNeeded, trans: TranslationBundle): string {
  const cloud = cloudTitle(asked);
  return asked.kind === 'upload'
    ? trans.__('May the pictures of this call be sent to %1?', cloud)
    : trans.__('May %1 draw, for money?', cloud);
}

/** The question in one line, for a notification: what, why, how much. */
export function cloudLine(asked: ConsentNeeded, trans: TranslationBundle): string {
  const why = asked.reason ? `${problemHeadline(asked.reason.code, trans)}. ` : '';
  const price = priceWords(asked.price_cents, trans);
  return `${why}${cloudQuestion(asked, trans)} (${price})`;
}

/** Why a cloud is asked at all. */
export function whyCloud(asked: ConsentNeeded, trans: TranslationBundle): string {
  if (!asked.reason) {
    return trans.__('A call names it.');
  }
  return problemHeadline(asked.reason.code, trans);
}

/** Why something else than the services of this machine makes the images of a kernel. */
export function fallbackSentence(
  reason: string,
  mode: string | null,
  trans: TranslationBundle
): string {
  return mode === 'cloud'
    ? trans.__('A cloud draws for it: %1.', problemHeadline(reason, trans))
    : trans.__(
        'Nothing here can run what it asks for, so the demo engine draws stand-ins marked DEMO.'
      );
}

/** How many calls are held until a question is answered; empty for none. */
export function heldWords(waiting: number, trans: TranslationBundle): string {
  return waiting > 0
    ? trans._n(
        '%1 call waits for your answer, and goes on once you allow it.',
        '%1 calls wait for your answer, and go on once you allow it.',
        waiting
      )
    : '';
}

/** An address that may be followed: a provider's own page, on the web. */
export function webAddress(url: string): string | null {
  return /^https:\/\//.test(url) ? url : null;
}
