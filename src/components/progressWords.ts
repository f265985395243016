import type { TranslationBundle } from '@jupyterlab/translation';

import type { ServiceView } from '../_wire';

import { bytesOfWords } from './bytes';
import { machinePhase } from './machinePhases';
import { serviceWord } from './serviceWords';
import { durationWords, ownerWords } from './words';

/** Percent steps in which a screen reader hears of progress. */
const ANNOUNCED_STEP = 25;

/** What a service does at the moment; a phase that we do not know is shown as told. */
export function phaseWords(service: ServiceView, trans: TranslationBundle): string {
  const { phase } = service;
  switch (phase) {
    case null:
    case 'stopping':
      return serviceWord(service, trans);
    case 'starting the process':
      return trans.__('Starting the process');
    case 'waiting for its first answer':
      return trans.__('Waiting for its first answer');
    case 'looking for the image':
      return trans.__('Looking for its image');
    case 'waiting to download the image':
      return trans.__('Waiting for its turn to download');
    case 'asking the registry':
      return trans.__('Asking the registry for its image');
    case 'downloading the image':
      return trans.__('Downloading its image');
    case 'the registry broke off; trying again':
      return trans.__('The download broke off; trying again');
    case 'extracting the image':
      return trans.__('Unpacking its image');
    case 'removing the old container':
      return trans.__('Removing the old container');
    case 'waiting for the engine':
      return trans.__('Waiting for the container engine, which gives no answer');
    case 'creating the container':
      return trans.__('Creating the container');
    case 'starting the container':
      return trans.__('Starting the container');
    case "looking at the operator's server":
      return trans.__('Looking at the server that runs it');
    case 'pretending to start':
      return trans.__('Pretending to start');
  }
  const told = machinePhase(phase, trans);
  if (told !== null) {
    return told;
  }
  const [, verb, owner] = /^(using|starting) (.+)$/.exec(phase) ?? [];
  if (verb === 'using') {
    return trans.__('Using what %1 runs', ownerWords(owner, trans));
  }
  return verb ? trans.__('Waking %1', ownerWords(owner, trans)) : phase;
}

/** Phase, what was fetched, percent and what is left of a start, in one line. */
export function progressWords(service: ServiceView, trans: TranslationBundle): string {
  const words = [phaseWords(service, trans), fetchedWords(service, trans)];
  if (service.percent !== null) {
    words.push(trans.__('%1 %', Math.round(service.percent)));
  }
  const left = service.estimate_seconds ?? 0;
  if (left > 0) {
    words.push(trans.__('about %1 left', durationWords(left, trans)));
  }
  return words.filter(Boolean).join(' · ');
}

/** What a screen reader hears of it: each phase, and a quarter at a time. */
export function announcedWords(service: ServiceView, trans: TranslationBundle): string {
  const steps = Math.floor((service.percent ?? 0) / ANNOUNCED_STEP);
  const words = [phaseWords(service, trans)];
  if (steps > 0) {
    words.push(trans.__('%1 %', steps * ANNOUNCED_STEP));
  }
  return words.join(' · ');
}

/** How many bytes of how many; empty where none is known. */
function fetchedWords(
  { done_bytes: done, total_bytes: total }: ServiceView,
  trans: TranslationBundle
): string {
  return done === null || (done === 0 && total === null)
    ? ''
    : bytesOfWords(done, total, trans);
}
