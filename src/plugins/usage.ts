import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';

import type { ExportFormat } from '../api/usage';
import { eraseUsage, exportUsage } from '../api/usage';
import { CommandIDs, NO_ARGUMENTS, takes } from '../commands';
import { attempt } from '../widgets/attempt';
import { keepFile } from '../widgets/keepFile';

import { commandPlugin } from './commandPlugin';

const SUCCESS_SHOWN = 5000;

const FORMATS: readonly ExportFormat[] = ['csv', 'json'];

/** One's own history: taken along as a file, or erased. */
export const usage = commandPlugin(
  'usage',
  'Adds commands that export and erase what the record knows of a person.',
  (app, genai, trans) => {
    const { download, lab, request } = genai;
    const formatOf = (value: unknown): ExportFormat =>
      value === 'json' ? 'json' : 'csv';
    app.commands.addCommand(CommandIDs.exportUsage, {
      label: args =>
        formatOf(args.format) === 'json'
          ? trans.__('Export My GenAI History as JSON')
          : trans.__('Export My GenAI History as CSV'),
      caption: trans.__('What was made for you, when, by what, and what it cost'),
      describedBy: takes({ format: { type: 'string', enum: [...FORMATS] } }),
      isEnabled: () => lab.connection === 'ready',
      execute: async args => {
        const format = formatOf(args.format);
        await attempt(
          trans.__('Your history could not be exported'),
          async () =>
            keepFile(await exportUsage(download, format), `genai-history.${format}`),
          trans
        );
      }
    });
    app.commands.addCommand(CommandIDs.eraseUsage, {
      label: trans.__('Erase My GenAI History…'),
      caption: trans.__('Take your name, prompts and small pictures out of the record'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => lab.connection === 'ready',
      execute: async () => {
        const answer = await showDialog({
          title: trans.__('Erase your GenAI history?'),
          body: [
            trans.__(
              'Your name, prompts and small pictures are taken out of the record, for good.'
            ),
            trans.__('What was used goes on counting, as sums that name nobody.')
          ].join('\n'),
          buttons: [
            Dialog.cancelButton(),
            Dialog.warnButton({ label: trans.__('Erase') })
          ],
          // Enter must not erase what nobody meant to.
          defaultButton: 0
        });
        if (!answer.button.accept) {
          return;
        }
        const erased = await attempt(
          trans.__('Your history could not be erased'),
          () => eraseUsage(request),
          trans
        );
        if (erased) {
          Notification.success(trans.__('Your GenAI history is erased.'), {
            autoClose: SUCCESS_SHOWN
          });
        }
        await genai.usage.refresh();
        if (genai.history.value) {
          await genai.history.refresh();
        }
      }
    });
    return [
      ...FORMATS.map(format => ({ command: CommandIDs.exportUsage, args: { format } })),
      CommandIDs.eraseUsage
    ];
  }
);
