import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { WeightsView } from '../_wire';
import { cancelFetch, fetchModel, verifyModel } from '../api/models';
import { CommandIDs, takes } from '../commands';
import { announceFailure } from '../widgets/announce';
import { attemptEach } from '../widgets/attempt';

import { commandPlugin } from './commandPlugin';
import { targetsOf } from './targets';

/** Fetch model files, end a fetch, check what is here. */
export const models = commandPlugin(
  'models',
  'Adds commands that fetch and check the files of models.',
  (app, genai, trans) => {
    const { commands } = app;
    const { lab, request, weights } = genai;
    const mayFetch = () => lab.snapshot !== null && lab.snapshot.role !== 'student';
    /** The models that a command names, or else those that `wanted` picks; read anew. */
    const named = async (
      args: ReadonlyPartialJSONObject,
      wanted: (model: WeightsView) => boolean
    ): Promise<WeightsView[]> => {
      await weights.refresh();
      if (weights.problem) {
        announceFailure(
          trans.__('The models could not be listed'),
          weights.problem,
          trans
        );
        return [];
      }
      return (weights.value?.models ?? []).filter(model =>
        typeof args.id === 'string' ? model.id === args.id : wanted(model)
      );
    };
    const each = async (
      targets: readonly WeightsView[],
      failed: (title: string) => string,
      act: (model: WeightsView) => Promise<unknown>
    ) => {
      await attemptEach(targets, failed, act, trans);
      await weights.refresh();
    };
    const missing = (args: ReadonlyPartialJSONObject) =>
      new Set(targetsOf(genai, args).flatMap(({ missing_models }) => missing_models));
    const describedBy = takes({
      id: {
        type: 'string',
        description: trans.__(
          'Id of a model; without it, those that are meant by the label'
        )
      }
    });

    commands.addCommand(CommandIDs.fetchModel, {
      label: args =>
        args.id
          ? trans.__('Fetch the Model…')
          : trans.__('Fetch the Missing Models of This Notebook…'),
      caption: trans.__('Bring what is missing of a model to this machine'),
      describedBy,
      isEnabled: args =>
        mayFetch() && (typeof args.id === 'string' || missing(args).size > 0),
      isVisible: mayFetch,
      execute: async args => {
        const wanted = missing(args);
        const targets = await named(args, ({ id }) => wanted.has(id));
        const { confirmLicence } = await import('../widgets/questions');
        await each(
          targets,
          title => trans.__('Could not fetch %1', title),
          async model => {
            const agreed = !model.must_accept || (await confirmLicence(model, trans));
            if (agreed) {
              await fetchModel(request, model.id, model.must_accept);
            }
          }
        );
        await lab.refresh();
      }
    });
    commands.addCommand(CommandIDs.cancelFetch, {
      label: args =>
        args.id
          ? trans.__('Cancel the Fetch')
          : trans.__('Cancel All Fetches of Models'),
      caption: trans.__('End a fetch; what has arrived is kept for the next one'),
      describedBy,
      isEnabled: mayFetch,
      isVisible: mayFetch,
      execute: async args =>
        each(
          await named(args, ({ state }) => state === 'fetching'),
          title => trans.__('Could not end the fetch of %1', title),
          ({ id }) => cancelFetch(request, id)
        )
    });
    commands.addCommand(CommandIDs.verifyModel, {
      label: args =>
        args.id
          ? trans.__('Check the Model')
          : trans.__('Check All Models That Are Here'),
      caption: trans.__('Compare the files of a model with their published hashes'),
      describedBy,
      isEnabled: mayFetch,
      isVisible: mayFetch,
      execute: async args =>
        each(
          await named(args, ({ state }) => state === 'present'),
          title => trans.__('Could not check %1', title),
          ({ id }) => verifyModel(request, id)
        )
    });
    return [CommandIDs.fetchModel, CommandIDs.cancelFetch, CommandIDs.verifyModel];
  }
);
