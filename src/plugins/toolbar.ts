import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IGenAILab } from '../tokens';
import { openNeedsMenu } from '../widgets/NeedsMenu';
import { NotebookChip } from '../widgets/NotebookChip';

/** The state of a notebook's services in its own toolbar. */
export const toolbar: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:toolbar',
  description: 'Offers a chip for the notebook toolbar: the state of its services.',
  autoStart: true,
  requires: [IGenAILab],
  optional: [IToolbarWidgetRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    registry: IToolbarWidgetRegistry | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
    registry?.addFactory<NotebookPanel>(
      'Notebook',
      'genai',
      panel =>
        new NotebookChip({
          genai,
          kernelId: () => panel.sessionContext.session?.kernel?.id,
          kernelChanged: panel.sessionContext.kernelChanged,
          sharedModel: panel.context.model.sharedModel,
          onMenu: anchor =>
            openNeedsMenu({ genai, commands: app.commands, anchor, trans }),
          execute: (command, args) => void app.commands.execute(command, args),
          trans
        })
    );
  }
};
