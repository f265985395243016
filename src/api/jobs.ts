import type { JobList } from '../_wire';

import type { Requester } from './request';

/** Return the jobs that wait or are worked on: one's own, or everybody's for who may see them. */
export function getJobs(request: Requester): Promise<JobList> {
  return request<JobList>('jobs');
}

/** End a job: it leaves the line, or the engine stops working on it. */
export function cancelJob(request: Requester, id: string): Promise<unknown> {
  return request<unknown>(`jobs/${encodeURIComponent(id)}`, { method: 'DELETE' });
}
