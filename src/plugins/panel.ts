import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { historyIcon, refreshIcon } from '@jupyterlab/ui-components';

import { CommandIDs, NO_ARGUMENTS, takes } from '../commands';
import { genaiIcon } from '../icons';
import { IGenAILab } from '../tokens';
import { LabPanel } from '../widgets/LabPanel';
import { openServiceMenu } from '../widgets/ServiceMenu';

import { addToPalette } from './commandPlugin';
import { addMachinePlaces } from './machine';
import { anyServiceSchema } from './targets';

const STATE_KEY = 'coursia-genai-lab:folded';

/** The side panel in the left area. */
export const panel: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:panel',
  description:
    'Shows what the notebook needs, the services and the mode in a side panel.',
  autoStart: true,
  requires: [IGenAILab],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
    const widget = new LabPanel({
      genai,
      trans,
      execute: (command, args) => void app.commands.execute(command, args),
      onServiceMenu: (name, anchor) =>
        openServiceMenu({ genai, commands: app.commands, name, anchor, trans })
    });
    app.shell.add(widget, 'left', { rank: 650, type: 'GenAI' });
    restorer?.add(widget, widget.id);
    if (state) {
      void remember(widget, state);
    }
    addCommands(app, genai, widget.id, trans);
    addPlaces(app, genai, widget, trans);
    addMachinePlaces(app, genai, widget, trans);
    const entries = [
      CommandIDs.openPanel,
      CommandIDs.editNeeds,
      CommandIDs.showFolder,
      CommandIDs.showTimeline,
      CommandIDs.showGPUs,
      CommandIDs.showJobs,
      CommandIDs.showUsage,
      CommandIDs.showPolicy,
      CommandIDs.showModels,
      CommandIDs.showPlan,
      CommandIDs.refresh,
      CommandIDs.whyOff
    ];
    addToPalette(palette, entries, trans);
  }
};

function addCommands(
  app: JupyterFrontEnd,
  genai: IGenAILab,
  panelId: string,
  trans: TranslationBundle
): void {
  const { folder, gpus, jobs, lab, notebook, plan, timeline, weights } = genai;
  const { allowed, offers, policy, usage } = genai;
  const watches = [folder, timeline, gpus, jobs, weights, plan];
  const more = [allowed, offers, policy, usage];
  app.commands.addCommand(CommandIDs.openPanel, {
    label: trans.__('Show the GenAI Panel'),
    caption: trans.__('Show what this notebook needs, the services and the mode'),
    icon: genaiIcon,
    describedBy: NO_ARGUMENTS,
    isEnabled: () => true,
    execute: () => app.shell.activateById(panelId)
  });
  app.commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh the GenAI Services'),
    caption: trans.__('Ask the server again, and read this notebook again'),
    icon: refreshIcon,
    describedBy: NO_ARGUMENTS,
    isEnabled: () => true,
    execute: async () => {
      await lab.refresh();
      await notebook.refresh();
      for (const watched of [...watches, ...more]) {
        if (watched.open) {
          await watched.refresh();
        }
      }
    }
  });
  app.commands.addCommand(CommandIDs.whyOff, {
    label: trans.__('Why Is GenAI Off?'),
    caption: trans.__('What to do where the server extension is not running'),
    describedBy: NO_ARGUMENTS,
    isEnabled: () => lab.connection === 'absent',
    isVisible: () => lab.connection === 'absent',
    execute: () =>
      showDialog({
        title: trans.__('GenAI is off on this server'),
        body: [
          trans.__(
            'Its server extension is not running, so notebooks run as they always did.'
          ),
          trans.__('Enable it, then start the server again:'),
          'jupyter server extension enable coursia_genai_lab'
        ].join('\n'),
        buttons: [Dialog.okButton()]
      })
  });
}

/** Commands that lead to one part of the panel. */
function addPlaces(
  app: JupyterFrontEnd,
  { folder, lab, notebook, timeline }: IGenAILab,
  widget: LabPanel,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CommandIDs.editNeeds, {
    label: trans.__('Set What This Notebook Needs…'),
    caption: trans.__('Choose services, mode and fallback of the notebook in front'),
    icon: genaiIcon,
    describedBy: NO_ARGUMENTS,
    isEnabled: () => lab.connection === 'ready' && notebook.panel !== null,
    execute: () => {
      app.shell.activateById(widget.id);
      widget.edit();
    }
  });
  app.commands.addCommand(CommandIDs.showFolder, {
    label: trans.__('Show What the Notebooks of This Folder Need'),
    caption: trans.__('Which notebooks need what, and which cannot run here'),
    icon: genaiIcon,
    describedBy: takes({
      refresh: {
        type: 'boolean',
        description: trans.__('Whether to read it again')
      }
    }),
    isEnabled: () => lab.connection === 'ready',
    execute: async args => {
      if (args.refresh) {
        await folder.refresh();
        return;
      }
      app.shell.activateById(widget.id);
      widget.showSection('folder');
    }
  });
  app.commands.addCommand(CommandIDs.showTimeline, {
    label: args =>
      typeof args.service === 'string'
        ? trans.__('What Happened?')
        : trans.__('Show What Happened to the Services'),
    caption: trans.__('What was started, kept, stopped or failed, for whom, and why'),
    icon: historyIcon,
    describedBy: takes(anyServiceSchema(trans)),
    isEnabled: () => lab.connection === 'ready',
    execute: ({ service }) => {
      timeline.service = typeof service === 'string' ? service : null;
      app.shell.activateById(widget.id);
      widget.showSection('timeline');
    }
  });
}

async function remember(widget: LabPanel, state: IStateDB): Promise<void> {
  let folded = false;
  widget.collapsedChanged.connect(() => {
    folded = true;
    void state.save(STATE_KEY, [...widget.collapsed]);
  }, widget);
  const saved = await state.fetch(STATE_KEY);
  // What a person folds while the page still loads is newer than what was saved.
  if (!folded && Array.isArray(saved)) {
    widget.collapsed = saved.filter(name => typeof name === 'string');
  }
}
