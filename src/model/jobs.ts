import type { JobList, JobView } from '../_wire';

/** A line moves on in seconds (milliseconds). */
const MOVING = 1500;

/** Where nothing waits, a new job is seen soon enough (milliseconds). */
const IDLE = 5000;

/** Milliseconds until the line is looked at again. */
export function jobsInterval(list: JobList | null): number {
  return list && list.jobs.length > 0 ? MOVING : IDLE;
}

/** The jobs of one service, those at work first, then by place. */
export interface ILine {
  service: string;
  jobs: JobView[];
}

/** The lines of the services, in the order in which they are first met. */
export function linesOf(jobs: readonly JobView[]): ILine[] {
  const lines = new Map<string, JobView[]>();
  for (const job of jobs) {
    lines.set(job.service, [...(lines.get(job.service) ?? []), job]);
  }
  return [...lines].map(([service, own]) => ({
    service,
    jobs: own.sort((one, other) => one.position - other.position)
  }));
}
