import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { setMode } from '../api/mode';
import { CommandIDs } from '../commands';
import { modeMeaning, modeWord } from '../components/words';
import { MODES } from '../model/word';
import { IGenAILab } from '../tokens';
import { announceFailure } from '../widgets/announce';

/** The mode, one palette entry each. */
export const mode: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:mode',
  description: 'Adds commands that choose where images are made.',
  autoStart: true,
  requires: [IGenAILab],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
    const { lab, request } = genai;
    const asMode = (value: unknown) => MODES.find(known => known === value) ?? null;
    app.commands.addCommand(CommandIDs.setMode, {
      label: args => {
        const wanted = asMode(args.mode);
        return wanted
          ? trans.__('GenAI Mode: %1', modeWord(wanted, trans))
          : trans.__('GenAI Mode: Take My Choice Back');
      },
      caption: args => {
        const wanted = asMode(args.mode);
        return wanted
          ? modeMeaning(wanted, trans)
          : trans.__('Let the settings above mine decide');
      },
      describedBy: {
        args: {
          type: 'object',
          properties: {
            mode: {
              type: ['string', 'null'],
              enum: [...MODES, null],
              description: trans.__('The mode to choose; null takes the choice back')
            }
          }
        }
      },
      isEnabled: args => {
        const wanted = asMode(args.mode);
        const current = lab.snapshot?.mode;
        return current !== undefined && (!wanted || current.choices.includes(wanted));
      },
      isToggleable: true,
      isToggled: args => lab.snapshot?.mode.effective === args.mode,
      execute: async args => {
        try {
          await setMode(request, asMode(args.mode));
        } catch (error) {
          announceFailure(trans.__('Could not change the mode'), error, trans);
        }
        await lab.refresh();
      }
    });
    for (const value of MODES) {
      palette?.addItem({
        command: CommandIDs.setMode,
        category: trans.__('GenAI'),
        args: { mode: value }
      });
    }
  }
};
