import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { ExportFormat } from '../api/usage';
import { eraseUsage, exportUsage } from '../api/usage';
import { CommandIDs, NO_ARGUMENTS } from '../commands';
import { IGenAILab } from '../tokens';
import { announceFailure } from '../widgets/announce';
import { keepFile } from '../widgets/keepFile';

const SUCCESS_SHOWN = 5000;

const FORMATS: readonly ExportFormat[] = ['csv', 'json'];

/** One's own history: taken along as a file, or erased. */
export const usage: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:usage',
  description: 'Adds commands that export and erase what the record knows of a person.',
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
    const { download, lab, request } = genai;
    const formatOf = (value: unknown): ExportFormat =>
      value === 'json' ? 'json' : 'csv';
    app.commands.addCommand(CommandIDs.exportUsage, {
      label: args =>
        formatOf(args.format) === 'json'
          ? trans.__('Export My GenAI History as JSON')
          : trans.__('Export My GenAI History as CSV'),
      caption: trans.__('What was made for you, when, by what, and what it cost'),
      describedBy: {
        args: {
          type: 'object',
          properties: { format: { type: 'string', enum: [...FORMATS] } }
        }
      },
      isEnabled: () => lab.connection === 'ready',
      execute: async args => {
        const format = formatOf(args.format);
        try {
          keepFile(await exportUsage(download, format), `genai-history.${format}`);
        } catch (error) {
          announceFailure(trans.__('Your history could not be exported'), error, trans);
        }
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
        try {
          await eraseUsage(request);
          Notification.success(trans.__('Your GenAI history is erased.'), {
            autoClose: SUCCESS_SHOWN
          });
        } catch (error) {
          announceFailure(trans.__('Your history could not be erased'), error, trans);
        }
        await genai.usage.refresh();
        if (genai.history.value) {
          await genai.history.refresh();
        }
      }
    });
    for (const format of FORMATS) {
      palette?.addItem({
        command: CommandIDs.exportUsage,
        category: trans.__('GenAI'),
        args: { format }
      });
    }
    palette?.addItem({ command: CommandIDs.eraseUsage, category: trans.__('GenAI') });
  }
};
