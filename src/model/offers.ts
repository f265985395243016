/** Prices change seldom, keys now and then (milliseconds). */
const SELDOM = 60_000;

/** Milliseconds until the models that may be named are looked at again. */
export function offersInterval(): number {
  return SELDOM;
}
