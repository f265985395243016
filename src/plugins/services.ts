import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { listIcon, refreshIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { ServiceView } from '../_wire';
import { getLogs, restartService, startService, stopService } from '../api/services';
import { CommandIDs, takes } from '../commands';
import { IGenAILab } from '../tokens';
import { attemptEach } from '../widgets/attempt';
import type { Interruption } from '../widgets/interrupt';

import { addToPalette } from './commandPlugin';
import { labelSchema, nameSchema, targetsOf } from './targets';

const LOG_LINES = 500;

/** Start, stop, restart, and the log of a service. */
export const services: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:services',
  description:
    'Adds commands that start, stop and restart services and show their logs.',
  autoStart: true,
  requires: [IGenAILab],
  optional: [ITranslator, ICommandPalette, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    labShell: ILabShell | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
    const { commands } = app;
    const { lab, request } = genai;
    const logs = new Map<string, string>();
    const describedBy = takes({ ...nameSchema(trans), ...labelSchema(trans) });
    const each = async (
      targets: readonly ServiceView[],
      failed: (title: string) => string,
      act: (service: ServiceView) => Promise<unknown>
    ) => {
      await attemptEach(targets, failed, act, trans);
      await lab.refresh();
    };
    const unlessInUse = async (name: string, act: Interruption) => {
      const { interrupt } = await import('../widgets/interrupt');
      await interrupt(lab, name, act, trans);
    };

    commands.addCommand(CommandIDs.startService, {
      label: args => labelled(args, trans.__('Start the Services of This Notebook')),
      caption: trans.__('Start image services'),
      icon: runIcon,
      describedBy,
      isEnabled: args => targetsOf(genai, args).some(service => service.can_start),
      execute: args =>
        each(
          targetsOf(genai, args),
          title => trans.__('Could not start %1', title),
          ({ name }) => startService(request, name)
        )
    });
    commands.addCommand(CommandIDs.stopService, {
      label: args => labelled(args, trans.__('Stop the Services of This Notebook')),
      caption: trans.__('Stop image services'),
      icon: stopIcon,
      describedBy,
      isEnabled: args => targetsOf(genai, args).some(service => service.can_stop),
      execute: async args => {
        await each(
          targetsOf(genai, args).filter(service => service.can_stop),
          title => trans.__('Could not stop %1', title),
          ({ name }) =>
            unlessInUse(name, (service, force) =>
              stopService(request, service.name, force)
            )
        );
      }
    });
    commands.addCommand(CommandIDs.restartService, {
      label: args => labelled(args, trans.__('Restart the Services of This Notebook')),
      caption: trans.__('Stop image services and start them again'),
      icon: refreshIcon,
      describedBy,
      isEnabled: args => targetsOf(genai, args).some(service => service.can_stop),
      execute: async args => {
        await each(
          targetsOf(genai, args).filter(service => service.can_stop),
          title => trans.__('Could not restart %1', title),
          ({ name }) =>
            unlessInUse(name, (service, force) =>
              restartService(request, service.name, force)
            )
        );
      }
    });
    commands.addCommand(CommandIDs.showLogs, {
      label: args =>
        labelled(args, trans.__('Show the Logs of This Notebook’s Services')),
      caption: trans.__('Show what a service wrote'),
      icon: listIcon,
      describedBy,
      isEnabled: args => targetsOf(genai, args).length > 0,
      execute: async args => {
        const { LogPanel } = await import('../widgets/LogPanel');
        const load = (service: string) => getLogs(request, service, LOG_LINES);
        for (const { name, title } of targetsOf(genai, args)) {
          if (!logs.has(name)) {
            const panel = new LogPanel({ service: name, title, load, trans });
            panel.disposed.connect(() => logs.delete(name), app);
            logs.set(name, panel.id);
            // Notebook 7 keeps its main area for the one document.
            app.shell.add(panel, labShell ? 'main' : 'down', { mode: 'split-bottom' });
          }
          app.shell.activateById(logs.get(name) ?? '');
        }
      }
    });
    const entries = [
      CommandIDs.startService,
      CommandIDs.stopService,
      CommandIDs.restartService,
      CommandIDs.showLogs
    ];
    addToPalette(palette, entries, trans);
  }
};

function labelled(args: ReadonlyPartialJSONObject, label: string): string {
  return typeof args.label === 'string' ? args.label : label;
}
