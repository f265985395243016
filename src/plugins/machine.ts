import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';

import { cancelJob } from '../api/jobs';
import { CommandIDs } from '../commands';
import { genaiIcon } from '../icons';
import { PlanModel } from '../model/plan';
import type { IGenAILab } from '../tokens';
import type { LabPanel } from '../widgets/LabPanel';
import { announceFailure } from '../widgets/announce';

/** Add commands for what the panel says of the machine, of what is left on it, and of its rules. */
export function addMachinePlaces(
  app: JupyterFrontEnd,
  { jobs, lab, plan, request }: IGenAILab,
  widget: LabPanel,
  trans: TranslationBundle
): void {
  const isReady = () => lab.connection === 'ready';
  const mayPlan = () => isReady() && lab.snapshot?.role !== 'student';
  app.commands.addCommand(CommandIDs.showGPUs, {
    label: trans.__('Show the GPUs'),
    caption: trans.__('Memory, who holds it, and how hard the GPUs work'),
    icon: genaiIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: isReady,
    execute: () => {
      app.shell.activateById(widget.id);
      widget.showGPUs();
    }
  });
  app.commands.addCommand(CommandIDs.showUsage, {
    label: trans.__('Show What I Used and What Is Left'),
    caption: trans.__('Pictures, time on GPUs and money: quotas, and what was made'),
    icon: genaiIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: isReady,
    execute: () => {
      app.shell.activateById(widget.id);
      widget.showUsage();
    }
  });
  app.commands.addCommand(CommandIDs.showPolicy, {
    label: trans.__('Show the Mode and the Policy'),
    caption: trans.__('Who set what, what is enforced, and what you allowed'),
    icon: genaiIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: isReady,
    execute: () => {
      app.shell.activateById(widget.id);
      widget.showPolicy();
    }
  });
  app.commands.addCommand(CommandIDs.showJobs, {
    label: trans.__('Show the Queue'),
    caption: trans.__('Which images are being made, and who waits for theirs'),
    icon: genaiIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: isReady,
    execute: () => {
      app.shell.activateById(widget.id);
      widget.showJobs();
    }
  });
  app.commands.addCommand(CommandIDs.cancelJob, {
    label: trans.__('Cancel an Image'),
    caption: trans.__('Leave the queue, or end what is being made'),
    icon: genaiIcon,
    describedBy: {
      args: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'string', description: trans.__('Id of the job') } }
      }
    },
    isEnabled: isReady,
    execute: async ({ id }) => {
      try {
        await cancelJob(request, String(id));
      } catch (error) {
        announceFailure(trans.__('The image could not be cancelled'), error, trans);
      }
      await jobs.refresh();
    }
  });
  app.commands.addCommand(CommandIDs.showModels, {
    label: args =>
      typeof args.label === 'string' ? args.label : trans.__('Show the Models'),
    caption: trans.__(
      'Which model files are here, which are missing, and how they come'
    ),
    icon: genaiIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          service: {
            type: 'string',
            description: trans.__('Name of a service; without it, all of them')
          },
          label: {
            type: 'string',
            description: trans.__('Label to show in place of the usual one')
          }
        }
      }
    },
    isEnabled: isReady,
    execute: ({ service }) => {
      app.shell.activateById(widget.id);
      widget.showModels(typeof service === 'string' ? service : null);
    }
  });
  app.commands.addCommand(CommandIDs.showPlan, {
    label: trans.__('Plan a Class: What Fits on This Machine'),
    caption: trans.__('What runs at one time, and what a class would wait'),
    icon: genaiIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          people: {
            type: 'integer',
            minimum: 1,
            maximum: PlanModel.MOST_PEOPLE,
            description: trans.__('How many people would ask for a picture at once')
          }
        }
      }
    },
    isEnabled: mayPlan,
    isVisible: mayPlan,
    execute: ({ people }) => {
      if (typeof people === 'number') {
        plan.people = people;
      }
      app.shell.activateById(widget.id);
      widget.showPlan();
    }
  });
}
