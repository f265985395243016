import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs, takes } from '../commands';
import { askedOf } from '../model/consents';
import { kernelsOf, launchOf } from '../model/needs';
import { IGenAILab } from '../tokens';
import { attempt } from '../widgets/attempt';
import { ConsentStory } from '../widgets/ConsentStory';

import { addToPalette } from './commandPlugin';

/** What a notebook's metadata asks for beyond its code starts once a person agreed. */
export const consent: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:consent',
  description:
    'Asks before a service starts that only the metadata of a notebook names.',
  autoStart: true,
  requires: [IGenAILab, INotebookTracker],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
    const { consents, lab, notebook } = genai;
    const asked = (args: ReadonlyPartialJSONObject) => {
      const kernelId =
        typeof args.kernel === 'string' ? args.kernel : notebook.kernel?.id;
      return askedOf(launchOf(lab.snapshot, kernelId));
    };
    app.commands.addCommand(CommandIDs.answerConsent, {
      label: args =>
        args.start === false
          ? trans.__('Do Not Start What This Notebook’s Metadata Asks For')
          : trans.__('Start What This Notebook’s Metadata Asks For'),
      caption: trans.__('Its metadata names services that its code does not show'),
      describedBy: takes({
        start: { type: 'boolean', description: trans.__('Whether to start it') },
        kernel: {
          type: 'string',
          description: trans.__(
            'Id of a kernel; without it, that of the notebook in front'
          )
        }
      }),
      isEnabled: args => lab.connection === 'ready' && asked(args) !== null,
      execute: async args => {
        const question = asked(args);
        if (!question) {
          return;
        }
        if (args.start === false) {
          consents.decline(question);
          return;
        }
        await attempt(
          trans.__('Could not start it'),
          () => consents.give(question),
          trans
        );
        // Refused because the metadata says something else by now: ask anew, by what it says.
        await lab.refresh();
        await notebook.refresh();
      }
    });
    const story = new ConsentStory({
      genai,
      kernels: () => kernelsOf(tracker),
      answer: (kernel, start) =>
        void app.commands.execute(CommandIDs.answerConsent, { kernel, start }),
      answerCloud: ({ digest, kind, provider }, allow) =>
        void app.commands.execute(CommandIDs.answerCloud, {
          kind,
          provider,
          digest,
          allow
        }),
      trans
    });
    for (const model of [lab, notebook, consents]) {
      model.changed.connect(story.tell, story);
    }
    addToPalette(
      palette,
      [{ command: CommandIDs.answerConsent, args: { start: true } }],
      trans
    );
  }
};
