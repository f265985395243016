import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { JobList, JobView } from '../_wire';
import type { ApiError } from '../api/request';
import type { ILine } from '../model/jobs';
import { linesOf } from '../model/jobs';

import { IconButton } from './IconButton';
import { LoadProblem } from './LoadProblem';
import { Skeleton } from './Skeleton';
import { StateDot } from './StateDot';
import { durationWords } from './words';

/** So many jobs of a line are shown; more help nobody who waits. */
const SHOWN = 20;

export interface IJobsActions {
  onCancelJob: (id: string) => void;
  onRefreshJobs: () => void;
}

/** What was loaded of the jobs, and how. */
export interface IJobsView {
  list: JobList | null;
  problem: ApiError | null;
}

export interface IJobsSectionProps extends IJobsActions, IJobsView {
  /** The title of a service. */
  titleOf: (service: string) => string;
  /** Whether this person may end the jobs of others. */
  mayEndAll: boolean;
  trans: TranslationBundle;
}

/** Whose images are made and who waits for theirs: places, estimates, a way out of the line. */
export function JobsSection(props: IJobsSectionProps): JSX.Element {
  const { list, problem, trans } = props;
  const place = useFocusKept();
  const mine = React.useRef(false);
  const words = jobsWords(list, trans);
  mine.current = mine.current || words !== undefined;
  return (
    <div className="jp-GenAILab-queue" ref={place} tabIndex={-1}>
      <div className="jp-GenAILab-unseen" role="status">
        {words ??
          (mine.current && list ? trans.__('None of yours waits any more') : '')}
      </div>
      <LoadProblem
        headline={trans.__('The queue could not be loaded')}
        problem={problem}
        onRetry={props.onRefreshJobs}
        trans={trans}
      />
      {!list && !problem && (
        <Skeleton label={trans.__('Loading the queue')} lines={2} />
      )}
      {list && list.jobs.length === 0 && !problem && (
        <p className="jp-GenAILab-quiet">
          {trans.__(
            'Nothing waits. An image that you ask for stands here with its place in line.'
          )}
        </p>
      )}
      {list &&
        linesOf(list.jobs).map(line => (
          <Line key={line.service} {...props} {...line} />
        ))}
    </div>
  );
}

/** Keep the focus in the queue when the row that has it goes: it would fall to the page. */
function useFocusKept(): React.RefObject<HTMLDivElement> {
  const place = React.useRef<HTMLDivElement>(null);
  const buttons = () =>
    Array.from(
      place.current?.querySelectorAll<HTMLElement>('.jp-GenAILab-job button') ?? []
    );
  // Read before React takes the row away; afterwards nobody knows where it was.
  const had = buttons().findIndex(button => button === document.activeElement);
  React.useLayoutEffect(() => {
    if (had >= 0 && !place.current?.contains(document.activeElement)) {
      const left = buttons();
      (left[Math.min(had, left.length - 1)] ?? place.current)?.focus();
    }
  });
  return place;
}

function Line(props: IJobsSectionProps & ILine): JSX.Element {
  const { jobs, service, titleOf, trans } = props;
  const more = jobs.length - SHOWN;
  return (
    <>
      <h4 className="jp-GenAILab-jobs-heading">{titleOf(service)}</h4>
      <ol
        className="jp-GenAILab-jobs"
        aria-label={trans.__('Queue of %1', titleOf(service))}
      >
        {jobs.slice(0, SHOWN).map(job => (
          <Job key={job.id} {...props} job={job} />
        ))}
      </ol>
      {more > 0 && (
        <p className="jp-GenAILab-small">
          {trans._n('and %1 more', 'and %1 more', more)}
        </p>
      )}
    </>
  );
}

function Job(props: IJobsSectionProps & { job: JobView }): JSX.Element {
  const { job, trans } = props;
  const name = job.mine
    ? job.label.split('/').pop() || trans.__('Yours')
    : trans.__('Somebody else’s');
  return (
    <li className="jp-GenAILab-job" data-mine={job.mine}>
      <StateDot state={job.state === 'working' ? 'starting' : 'stopped'} />
      <span className="jp-GenAILab-job-name" title={job.label || undefined}>
        {name}
        {job.model && <span className="jp-GenAILab-small"> · {job.model}</span>}
      </span>
      <span className="jp-GenAILab-job-place">{placeWords(job, trans)}</span>
      {(job.mine || props.mayEndAll) && (
        <IconButton
          icon={closeIcon}
          label={trans.__('Cancel the image of %1', name)}
          onClick={() => props.onCancelJob(job.id)}
        />
      )}
    </li>
  );
}

/** Where a job stands, in words. */
export function placeWords(job: JobView, trans: TranslationBundle): string {
  if (job.state === 'working') {
    return trans.__('Being made');
  }
  const place =
    job.position === 1 ? trans.__('Next') : trans.__('Place %1 in line', job.position);
  return job.seconds === null
    ? place
    : trans.__('%1, about %2', place, durationWords(Math.max(1, job.seconds), trans));
}

/** The line in a few words, for a section that is closed; nothing where nobody waits. */
export function jobsWords(
  list: JobList | null,
  trans: TranslationBundle
): string | undefined {
  const mine = list?.jobs.filter(job => job.mine) ?? [];
  const waiting = mine.filter(job => job.state === 'waiting').length;
  if (waiting > 0) {
    return trans._n('%1 of yours waits', '%1 of yours wait', waiting);
  }
  return mine.length > 0 ? trans.__('Being made') : undefined;
}
