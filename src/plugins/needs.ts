import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { undoIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs, NO_ARGUMENTS, takes } from '../commands';
import {
  choiceMeaning,
  choiceWord,
  fallbackWord,
  lockSentence
} from '../components/needsWords';
import { modeMeaning, modeWord } from '../components/words';
import type { Choice, IWord } from '../model/word';
import { countingServices, FALLBACKS, MODES, NO_WORD, toggled } from '../model/word';
import type { IGenAILab } from '../tokens';

import { commandPlugin } from './commandPlugin';

/** How long a change may be taken back on the screen (milliseconds); the bell keeps it. */
const UNDO_SHOWN = 8000;

const CHOICES: readonly Choice[] = ['auto', 'services', 'off'];

/** The teacher's word: commands that say in a notebook's metadata what it needs. */
export const needs = commandPlugin(
  'needs',
  'Adds commands that say what the notebook in front needs.',
  (app, genai, trans) => {
    addNeeds(app, genai, trans);
    addWishes(app, genai, trans);
    addUndo(app, genai, trans);
    return [
      ...CHOICES.filter(known => known !== 'services').map(choice => ({
        command: CommandIDs.setNeeds,
        args: { choice }
      })),
      CommandIDs.undoNeeds
    ];
  }
);

function addNeeds(
  app: JupyterFrontEnd,
  genai: IGenAILab,
  trans: TranslationBundle
): void {
  const { lab, notebook, teacher } = genai;
  const { commands } = app;
  const detected = () => notebook.profile?.services ?? [];
  const isEnabled = () => lab.connection === 'ready' && teacher.lock === null;
  const captioned = (words: string) =>
    teacher.lock === null ? words : lockSentence(teacher.lock, trans);
  commands.addCommand(CommandIDs.setNeeds, {
    label: args =>
      args.short
        ? choiceWord(asChoice(args.choice), trans)
        : trans.__(
            'Needs of This Notebook: %1',
            choiceWord(asChoice(args.choice), trans)
          ),
    caption: args => captioned(choiceMeaning(asChoice(args.choice), trans)),
    describedBy: takes(
      {
        choice: {
          type: 'string',
          enum: [...CHOICES],
          description: trans.__('Where the needs of the notebook come from')
        },
        services: {
          type: 'array',
          items: { type: 'string' },
          description: trans.__('Names of services; without it, those that count now')
        }
      },
      'choice'
    ),
    isEnabled,
    isToggleable: true,
    isToggled: args => teacher.word.choice === args.choice,
    execute: args => say(app, genai, args, chosen(genai, args), trans)
  });
  commands.addCommand(CommandIDs.toggleNeed, {
    label: args => lab.service(String(args.service))?.title ?? String(args.service),
    caption: () => captioned(trans.__('Add this service to its needs, or remove it')),
    describedBy: takes(
      {
        service: { type: 'string', description: trans.__('Name of a service') }
      },
      'service'
    ),
    isEnabled,
    isToggleable: true,
    isToggled: args =>
      countingServices(teacher.word, detected()).includes(String(args.service)),
    execute: args =>
      say(
        app,
        genai,
        args,
        toggled(teacher.word, String(args.service), detected()),
        trans
      )
  });
}

function addWishes(
  app: JupyterFrontEnd,
  genai: IGenAILab,
  trans: TranslationBundle
): void {
  const { lab, teacher } = genai;
  const isEnabled = () => lab.connection === 'ready' && teacher.lock === null;
  app.commands.addCommand(CommandIDs.setNotebookMode, {
    label: args => {
      const mode = MODES.find(known => known === args.mode);
      return mode
        ? trans.__('Mode of This Notebook: %1', modeWord(mode, trans))
        : trans.__('Mode of This Notebook: As the Server Says');
    },
    caption: args => {
      const mode = MODES.find(known => known === args.mode);
      return mode ? modeMeaning(mode, trans) : trans.__('Remove it from the metadata');
    },
    describedBy: takes({ mode: { type: ['string', 'null'], enum: [...MODES, null] } }),
    isEnabled,
    execute: args => {
      const mode = MODES.find(known => known === args.mode) ?? null;
      say(app, genai, args, { ...teacher.word, mode }, trans);
    }
  });
  app.commands.addCommand(CommandIDs.setNotebookFallback, {
    label: args => {
      const fallback = FALLBACKS.find(known => known === args.fallback);
      return fallback
        ? trans.__(
            'If Nothing Here Can Run This Notebook: %1',
            fallbackWord(fallback, trans)
          )
        : trans.__('If Nothing Here Can Run This Notebook: As the Server Says');
    },
    describedBy: takes({
      fallback: { type: ['string', 'null'], enum: [...FALLBACKS, null] }
    }),
    isEnabled,
    execute: args => {
      const fallback = FALLBACKS.find(known => known === args.fallback) ?? null;
      say(app, genai, args, { ...teacher.word, fallback }, trans);
    }
  });
}

function addUndo(
  app: JupyterFrontEnd,
  { teacher }: IGenAILab,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CommandIDs.undoNeeds, {
    label: trans.__('Undo the Change of This Notebook’s Needs'),
    caption: trans.__('Put its metadata back as it was'),
    icon: undoIcon,
    describedBy: NO_ARGUMENTS,
    isEnabled: () => teacher.canUndo,
    execute: () => {
      teacher.undo();
    }
  });
}

/** Write a word; where no panel shows what came of it, a notification does, with its undo. */
function say(
  app: JupyterFrontEnd,
  { notebook, teacher }: IGenAILab,
  args: ReadonlyPartialJSONObject,
  word: IWord,
  trans: TranslationBundle
): void {
  const { name } = notebook;
  if (!teacher.say(word) || args.quiet) {
    return;
  }
  Notification.success(
    trans.__('Needs of %1: %2.', name, choiceWord(teacher.word.choice, trans)),
    {
      autoClose: UNDO_SHOWN,
      actions: [
        {
          label: trans.__('Undo'),
          callback: () => void app.commands.execute(CommandIDs.undoNeeds)
        }
      ]
    }
  );
}

function asChoice(value: unknown): Choice {
  return CHOICES.find(known => known === value) ?? 'auto';
}

/** The word after a choice. `auto` takes every word back; `off` keeps the list for later. */
function chosen(
  { notebook, teacher }: IGenAILab,
  args: ReadonlyPartialJSONObject
): IWord {
  const { word } = teacher;
  const choice = asChoice(args.choice);
  if (choice === 'auto') {
    return NO_WORD;
  }
  if (choice === 'off') {
    return { ...word, choice };
  }
  const known = word.services.length
    ? word.services
    : (notebook.profile?.services ?? []);
  const services = Array.isArray(args.services) ? args.services.map(String) : known;
  return { ...word, choice, services };
}
