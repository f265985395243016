import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { pinService, unpinService } from '../api/services';
import { CommandIDs } from '../commands';
import { canBeKept, pinned } from '../model/holders';
import type { Keep } from '../model/keep';
import { isWorthwhile, KEEP_CHOICES, minutesOf } from '../model/keep';
import { IGenAILab } from '../tokens';
import { announceFailure } from '../widgets/announce';

import { nameSchema, targetsOf } from './targets';

/** Keep a service, whoever uses it, and let it go. */
export const pins: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:pins',
  description: 'Adds commands that keep services for a while and let them go.',
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
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...nameSchema(trans),
            keep: {
              type: 'string',
              enum: [...KEEP_CHOICES],
              description: trans.__('How long')
            }
          }
        }
      },
      isEnabled: args => mayKeep() && targetsOf(genai, args).some(canBeKept),
      isVisible: args => mayKeep() && isWorthwhile(keepOf(args), new Date()),
      execute: async args => {
        const minutes = minutesOf(keepOf(args), new Date());
        for (const { name, title } of targetsOf(genai, args).filter(canBeKept)) {
          try {
            await pinService(request, name, minutes);
          } catch (error) {
            announceFailure(trans.__('Could not keep %1', title), error, trans);
          }
        }
        await lab.refresh();
      }
    });
    commands.addCommand(CommandIDs.unpinService, {
      label: args =>
        args.name
          ? trans.__('Let Go')
          : trans.__('Let the Services of This Notebook Go'),
      caption: trans.__('Let services stop again once nobody uses them'),
      describedBy: { args: { type: 'object', properties: nameSchema(trans) } },
      isEnabled: args => mayKeep() && kept(args).length > 0,
      isVisible: mayKeep,
      execute: async args => {
        for (const { name, title } of kept(args)) {
          try {
            await unpinService(request, name);
          } catch (error) {
            announceFailure(trans.__('Could not let %1 go', title), error, trans);
          }
        }
        await lab.refresh();
      }
    });
    const category = trans.__('GenAI');
    for (const keep of KEEP_CHOICES) {
      palette?.addItem({ command: CommandIDs.pinService, args: { keep }, category });
    }
    palette?.addItem({ command: CommandIDs.unpinService, category });
  }
};

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
