import type { TranslationBundle } from '@jupyterlab/translation';

import type { HealthView, ServiceState } from '../_wire';
import type { IStarts } from '../model/health';

import { durationWords } from './words';

type Overall = HealthView['overall_status'];

/** How the whole is, in a few words. */
export function overallWords(status: Overall, trans: TranslationBundle): string {
  switch (status) {
    case 'healthy':
      return trans.__('All is well');
    case 'degraded':
      return trans.__('Something needs attention');
    case 'unhealthy':
      return trans.__('No image can be made');
  }
}

/** The state whose mark fits. */
export function overallMark(status: Overall): ServiceState {
  switch (status) {
    case 'healthy':
      return 'ready';
    case 'degraded':
      return 'unavailable';
    case 'unhealthy':
      return 'failed';
  }
}

/** A kind of kernel starts. */
export function startsWords(kind: IStarts['kind'], trans: TranslationBundle): string {
  switch (kind) {
    case 'classic':
      return trans.__('Without images');
    case 'genai':
      return trans.__('One image service');
    case 'hybrid':
      return trans.__('Several image services');
    case 'fallback':
      return trans.__('Of these, with a stand-in');
  }
}

/** How long the window is that is told of. */
export function windowWords(health: HealthView, trans: TranslationBundle): string {
  const seconds = Math.max(1, health.at - health.window_began);
  return trans.__('the last %1', durationWords(seconds, trans));
}
