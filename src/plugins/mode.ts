import { setMode } from '../api/mode';
import { CommandIDs, takes } from '../commands';
import { modeMeaning, modeWord } from '../components/words';
import { MODES } from '../model/word';
import { attempt } from '../widgets/attempt';

import { commandPlugin } from './commandPlugin';

/** The mode, one palette entry each. */
export const mode = commandPlugin(
  'mode',
  'Adds commands that choose where images are made.',
  (app, genai, trans) => {
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
      describedBy: takes({
        mode: {
          type: ['string', 'null'],
          enum: [...MODES, null],
          description: trans.__('The mode to choose; null takes the choice back')
        }
      }),
      isEnabled: args => {
        const wanted = asMode(args.mode);
        const current = lab.snapshot?.mode;
        return current !== undefined && (!wanted || current.choices.includes(wanted));
      },
      isToggleable: true,
      isToggled: args => lab.snapshot?.mode.effective === args.mode,
      execute: async args => {
        await attempt(
          trans.__('Could not change the mode'),
          () => setMode(request, asMode(args.mode)),
          trans
        );
        await lab.refresh();
      }
    });
    return MODES.map(value => ({ command: CommandIDs.setMode, args: { mode: value } }));
  }
);
