import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import { CommandIDs, NO_ARGUMENTS } from '../commands';
import { genaiIcon } from '../icons';
import { IGenAILab } from '../tokens';
import type { DashboardPanel } from '../widgets/DashboardPanel';

/** A page of the main area that shows the whole at a glance. */
export const dashboard: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:dashboard',
  description: 'Shows services, queue, GPUs, kernel starts and failures on one page.',
  autoStart: true,
  requires: [IGenAILab],
  optional: [ITranslator, ICommandPalette, ILauncher, ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
    const { commands, shell } = app;
    const { lab } = genai;
    const command = CommandIDs.openDashboard;
    const tracker = new WidgetTracker<DashboardPanel>({
      namespace: 'coursia-genai-lab-dashboard'
    });
    let panel: DashboardPanel | null = null;
    commands.addCommand(command, {
      label: trans.__('GenAI Dashboard'),
      caption: trans.__(
        'Show services over time, queue, GPUs, kernel starts, failures'
      ),
      icon: genaiIcon,
      describedBy: NO_ARGUMENTS,
      isEnabled: () => lab.connection === 'ready',
      execute: async () => {
        const { DashboardPanel } = await import('../widgets/DashboardPanel');
        if (!panel || panel.isDisposed) {
          panel = new DashboardPanel({
            genai,
            trans,
            execute: (id, args) => void commands.execute(id, args)
          });
          void tracker.add(panel);
        }
        if (!panel.isAttached) {
          // Notebook 7 keeps its main area for the one document.
          shell.add(panel, labShell ? 'main' : 'down', { type: 'GenAI' });
        }
        shell.activateById(panel.id);
      }
    });
    palette?.addItem({ command, category: trans.__('GenAI') });
    if (restorer) {
      void restorer.restore(tracker, { command, name: () => 'dashboard' });
    }
    if (launcher) {
      // Where the server extension is off nothing of ours is offered.
      let card: IDisposable | null = null;
      lab.changed.connect(() => {
        if (lab.connection === 'ready') {
          card ??= launcher.add({ command, category: trans.__('GenAI'), rank: 1 });
        } else if (lab.connection === 'absent') {
          card?.dispose();
          card = null;
        }
      }, tracker);
    }
  }
};
