import type { TranslationBundle } from '@jupyterlab/translation';

import type { Fallback, LayerName, Mode, ModeLayer, Quota } from '../_wire';

import { amountWords, scopeWords, windowWords } from './usageWords';
import { ago } from './when';
import { modeWord } from './words';

/** What happens where a local service cannot answer, in one sentence. */
export function fallbackMeaning(fallback: Fallback, trans: TranslationBundle): string {
  switch (fallback) {
    case 'ask':
      return trans.__('You are asked before a cloud draws.');
    case 'auto':
      return trans.__('A cloud draws by itself, once you have allowed it.');
    case 'never':
      return trans.__('No cloud stands in: the call fails and says why.');
  }
}

/** A quota in one line. */
export function quotaWords(
  quota: Quota,
  titleOf: (service: string) => string,
  trans: TranslationBundle
): string {
  const amounts = (['pictures', 'gpu_seconds', 'cents'] as const).flatMap(currency => {
    const amount = quota[currency];
    return amount === null ? [] : [amountWords(currency, amount, trans)];
  });
  return trans.__(
    '%1: %2, %3',
    scopeWords(quota.scope, quota.name, titleOf, trans),
    amounts.join(' · ') || trans.__('no limit'),
    windowWords(quota.window, trans)
  );
}

/** Who speaks in a layer. */
export function layerName(layer: LayerName, trans: TranslationBundle): string {
  switch (layer) {
    case 'operator':
      return trans.__('The server');
    case 'class':
      return trans.__('The class');
    case 'notebook':
      return trans.__('The notebook');
    case 'person':
      return trans.__('You');
  }
}

/** What a layer says. */
export function layerValue(value: Mode | null, trans: TranslationBundle): string {
  return value === null ? trans.__('says nothing') : modeWord(value, trans);
}

/** Who set a layer and since when; empty where it says nothing. */
export function layerOrigin(
  layer: ModeLayer,
  now: number,
  trans: TranslationBundle
): string {
  if (layer.value === null) {
    return '';
  }
  const by =
    layer.set_by && layer.layer !== 'person'
      ? trans.__('set by %1', setByWords(layer.set_by, trans))
      : '';
  const since = layer.since === null ? '' : ago(layer.since, now);
  return [by, since].filter(Boolean).join(', ');
}

/** Who decided the mode that is in force, in a sentence. */
export function decidedWords(
  layer: ModeLayer | undefined,
  mode: Mode,
  trans: TranslationBundle
): string {
  const word = modeWord(mode, trans);
  switch (layer?.layer) {
    case 'person':
      return trans.__('Mode: %1; you chose it.', word);
    case 'class':
      return trans.__('Mode: %1; the class’s policy says so.', word);
    case 'notebook':
      return trans.__('Mode: %1; the notebook says so.', word);
    default:
      return trans.__('Mode: %1; the server is set so.', word);
  }
}

function setByWords(by: string, trans: TranslationBundle): string {
  return by === "the server's configuration" ? trans.__('its configuration') : by;
}
