import type { TranslationBundle } from '@jupyterlab/translation';

import type { ServiceView } from '../_wire';
import { isBarred } from '../model/needs';

import { problemHeadline } from './problems';
import { clock } from './when';
import { modeWord, stateWord } from './words';

/** How a service is, in a few words: under the mode in force, and as what it is. */
export function serviceWord(service: ServiceView, trans: TranslationBundle): string {
  if (isBarred(service)) {
    return service.barred_by === 'off'
      ? modeWord('off', trans)
      : problemHeadline(`mode_${service.barred_by}`, trans);
  }
  return service.kind === 'cloud' && service.stand_in === null
    ? cloudWord(service, trans)
    : stateWord(service.state, trans);
}

/** What is known of a provider: nothing of it runs here that could be ready. */
function cloudWord(service: ServiceView, trans: TranslationBundle): string {
  const { last_word: last } = service;
  const problem = service.problem ?? last?.problem;
  return problem
    ? problemHeadline(problem.code, trans)
    : last
      ? trans.__('Last answer: %1', clock(last.at, Date.now() / 1000))
      : trans.__('Key present');
}
