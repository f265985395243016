import type { WeightsList, WeightsView } from '../_wire';

/** While something is fetched or checked, its progress is followed (milliseconds). */
const FOLLOW = 1500;

/** Files come and go by hand, now and then (milliseconds). */
const SELDOM = 30_000;

/** Whether something is done for a model at the moment. */
export function isMoving(model: WeightsView): boolean {
  return model.state === 'fetching' || model.phase !== null;
}

/** Milliseconds until the models are looked at again. */
export function weightsInterval(list: WeightsList | null): number {
  return list?.models.some(isMoving) ? FOLLOW : SELDOM;
}

/** The models of one service, or all of them: what needs attention first, then what is here. */
export function splitModels(
  models: readonly WeightsView[],
  service: string | null
): { open: WeightsView[]; here: WeightsView[] } {
  const shown = models.filter(
    ({ services }) => service === null || services.includes(service)
  );
  const isHere = (model: WeightsView) =>
    model.state === 'present' && model.problem === null && !isMoving(model);
  const open = shown.filter(model => !isHere(model));
  // What is needed to start comes before what is only nice to have.
  open.sort((one, other) => Number(one.optional) - Number(other.optional));
  return { open, here: shown.filter(isHere) };
}

/** Bytes of a model that are here, whole or not. */
export function bytesHere(model: WeightsView): number {
  return model.files.reduce((total, file) => total + file.done_bytes, 0);
}

/** Whether every file of a model was compared with its hash since it last changed. */
export function isVerified(model: WeightsView): boolean {
  return model.files.length > 0 && model.files.every(file => file.verified);
}
