import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { pinService, unpinService } from '../api/services';
import { CommandIDs, takes } from '../commands';
import { canBeKept, pinned } from '../model/holders';
import type { Keep } from '../model/keep';
import { isWorthwhile, KEEP_CHOICES, minutesOf } from '../model/keep';
import { attemptEach } from '../widgets/attempt';

import { commandPlugin } from './commandPlugin';
import { nameSchema, targetsOf } from './targets';

/** Keep a service, whoever uses it, and let it go. */
export const pins = commandPlugin(
  'pins',
  'Adds commands that keep services for a while and let them go.',
  (app, genai, trans) => {
    const { commands } = app;
    const { lab, request } = genai;
    const mayKeep = () => (lab.snapshot?.role ?? 'student') !== 'student';
    const kept = (args: ReadonlyPartialJSONObject) => {
      const services = lab.snapshot?.services ?? [];
      return targetsOf(genai, args).flatMap(service => pinned(service, services));
    };

    commands.addCommand(CommandIDs.pinService, {
      label: args =>
        args.name ? shortLabel(keepOf(args), trans) : paletteLabel(keepOf(args), trans),
      caption: trans.__('Start a service if need be, and keep it whoever uses it'),
      describedBy: takes({
        ...nameSchema(trans),
        keep: {
          type: 'string',
          enum: [...KEEP_CHOICES],
          description: trans.__('How long')
        }
      }),
      isEnabled: args => mayKeep() && targetsOf(genai, args).some(canBeKept),
      isVisible: args => mayKeep() && isWorthwhile(keepOf(args), new Date()),
      execute: async args => {
        const minutes = minutesOf(keepOf(args), new Date());
        await attemptEach(
          targetsOf(genai, args).filter(canBeKept),
          title => trans.__('Could not keep %1', title),
          ({ name }) => pinService(request, name, minutes),
          trans
        );
        await lab.refresh();
      }
    });
    commands.addCommand(CommandIDs.unpinService, {
      label: args =>
        args.name
          ? trans.__('Let Go')
          : trans.__('Let the Services of This Notebook Go'),
      caption: trans.__('Let services stop again once nobody uses them'),
      describedBy: takes(nameSchema(trans)),
      isEnabled: args => mayKeep() && kept(args).length > 0,
      isVisible: mayKeep,
      execute: async args => {
        await attemptEach(
          kept(args),
          title => trans.__('Could not let %1 go', title),
          ({ name }) => unpinService(request, name),
          trans
        );
        await lab.refresh();
      }
    });
    return [
      ...KEEP_CHOICES.map(keep => ({ command: CommandIDs.pinService, args: { keep } })),
      CommandIDs.unpinService
    ];
  }
);

function keepOf(args: ReadonlyPartialJSONObject): Keep {
  return KEEP_CHOICES.find(keep => keep === args.keep) ?? 'hour';
}

function shortLabel(keep: Keep, trans: TranslationBundle): string {
  switch (keep) {
    case 'hour':
      return trans.__('Keep for an Hour');
    case 'hours':
      return trans.__('Keep for Three Hours');
    case 'today':
      return trans.__('Keep for the Rest of the Day');
    case 'open':
      return trans.__('Keep Until Let Go');
  }
}

function paletteLabel(keep: Keep, trans: TranslationBundle): string {
  switch (keep) {
    case 'hour':
      return trans.__('Keep the Services of This Notebook for an Hour');
    case 'hours':
      return trans.__('Keep the Services of This Notebook for Three Hours');
    case 'today':
      return trans.__('Keep the Services of This Notebook for the Rest of the Day');
    case 'open':
      return trans.__('Keep the Services of This Notebook Until Let Go');
  }
}
