import { Notification } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Profile } from '../_wire';
import { enableKernel } from '../api/kernels';
import type { Requester } from '../api/request';
import { CommandIDs, NO_ARGUMENTS, takes } from '../commands';
import { genaiIcon } from '../icons';
import { attempt } from '../widgets/attempt';

import { commandPlugin } from './commandPlugin';

const SUCCESS_SHOWN = 5000;

/** Telling a kernel that already runs; leading to the place in a notebook that shows a need. */
export const kernel = commandPlugin(
  'kernel',
  'Adds commands that enable GenAI for a running kernel and show evidence.',
  (app, genai, trans) => {
    const { lab, notebook, request } = genai;
    app.commands.addCommand(CommandIDs.enableKernel, {
      label: trans.__('Enable GenAI for This Kernel'),
      caption: trans.__('Tell the running kernel where the services are'),
      icon: genaiIcon,
      describedBy: NO_ARGUMENTS,
      isEnabled: () => lab.connection === 'ready' && notebook.kernel !== null,
      execute: async () => {
        const running = notebook.kernel;
        if (!running) {
          return;
        }
        const enabled = await attempt(
          trans.__('Could not enable GenAI for this kernel'),
          () => enable(running, notebook.profile, request, trans),
          trans
        );
        if (enabled) {
          Notification.success(trans.__('This kernel knows the services now.'), {
            autoClose: SUCCESS_SHOWN
          });
        }
        await lab.refresh();
      }
    });
    app.commands.addCommand(CommandIDs.showEvidence, {
      label: trans.__('Show a Place in This Notebook'),
      caption: trans.__('Go to the line that shows why a service is needed'),
      describedBy: takes(
        {
          cell: {
            type: 'number',
            description: trans.__('Index of the cell, from 0')
          },
          line: {
            type: 'number',
            description: trans.__('Line in the cell, from 1')
          }
        },
        'cell'
      ),
      isEnabled: () => notebook.panel !== null,
      execute: args => notebook.reveal(Number(args.cell), Number(args.line ?? 1))
    });
    return [CommandIDs.enableKernel];
  }
);

/** Set the variables by an execution that leaves no trace in the notebook or its history. */
async function enable(
  running: Kernel.IKernelConnection,
  profile: Profile | null,
  request: Requester,
  trans: TranslationBundle
): Promise<void> {
  const { language_info } = await running.info;
  if (language_info.name !== 'python') {
    throw new Error(trans.__('The kernel runs %1, not Python.', language_info.name));
  }
  const { code } = await enableKernel(request, running.id, profile);
  const future = running.requestExecute({
    code,
    silent: true,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false
  });
  const reply = await future.done;
  if (reply.content.status !== 'ok') {
    throw new Error(trans.__('The kernel did not take the variables.'));
  }
}
