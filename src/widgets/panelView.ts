import type { ConsentNeeded } from '../_wire';
import type { ILabViewProps, IQuestion } from '../components/LabView';
import type { IMachineView } from '../components/MachineSections';
import type { INotebookView } from '../components/NotebookSection';
import { askedOf, cloudOf, questionsOf } from '../model/consents';
import { launchOf } from '../model/needs';
import type { IGenAILab } from '../tokens';

/** What a person chose in the panel itself. */
export interface IPanelChoices {
  /** Whether the editor of the teacher's word is open. */
  editing: boolean;
  /** The service whose models are listed; null: all of them. */
  modelsService: string | null;
}

/** What the panel shows of the models as they are now. */
export type PanelView = Omit<
  ILabViewProps,
  'actions' | 'collapsed' | 'onToggle' | 'onRefresh' | 'onMode' | 'trans'
>;

/** Read from the models what the panel shows. */
export function panelView(genai: IGenAILab, choices: IPanelChoices): PanelView {
  const { allowed, lab, offers, policy } = genai;
  const { folder, index, loading, problem } = genai.folder;
  return {
    connection: lab.connection,
    snapshot: lab.snapshot,
    problem: lab.problem,
    notebook: notebookView(genai, choices.editing),
    folder: { folder, index, loading, problem },
    timeline: timelineView(genai),
    usage: usageView(genai),
    policy: { policy: policy.value, problem: policy.problem },
    consents: { list: allowed.value, problem: allowed.problem },
    offers: offers.value,
    questions: questions(genai),
    ...machineView(genai, choices.modelsService)
  };
}

function notebookView(genai: IGenAILab, editing: boolean): INotebookView {
  const { consents, lab, notebook, teacher } = genai;
  const kernelId = notebook.kernel?.id;
  const launch = launchOf(lab.snapshot, kernelId);
  const asked = askedOf(launch);
  const offered = cloudOf(launch);
  return {
    notebook: notebook.panel && {
      name: notebook.name,
      language: notebook.language,
      hasKernel: kernelId !== undefined
    },
    profile: notebook.profile,
    problem: notebook.problem,
    launch,
    consent: asked ? answerTo(genai, asked) : 'open',
    usingCloud: offered !== null && consents.isBusy(offered),
    teacher: {
      word: teacher.word,
      lock: teacher.lock,
      canUndo: teacher.canUndo,
      open: editing
    }
  };
}

function answerTo(
  { consents }: IGenAILab,
  asked: ConsentNeeded
): INotebookView['consent'] {
  if (consents.isBusy(asked)) {
    return 'busy';
  }
  return consents.isDeclined(asked) ? 'declined' : 'open';
}

function questions({ consents, lab }: IGenAILab): IQuestion[] {
  return questionsOf(lab.snapshot).map(asked => ({
    asked,
    busy: consents.isBusy(asked)
  }));
}

function timelineView({ timeline }: IGenAILab): ILabViewProps['timeline'] {
  const { service, entries, more, durable, loading, problem } = timeline;
  return { service, entries, more, durable, loading, problem };
}

function usageView({ download, history, usage }: IGenAILab): ILabViewProps['usage'] {
  const { value: rows, loading, problem } = history;
  return {
    usage: usage.value,
    problem: usage.problem,
    history: { rows, loading, problem, download }
  };
}

function machineView(
  { gpus, jobs, plan, weights }: IGenAILab,
  service: string | null
): IMachineView {
  const { people, plan: value, loading, problem } = plan;
  return {
    jobs: { list: jobs.value, problem: jobs.problem },
    gpus: { reading: gpus.value, problem: gpus.problem },
    models: {
      list: weights.value,
      loading: weights.loading,
      problem: weights.problem,
      service
    },
    plan: { people, plan: value, loading, problem }
  };
}
