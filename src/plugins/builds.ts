import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { buildImage, cancelBuild } from '../api/builds';
import { CommandIDs, takes } from '../commands';
import { attempt, attemptEach } from '../widgets/attempt';

import { commandPlugin } from './commandPlugin';
import { labelSchema, nameSchema, targetsOf } from './targets';

/** Build the image of a service here, and end a build. */
export const builds = commandPlugin(
  'builds',
  'Adds commands that build the images of services and end builds.',
  (app, genai, trans) => {
    const { commands } = app;
    const { lab, request } = genai;
    const mayBuild = () => lab.snapshot?.role === 'admin';
    const buildable = (args: ReadonlyPartialJSONObject) =>
      targetsOf(genai, args).filter(service => service.can_build);
    const building = (args: ReadonlyPartialJSONObject) =>
      targetsOf(genai, args).filter(service => service.state === 'building');

    commands.addCommand(CommandIDs.buildImage, {
      label: args =>
        typeof args.label === 'string'
          ? args.label
          : trans.__('Build the Images of This Notebook’s Services…'),
      caption: trans.__('Make the image of a service on this machine'),
      describedBy: takes({ ...nameSchema(trans), ...labelSchema(trans) }),
      isEnabled: args => mayBuild() && buildable(args).length > 0,
      isVisible: mayBuild,
      execute: async args => {
        const { confirmBuild } = await import('../widgets/questions');
        for (const { name, title } of buildable(args)) {
          if (!(await confirmBuild(title, trans))) {
            return;
          }
          await attempt(
            trans.__('Could not build %1', title),
            () => buildImage(request, name),
            trans
          );
        }
        await lab.refresh();
      }
    });
    commands.addCommand(CommandIDs.cancelBuild, {
      label: args =>
        args.name
          ? trans.__('Cancel the Build')
          : trans.__('Cancel the Builds of This Notebook’s Services'),
      caption: trans.__('End a build; nothing of it stays'),
      describedBy: takes(nameSchema(trans)),
      isEnabled: args => mayBuild() && building(args).length > 0,
      isVisible: mayBuild,
      execute: async args => {
        await attemptEach(
          building(args),
          title => trans.__('Could not end the build of %1', title),
          ({ name }) => cancelBuild(request, name),
          trans
        );
        await lab.refresh();
      }
    });
    return [CommandIDs.buildImage, CommandIDs.cancelBuild];
  }
);
