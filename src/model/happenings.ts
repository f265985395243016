import type { TimelineEntry } from '../_wire';

/**
 * Fold the steps of one start, and of one stop, into the entry that ends them: who asked and
 * why stand beside how it ended.
 *
 * Entries and answer are newest first; steps whose end is not among the entries stay.
 */
export function happenings(entries: readonly TimelineEntry[]): TimelineEntry[] {
  const told: TimelineEntry[] = [];
  /** Where the newer neighbour of a service's next entry stands in `told`. */
  const newer = new Map<string, number>();
  for (const entry of entries) {
    const place = newer.get(entry.service);
    const next = place === undefined ? undefined : told[place];
    if (place !== undefined && next && leadsTo(entry, next)) {
      told[place] = {
        ...next,
        by: next.by || entry.by,
        reason: next.reason || entry.reason
      };
    } else {
      newer.set(entry.service, told.push(entry) - 1);
    }
  }
  return told;
}

/** Whether an entry is a step towards the next one of its service, which says as much. */
function leadsTo(entry: TimelineEntry, next: TimelineEntry): boolean {
  const sameCause = !next.by || next.by === entry.by;
  switch (entry.event) {
    case 'asked':
      return sameCause && ['started', 'ready', 'kept'].includes(next.event);
    case 'started':
      return sameCause && next.event === 'ready';
    case 'stopping':
      return sameCause && next.event === 'stopped';
    default:
      return false;
  }
}
