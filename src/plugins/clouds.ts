import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { ConsentGiven, ConsentNeeded } from '../_wire';
import { withdrawConsent } from '../api/consents';
import { CommandIDs, takes } from '../commands';
import { cloudOf, questionsOf } from '../model/consents';
import { launchOf } from '../model/needs';
import type { IGenAILab } from '../tokens';
import { attempt } from '../widgets/attempt';

import { commandPlugin } from './commandPlugin';

const SUCCESS_SHOWN = 5000;

/** A cloud draws, and is sent pictures, once a person allowed it, and until they withdraw it. */
export const clouds = commandPlugin(
  'clouds',
  'Adds commands that allow clouds to draw and take that back.',
  (app, genai, trans) => {
    addAnswers(app, genai, trans);
    addWithdrawal(app, genai, trans);
    return [CommandIDs.answerCloud, CommandIDs.useCloud];
  }
);

function addAnswers(
  app: JupyterFrontEnd,
  genai: IGenAILab,
  trans: TranslationBundle
): void {
  const { consents, lab, notebook, request } = genai;
  const asked = ({ digest, kind, provider }: ReadonlyPartialJSONObject) =>
    questionsOf(lab.snapshot).find(
      question =>
        typeof digest !== 'string' ||
        (question.digest === digest &&
          question.kind === kind &&
          question.provider === provider)
    );
  const offered = (args: ReadonlyPartialJSONObject) => {
    const kernel = typeof args.kernel === 'string' ? args.kernel : notebook.kernel?.id;
    return cloudOf(launchOf(lab.snapshot, kernel));
  };
  const titleOf = (name: string) => lab.service(name)?.title ?? name;
  const allow = async (question: ConsentNeeded, shown: boolean) => {
    if (!shown) {
      const { confirmCloud } = await import('../widgets/questions');
      if (!(await confirmCloud(question, titleOf, trans))) {
        return;
      }
    }
    const { cloudTitle } = await import('../components/cloudWords');
    const given = await attempt(
      trans.__('It could not be allowed'),
      () => consents.give(question),
      trans
    );
    if (given) {
      Notification.success(trans.__('Allowed: %1.', cloudTitle(question)), {
        autoClose: SUCCESS_SHOWN
      });
    }
    // Refused because its terms are others by now: ask anew, by what they say.
    await lab.refresh();
    await genai.allowed.refresh();
  };
  const refuse = async (question: ConsentNeeded) => {
    // Calls that wait for it end at once, and say that they were not allowed.
    await attempt(
      trans.__('It could not be refused'),
      () => withdrawConsent(request, question),
      trans
    );
    await lab.refresh();
  };
  app.commands.addCommand(CommandIDs.answerCloud, {
    label: args =>
      args.allow === false
        ? trans.__('Do Not Allow What a Cloud Asks For Now')
        : trans.__('Allow What a Cloud Asks For'),
    caption: trans.__('A call waits for your word: it costs money, or sends pictures'),
    describedBy: takes({
      allow: { type: 'boolean', description: trans.__('Whether to allow it') },
      shown: shownSchema(trans),
      kind: { type: 'string', enum: ['cloud', 'upload'] },
      provider: {
        type: 'string',
        description: trans.__('Name of the cloud in the catalogue')
      },
      digest: {
        type: 'string',
        description: trans.__(
          'The terms that were shown; without it, the first question'
        )
      }
    }),
    isEnabled: args => lab.connection === 'ready' && asked(args) !== undefined,
    execute: async args => {
      const question = asked(args);
      if (question && args.allow === false) {
        await refuse(question);
      } else if (question) {
        await allow(question, args.shown === true);
      }
    }
  });
  app.commands.addCommand(CommandIDs.useCloud, {
    label: trans.__('Use the Cloud for This Notebook'),
    caption: trans.__(
      'Let a cloud draw while the service of this notebook is not there'
    ),
    describedBy: takes({
      shown: shownSchema(trans),
      kernel: {
        type: 'string',
        description: trans.__(
          'Id of a kernel; without it, that of the notebook in front'
        )
      }
    }),
    isEnabled: args => lab.connection === 'ready' && offered(args) !== null,
    execute: async args => {
      const question = offered(args);
      if (question) {
        await allow(question, args.shown === true);
      }
    }
  });
}

function addWithdrawal(
  app: JupyterFrontEnd,
  { allowed, lab, request }: IGenAILab,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CommandIDs.withdrawConsent, {
    label: trans.__('Withdraw What Was Allowed'),
    caption: trans.__('From now on it is asked again; what runs goes on'),
    describedBy: takes(
      {
        kind: { type: 'string', enum: ['metadata', 'cloud', 'upload'] },
        path: { type: 'string', description: trans.__('Path of a notebook') },
        provider: {
          type: 'string',
          description: trans.__('Name of the cloud in the catalogue')
        }
      },
      'kind'
    ),
    isEnabled: () => lab.connection === 'ready',
    execute: async args => {
      const given = {
        kind: args.kind as ConsentGiven['kind'],
        path: String(args.path ?? ''),
        provider: String(args.provider ?? '')
      };
      await attempt(
        trans.__('It could not be withdrawn'),
        () => withdrawConsent(request, given),
        trans
      );
      await allowed.refresh();
      await lab.refresh();
    }
  });
}

function shownSchema(trans: TranslationBundle) {
  return {
    type: 'boolean' as const,
    description: trans.__(
      'Whether its terms were read already; else they are shown first'
    )
  };
}
