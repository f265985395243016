import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IGenAILab } from '../tokens';
import { StatusWidget } from '../widgets/StatusWidget';

/** Mode and worst state at a glance. */
export const statusbar: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:statusbar',
  description: 'Shows the mode and the worst state of the services in the status bar.',
  autoStart: true,
  requires: [IGenAILab],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (!statusBar) {
      return;
    }
    const item = new StatusWidget({
      genai,
      trans: (translator ?? nullTranslator).load('coursia_genai_lab'),
      execute: (command, args) => void app.commands.execute(command, args)
    });
    statusBar.registerStatusItem('coursia-genai-lab:status', {
      item,
      align: 'left',
      rank: 40,
      isActive: () => item.active,
      activeStateChanged: item.activeChanged
    });
  }
};
