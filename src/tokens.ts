import { Token } from '@lumino/coreutils';

import type { Requester } from './api/request';
import type { LabModel } from './model/lab';
import type { NotebookModel } from './model/notebook';
import type { Preferences } from './model/preferences';

/** What every feature of this extension shows and does, from one source. */
export interface IGenAILab {
  /** The services, the mode, the launches. */
  readonly lab: LabModel;
  /** The notebook in front. */
  readonly notebook: NotebookModel;
  readonly preferences: Preferences;
  /** The REST API of the server extension. */
  readonly request: Requester;
}

export const IGenAILab = new Token<IGenAILab>(
  'coursia-genai-lab:IGenAILab',
  'The state of the GenAI services of this server, and what the notebook in front needs.'
);
