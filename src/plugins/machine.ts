import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';

import { cancelJob } from '../api/jobs';
import { CommandIDs, NO_ARGUMENTS, takes } from '../commands';
import { genaiIcon } from '../icons';
import { PlanModel } from '../model/plan';
import type { IGenAILab } from '../tokens';
import type { LabPanel } from '../widgets/LabPanel';
import { attempt } from '../widgets/attempt';

import { anyServiceSchema, labelSchema } from './targets';

/** Add commands for what the panel says of the machine, of what is left on it, and of its rules. */
export function addMachinePlaces(
  app: JupyterFrontEnd,
  { jobs, lab, plan, request }: IGenAILab,
  widget: LabPanel,
  trans: TranslationBundle
): void {
  const isReady = () => lab.connection === 'ready';
  const addPlace = (
    command: string,
    label: string,
    caption: string,
    show: () => void
  ) =>
    app.commands.addCommand(command, {
      label,
      caption,
      icon: genaiIcon,
      describedBy: NO_ARGUMENTS,
      isEnabled: isReady,
      execute: () => {
        app.shell.activateById(widget.id);
        show();
      }
    });
  const mayPlan = () => isReady() && lab.snapshot?.role !== 'student';
  addPlace(
    CommandIDs.showGPUs,
    trans.__('Show the GPUs'),
    trans.__('Memory, who holds it, and how hard the GPUs work'),
    () => widget.showSection('gpus')
  );
  addPlace(
    CommandIDs.showUsage,
    trans.__('Show What I Used and What Is Left'),
    trans.__('Pictures, time on GPUs and money: quotas, and what was made'),
    () => widget.showSection('usage')
  );
  addPlace(
    CommandIDs.showPolicy,
    trans.__('Show the Mode and the Policy'),
    trans.__('Who set what, what is enforced, and what you allowed'),
    () => widget.showSection('mode')
  );
  addPlace(
    CommandIDs.showJobs,
    trans.__('Show the Queue'),
    trans.__('Which images are being made, and who waits for theirs'),
    () => widget.showSection('jobs')
  );
  app.commands.addCommand(CommandIDs.cancelJob, {
    label: trans.__('Cancel an Image'),
    caption: trans.__('Leave the queue, or end what is being made'),
    icon: genaiIcon,
    describedBy: takes(
      { id: { type: 'string', description: trans.__('Id of the job') } },
      'id'
    ),
    isEnabled: isReady,
    execute: async ({ id }) => {
      await attempt(
        trans.__('The image could not be cancelled'),
        () => cancelJob(request, String(id)),
        trans
      );
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
    describedBy: takes({
      ...anyServiceSchema(trans),
      ...labelSchema(trans)
    }),
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
    describedBy: takes({
      people: {
        type: 'integer',
        minimum: 1,
        maximum: PlanModel.MOST_PEOPLE,
        description: trans.__('How many people would ask for a picture at once')
      }
    }),
    isEnabled: mayPlan,
    isVisible: mayPlan,
    execute: ({ people }) => {
      if (typeof people === 'number') {
        plan.people = people;
      }
      app.shell.activateById(widget.id);
      widget.showSection('plan');
    }
  });
}
