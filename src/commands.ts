import type { ReadonlyJSONObject } from '@lumino/coreutils';

/** Every action of this extension; buttons and menus only call these. */
export namespace CommandIDs {
  export const openPanel = 'coursia-genai-lab:open-panel';
  export const startService = 'coursia-genai-lab:start-service';
  export const stopService = 'coursia-genai-lab:stop-service';
  export const restartService = 'coursia-genai-lab:restart-service';
  export const showLogs = 'coursia-genai-lab:show-logs';
  export const setMode = 'coursia-genai-lab:set-mode';
  export const enableKernel = 'coursia-genai-lab:enable-kernel';
  export const showEvidence = 'coursia-genai-lab:show-evidence';
  export const refresh = 'coursia-genai-lab:refresh';
  export const whyOff = 'coursia-genai-lab:why-off';
}

/** Runs a command; what came of it is shown by the command itself. */
export type Execute = (command: string, args?: ReadonlyJSONObject) => void;
