import type { LayerName, ModeLayer, ModeView } from '../_wire';

/** A class's rules change seldom; a change of the mode is told at once (milliseconds). */
const SELDOM = 30_000;

/** From the strongest to the weakest: a lower layer may only narrow. */
export const LAYERS: readonly LayerName[] = ['operator', 'class', 'notebook', 'person'];

/** Milliseconds until the policy is looked at again. */
export function policyInterval(): number {
  return SELDOM;
}

/** The lowest layer that says what is in force; undefined where none says it. */
export function decidingLayer(mode: ModeView): ModeLayer | undefined {
  const ranked = [...mode.layers].sort(
    (one, other) => LAYERS.indexOf(other.layer) - LAYERS.indexOf(one.layer)
  );
  return ranked.find(layer => layer.value === mode.effective);
}
