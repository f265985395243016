import type { TranslationBundle } from '@jupyterlab/translation';

import type { WeightsFile, WeightsView } from '../_wire';
import { bytesHere, isVerified } from '../model/weights';

import { bytesOfWords, bytesWords, speedWords } from './bytes';
import { durationWords } from './words';

/** Percent steps in which a screen reader hears of progress. */
const ANNOUNCED_STEP = 25;

/** A model's state in a few words. */
export function modelStateWord(model: WeightsView, trans: TranslationBundle): string {
  switch (model.state) {
    case 'present':
      return isVerified(model) ? trans.__('Here, checked') : trans.__('Here');
    case 'missing':
      return trans.__('Missing');
    case 'partial':
      return trans.__('Partly here');
    case 'fetching':
      return trans.__('On its way');
    case 'wrong':
      return trans.__('Damaged');
  }
}

/** State and size, in one line. */
export function modelOutlook(model: WeightsView, trans: TranslationBundle): string {
  const { missing_bytes: missing, size_bytes: size, state } = model;
  const words = [modelStateWord(model, trans)];
  const whole = state === 'present' || state === 'fetching';
  if (!whole && missing !== null && missing > 0) {
    words.push(trans.__('%1 to fetch', bytesWords(missing, trans)));
  } else if (size !== null) {
    words.push(bytesWords(size, trans));
  }
  if (model.optional && state !== 'present') {
    words.push(trans.__('optional'));
  }
  return words.join(' · ');
}

/** What is done for a model at the moment; a phase that we do not know is shown as told. */
export function modelPhase(model: WeightsView, trans: TranslationBundle): string {
  switch (model.phase) {
    case null:
      return modelStateWord(model, trans);
    case 'waiting for another download':
      return trans.__('Waiting for another download');
    case 'asking the source':
      return trans.__('Asking its source');
    case 'waiting for the source':
      return trans.__('Waiting for its source');
    case 'fetching':
      return trans.__('On its way');
    case 'putting it in place':
      return trans.__('Putting it in its place');
    case 'checking':
      return trans.__('Checking');
    default:
      return model.phase;
  }
}

/** Phase, bytes, percent, speed and what is left, in one line. */
export function modelProgress(model: WeightsView, trans: TranslationBundle): string {
  const { bytes_per_second: speed, estimate_seconds: left, percent } = model;
  return [
    modelPhase(model, trans),
    model.state === 'fetching' &&
      bytesOfWords(bytesHere(model), model.size_bytes, trans),
    percent !== null && trans.__('%1 %', Math.floor(percent)),
    speed !== null && speed > 0 && speedWords(speed, trans),
    left !== null && left > 0 && trans.__('about %1 left', durationWords(left, trans))
  ]
    .filter(Boolean)
    .join(' · ');
}

/** What a screen reader hears of it: each phase, and a quarter at a time. */
export function modelAnnounced(model: WeightsView, trans: TranslationBundle): string {
  const steps = Math.floor((model.percent ?? 0) / ANNOUNCED_STEP);
  return [
    modelPhase(model, trans),
    steps > 0 && trans.__('%1 %', steps * ANNOUNCED_STEP)
  ]
    .filter(Boolean)
    .join(' · ');
}

/** A file's state in a few words. */
export function fileWords(file: WeightsFile, trans: TranslationBundle): string {
  const { done_bytes: done, size_bytes: size } = file;
  const whole = size === null ? '' : bytesWords(size, trans);
  switch (file.state) {
    case 'present':
      return [file.verified ? trans.__('Here, checked') : trans.__('Here'), whole]
        .filter(Boolean)
        .join(' · ');
    case 'missing':
      return [trans.__('Missing'), whole].filter(Boolean).join(' · ');
    case 'partial':
      return trans.__('Partly here: %1', bytesOfWords(done, size, trans));
    case 'fetching':
      return trans.__('On its way: %1', bytesOfWords(done, size, trans));
    case 'wrong':
      return trans.__('Damaged');
  }
}
