import type { ReadonlyJSONObject } from '@lumino/coreutils';

/** Every action of this extension; buttons and menus only call these. */
export namespace CommandIDs {
  export const openPanel = 'coursia-genai-lab:open-panel';
  export const openDashboard = 'coursia-genai-lab:open-dashboard';
  export const startService = 'coursia-genai-lab:start-service';
  export const stopService = 'coursia-genai-lab:stop-service';
  export const restartService = 'coursia-genai-lab:restart-service';
  export const pinService = 'coursia-genai-lab:pin-service';
  export const unpinService = 'coursia-genai-lab:unpin-service';
  export const showTimeline = 'coursia-genai-lab:show-timeline';
  export const showLogs = 'coursia-genai-lab:show-logs';
  export const buildImage = 'coursia-genai-lab:build-image';
  export const cancelBuild = 'coursia-genai-lab:cancel-build';
  export const showGPUs = 'coursia-genai-lab:show-gpus';
  export const showJobs = 'coursia-genai-lab:show-jobs';
  export const cancelJob = 'coursia-genai-lab:cancel-job';
  export const showModels = 'coursia-genai-lab:show-models';
  export const fetchModel = 'coursia-genai-lab:fetch-model';
  export const cancelFetch = 'coursia-genai-lab:cancel-fetch';
  export const verifyModel = 'coursia-genai-lab:verify-model';
  export const showPlan = 'coursia-genai-lab:show-plan';
  export const setMode = 'coursia-genai-lab:set-mode';
  export const enableKernel = 'coursia-genai-lab:enable-kernel';
  export const showEvidence = 'coursia-genai-lab:show-evidence';
  export const setNeeds = 'coursia-genai-lab:set-needs';
  export const toggleNeed = 'coursia-genai-lab:toggle-need';
  export const setNotebookMode = 'coursia-genai-lab:set-notebook-mode';
  export const setNotebookFallback = 'coursia-genai-lab:set-notebook-fallback';
  export const undoNeeds = 'coursia-genai-lab:undo-needs';
  export const editNeeds = 'coursia-genai-lab:edit-needs';
  export const answerConsent = 'coursia-genai-lab:answer-consent';
  export const answerCloud = 'coursia-genai-lab:answer-cloud';
  export const useCloud = 'coursia-genai-lab:use-cloud';
  export const withdrawConsent = 'coursia-genai-lab:withdraw-consent';
  export const showUsage = 'coursia-genai-lab:show-usage';
  export const exportUsage = 'coursia-genai-lab:export-usage';
  export const eraseUsage = 'coursia-genai-lab:erase-usage';
  export const showPolicy = 'coursia-genai-lab:show-policy';
  export const showFolder = 'coursia-genai-lab:show-folder';
  export const openNotebook = 'coursia-genai-lab:open-notebook';
  export const refresh = 'coursia-genai-lab:refresh';
  export const whyOff = 'coursia-genai-lab:why-off';
}

/** Runs a command; what came of it is shown by the command itself. */
export type Execute = (command: string, args?: ReadonlyJSONObject) => void;

/** What a command says of itself: the arguments that it takes, and those that it needs. */
export function takes(
  properties: ReadonlyJSONObject,
  ...required: string[]
): { args: ReadonlyJSONObject } {
  return {
    args: { type: 'object', properties, ...(required.length > 0 && { required }) }
  };
}

/** What a command says of itself that takes no arguments. */
export const NO_ARGUMENTS = takes({});
