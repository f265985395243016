import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { ServiceView } from '../_wire';
import type { IGenAILab } from '../tokens';

/** The service that a command names, or else those that the notebook in front needs. */
export function targetsOf(
  genai: IGenAILab,
  args: ReadonlyPartialJSONObject
): ServiceView[] {
  const named = typeof args.name === 'string' ? [args.name] : null;
  const names = named ?? genai.notebook.profile?.services ?? [];
  return names
    .map(name => genai.lab.service(name))
    .filter((service): service is ServiceView => service !== undefined);
}

/** What a command says of its argument `name`. */
export function nameSchema(trans: TranslationBundle) {
  return {
    name: {
      type: 'string' as const,
      description: trans.__(
        'Name of a service; without it, those that the notebook in front needs'
      )
    }
  };
}

/** What a command says of its argument `label`. */
export function labelSchema(trans: TranslationBundle) {
  return {
    label: {
      type: 'string' as const,
      description: trans.__('Label to show in place of the usual one')
    }
  };
}

/** What a command says of its argument `service`. */
export function anyServiceSchema(trans: TranslationBundle) {
  return {
    service: {
      type: 'string' as const,
      description: trans.__('Name of a service; without it, all of them')
    }
  };
}
