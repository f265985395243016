import type { TranslationBundle } from '@jupyterlab/translation';

import type { ServiceView } from '../_wire';
import { isBarred } from '../model/needs';

import { problemHeadline } from './problems';
import { modeWord, stateWord } from './words';

/** How a service is, in a few words: under the mode in force, and as what it is. */
export function serviceWord(service: ServiceView, trans: TranslationBundle): string {
  if (isBarred(service)) {
    return service.barred_by === 'off'
      ? modeWord('off', trans)
      : problemHeadline(`mode_${service.barred_by}`, trans);
  }
  return stateWord(service.state, trans);
}
