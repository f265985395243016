import type { HealthView, StatusView, UpSpan } from '../_wire';

/** Counts of a day change slowly; states of services come with the snapshot (milliseconds). */
const LOOK = 5000;

/** Percent of a window that are still seen as a line. */
const THINNEST = 0.5;

/** Milliseconds until it is looked at again. */
export function healthInterval(): number {
  return LOOK;
}

/** Kernel starts of one kind. */
export interface IStarts {
  kind: 'classic' | 'genai' | 'hybrid' | 'fallback';
  count: number;
  /** 0 to 100, of all starts. */
  percent: number;
}

/** Kernel starts by kind; the `fallback` ones are among the others. */
export function startsOf({ metrics }: HealthView): IStarts[] {
  const counts = {
    classic: metrics.classic_executions,
    genai: metrics.genai_executions,
    hybrid: metrics.hybrid_executions,
    fallback: metrics.fallback_executions
  };
  const all = counts.classic + counts.genai + counts.hybrid;
  return (['classic', 'genai', 'hybrid', 'fallback'] as const).map(kind => ({
    kind,
    count: counts[kind],
    percent: all > 0 ? (100 * counts[kind]) / all : 0
  }));
}

/** A part of a window, both in percent of it. */
export interface IPart {
  left: number;
  width: number;
}

/** Where times lie in a window; a short one stays wide enough to be seen. */
export function partsOf(
  spans: readonly UpSpan[],
  began: number,
  ended: number
): IPart[] {
  const length = Math.max(1, ended - began);
  return spans.map(span => {
    const width = Math.max(THINNEST, (100 * (span.ended - span.began)) / length);
    const left = Math.max(0, (100 * (span.began - began)) / length);
    return { left: Math.min(left, 100 - width), width };
  });
}

/** Share of the window in which a service answered, 0 to 100. */
export function upPercent(upSeconds: number, { at, window_began }: HealthView): number {
  return Math.min(100, (100 * upSeconds) / Math.max(1, at - window_began));
}

/** What of a snapshot changes whenever the health may have. */
export function footprintOf(snapshot: StatusView | null): string {
  return JSON.stringify([
    snapshot?.instance,
    snapshot?.mode.effective,
    snapshot?.warnings.map(({ code }) => code),
    snapshot?.launches.length,
    snapshot?.services.map(({ name, state }) => [name, state])
  ]);
}
