import { Token } from '@lumino/coreutils';

import type {
  ConsentList,
  GPUsView,
  HealthView,
  JobList,
  ModelInfo,
  PolicyView,
  UsageView,
  WeightsList
} from './_wire';
import type { Download, Requester } from './api/request';
import type { IHistory } from './api/usage';
import type { ConsentModel } from './model/consents';
import type { FolderModel } from './model/folder';
import type { LabModel } from './model/lab';
import type { NotebookModel } from './model/notebook';
import type { PlanModel } from './model/plan';
import type { Preferences } from './model/preferences';
import type { TeacherModel } from './model/teacher';
import type { TimelineModel } from './model/timeline';
import type { WatchedModel } from './model/watched';

/** What every feature of this extension shows and does, from one source. */
export interface IGenAILab {
  /** The services, the mode, the launches. */
  readonly lab: LabModel;
  /** The notebook in front. */
  readonly notebook: NotebookModel;
  /** What its metadata says, for those who may change it. */
  readonly teacher: TeacherModel;
  /** What was answered to notebooks and clouds that ask for something. */
  readonly consents: ConsentModel;
  /** The notebooks of the open folder. */
  readonly folder: FolderModel;
  /** What the Lab did and why. */
  readonly timeline: TimelineModel;
  /** The GPUs of the server's machine, read while somebody looks. */
  readonly gpus: WatchedModel<GPUsView>;
  /** The images that wait for their turn, looked at while somebody looks. */
  readonly jobs: WatchedModel<JobList>;
  /** How the whole is, gathered while somebody looks. */
  readonly health: WatchedModel<HealthView>;
  /** The files of the models, looked for while somebody looks. */
  readonly weights: WatchedModel<WeightsList>;
  /** What fits on the server's machine, and what a class would wait. */
  readonly plan: PlanModel;
  /** What the caller may still use, and what they used; looked at while somebody looks. */
  readonly usage: WatchedModel<UsageView>;
  /** Every job of the caller, loaded when somebody asks for it. */
  readonly history: WatchedModel<IHistory>;
  /** What holds besides the mode; looked at while somebody looks. */
  readonly policy: WatchedModel<PolicyView>;
  /** What the caller has allowed; looked at while somebody looks. */
  readonly allowed: WatchedModel<ConsentList>;
  /** The models that a call may name, with prices; looked at while somebody looks. */
  readonly offers: WatchedModel<ModelInfo[]>;
  readonly preferences: Preferences;
  /** The REST API of the server extension. */
  readonly request: Requester;
  /** Files of the REST API. */
  readonly download: Download;
}

export const IGenAILab = new Token<IGenAILab>(
  'coursia-genai-lab:IGenAILab',
  'The state of the GenAI services of this server, and what the notebook in front needs.'
);
