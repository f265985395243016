import type { TimelineView } from '../_wire';

import type { Requester } from './request';

/** Which part of the timeline to load. */
export interface ITimelineQuery {
  /** Only what happened to this service; null: to any. */
  service: string | null;
  /** Only what happened before the entry with this id. */
  before?: number;
  limit: number;
}

/** Return what the Lab did and why, the newest first. */
export function getTimeline(
  request: Requester,
  { service, before, limit }: ITimelineQuery
): Promise<TimelineView> {
  return request<TimelineView>('timeline', {
    query: {
      ...(service && { service }),
      ...(before !== undefined && { before }),
      limit
    }
  });
}
