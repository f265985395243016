import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs, takes } from '../commands';
import { IGenAILab } from '../tokens';

/** A course at a glance: follows the open folder, and opens what is chosen in it. */
export const course: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:course',
  description: 'Follows the open folder, whose notebooks the panel lists.',
  autoStart: true,
  requires: [IGenAILab],
  optional: [ITranslator, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    translator: ITranslator | null,
    browser: IDefaultFileBrowser | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
    const { folder, notebook } = genai;
    const { contents } = app.serviceManager;
    const follow = () => {
      const path = notebook.panel?.context.localPath;
      // Notebook 7 has a file browser on a page of its own, and beside a notebook an unseen one.
      if (browser?.isAttached) {
        folder.folder = contents.localPath(browser.model.path);
      } else if (path !== undefined) {
        folder.folder = PathExt.dirname(path);
      }
    };
    browser?.model.pathChanged.connect(follow);
    notebook.changed.connect(follow);
    void app.restored.then(follow);
    app.commands.addCommand(CommandIDs.openNotebook, {
      label: trans.__('Open a Notebook of This Folder'),
      describedBy: takes(
        {
          path: {
            type: 'string',
            description: trans.__('Path under the server’s root')
          }
        },
        'path'
      ),
      execute: ({ path }) => app.commands.execute('docmanager:open', { path })
    });
  }
};
