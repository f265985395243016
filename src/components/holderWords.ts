import type { TranslationBundle } from '@jupyterlab/translation';

import type { HolderView, ServiceView } from '../_wire';
import { pins } from '../model/holders';

import { clock } from './when';
import { durationWords } from './words';

/** The server's word for a name that this person may not see. */
const SOMEBODY = 'another person';

/** Somebody's name as this person reads it. */
export function nameWords(
  name: string,
  person: string,
  trans: TranslationBundle
): string {
  if (name === person) {
    return trans.__('you');
  }
  switch (name) {
    case SOMEBODY:
      return trans.__('another person');
    case 'a notebook':
      return trans.__('a notebook');
    default:
      return name;
  }
}

/** Who keeps a service by their word, and until when; times in Unix seconds. */
export function pinWords(
  pin: HolderView,
  person: string,
  now: number,
  trans: TranslationBundle
): string {
  const name = nameWords(pin.label, person, trans);
  return pin.ends_at === null
    ? trans.__('Kept by %1 until let go', name)
    : trans.__('Kept until %1 by %2', clock(pin.ends_at, now), name);
}

/** How long a service will run on, in few words; empty where nothing is known. */
export function outlookWords(
  service: ServiceView,
  stopsIn: number | null,
  now: number,
  trans: TranslationBundle
): string {
  if (service.external_owner !== null) {
    return trans.__('run by others');
  }
  const [pin] = pins(service);
  if (pin) {
    return pin.ends_at === null
      ? trans.__('kept until let go')
      : trans.__('kept until %1', clock(pin.ends_at, now));
  }
  if (stopsIn === null) {
    return '';
  }
  return stopsIn < 1
    ? trans.__('stops now')
    : trans.__('stops in %1', durationWords(stopsIn, trans));
}
