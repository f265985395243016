import type { Execute } from '../commands';
import { CommandIDs } from '../commands';
import type { ILabViewProps } from '../components/LabView';
import type { IGenAILab } from '../tokens';

type Actions = ILabViewProps['actions'];

export interface IPanelActionsOptions extends Pick<
  Actions,
  'onServiceMenu' | 'onEdit' | 'onModelsService'
> {
  execute: Execute;
  genai: IGenAILab;
}

/** What the buttons of the panel do: commands, except for what is only how it shows things. */
export function panelActions(options: IPanelActionsOptions): Actions {
  const { execute, genai } = options;
  return {
    onReveal: ({ cell, line }) => execute(CommandIDs.showEvidence, { cell, line }),
    onEnable: () => execute(CommandIDs.enableKernel),
    onConsent: start => execute(CommandIDs.answerConsent, { start }),
    onStartNeeds: () => execute(CommandIDs.startService),
    onUseCloud: () => execute(CommandIDs.useCloud, { shown: true }),
    onAllowCloud: ({ digest, kind, provider }) =>
      execute(CommandIDs.answerCloud, {
        kind,
        provider,
        digest,
        allow: true,
        shown: true
      }),
    onDeclineCloud: ({ digest, kind, provider }) =>
      execute(CommandIDs.answerCloud, { kind, provider, digest, allow: false }),
    onWithdraw: ({ kind, path, provider }) =>
      execute(CommandIDs.withdrawConsent, { kind, path, provider }),
    onRefreshConsents: () => void genai.allowed.refresh(),
    onRefreshPolicy: () => void genai.policy.refresh(),
    onRefreshUsage: () => void genai.usage.refresh(),
    onShowHistory: () => void genai.history.refresh(),
    onExportUsage: format => execute(CommandIDs.exportUsage, { format }),
    onEraseUsage: () => execute(CommandIDs.eraseUsage),
    // The panel shows what came of it, so that no notification has to.
    onChoice: choice => execute(CommandIDs.setNeeds, { choice, quiet: true }),
    onToggleService: service =>
      execute(CommandIDs.toggleNeed, { service, quiet: true }),
    onNotebookMode: mode => execute(CommandIDs.setNotebookMode, { mode, quiet: true }),
    onFallback: fallback =>
      execute(CommandIDs.setNotebookFallback, { fallback, quiet: true }),
    onUndo: () => execute(CommandIDs.undoNeeds),
    onEdit: options.onEdit,
    onStart: name => execute(CommandIDs.startService, { name }),
    onStop: name => execute(CommandIDs.stopService, { name }),
    onLogs: name => execute(CommandIDs.showLogs, { name }),
    onBuild: name => execute(CommandIDs.buildImage, { name }),
    onCancelBuild: name => execute(CommandIDs.cancelBuild, { name }),
    onShowModels: service => execute(CommandIDs.showModels, { service }),
    onLetGo: name => execute(CommandIDs.unpinService, { name }),
    onServiceMenu: options.onServiceMenu,
    onOpenNotebook: path => execute(CommandIDs.openNotebook, { path }),
    onRefreshFolder: () => execute(CommandIDs.showFolder, { refresh: true }),
    onTimelineService: service => {
      genai.timeline.service = service;
    },
    onOlder: () => void genai.timeline.older(),
    onRefreshTimeline: () => void genai.timeline.refresh(),
    onCancelJob: id => execute(CommandIDs.cancelJob, { id }),
    onRefreshJobs: () => void genai.jobs.refresh(),
    onRefreshGPUs: () => void genai.gpus.refresh(),
    onModelsService: options.onModelsService,
    onRefreshModels: () => void genai.weights.refresh(),
    onFetchModel: id => execute(CommandIDs.fetchModel, { id }),
    onCancelFetch: id => execute(CommandIDs.cancelFetch, { id }),
    onVerifyModel: id => execute(CommandIDs.verifyModel, { id }),
    onPeople: people => {
      genai.plan.people = people;
    },
    onRefreshPlan: () => void genai.plan.refresh()
  };
}
