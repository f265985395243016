import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { kernelsOf } from '../model/needs';
import { IGenAILab } from '../tokens';
import { LaunchStory } from '../widgets/LaunchStory';

/** The start of a service, told beside the live kernel that waits for it. */
export const launch: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:launch',
  description: 'Tells in a notification how the services of an opened notebook start.',
  autoStart: true,
  requires: [IGenAILab, INotebookTracker],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    tracker: INotebookTracker,
    translator: ITranslator | null
  ): void => {
    const story = new LaunchStory({
      genai,
      kernels: () => kernelsOf(tracker),
      openPanel: () => void app.commands.execute(CommandIDs.openPanel),
      useCloud: kernel => void app.commands.execute(CommandIDs.useCloud, { kernel }),
      trans: (translator ?? nullTranslator).load('coursia_genai_lab')
    });
    genai.lab.changed.connect(story.tell, story);
    genai.notebook.changed.connect(story.tell, story);
  }
};
