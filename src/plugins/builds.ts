import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { buildImage, cancelBuild } from '../api/builds';
import { CommandIDs } from '../commands';
import { IGenAILab } from '../tokens';
import { announceFailure } from '../widgets/announce';

import { nameSchema, targetsOf } from './targets';

/** Build the image of a service here, and end a build. */
export const builds: JupyterFrontEndPlugin<void> = {
  id: 'coursia-genai-lab:builds',
  description: 'Adds commands that build the images of services and end builds.',
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
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...nameSchema(trans),
            label: {
              type: 'string',
              description: trans.__('Label to show in place of the usual one')
            }
          }
        }
      },
      isEnabled: args => mayBuild() && buildable(args).length > 0,
      isVisible: mayBuild,
      execute: async args => {
        const { confirmBuild } = await import('../widgets/questions');
        for (const { name, title } of buildable(args)) {
          if (!(await confirmBuild(title, trans))) {
            return;
          }
          try {
            await buildImage(request, name);
          } catch (error) {
            announceFailure(trans.__('Could not build %1', title), error, trans);
          }
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
      describedBy: { args: { type: 'object', properties: nameSchema(trans) } },
      isEnabled: args => mayBuild() && building(args).length > 0,
      isVisible: mayBuild,
      execute: async args => {
        for (const { name, title } of building(args)) {
          try {
            await cancelBuild(request, name);
          } catch (error) {
            announceFailure(
              trans.__('Could not end the build of %1', title),
              error,
              trans
            );
          }
        }
        await lab.refresh();
      }
    });
    const category = trans.__('GenAI');
    palette?.addItem({ command: CommandIDs.buildImage, category });
    palette?.addItem({ command: CommandIDs.cancelBuild, category });
  }
};
