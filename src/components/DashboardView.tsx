import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { HealthReason, HealthView, StatusView } from '../_wire';
import type { ApiError } from '../api/request';
import type { Connection } from '../model/lab';

import { ConnectionNotice } from './ConnectionNotice';
import { DashboardChecks, DashboardNumbers, DashboardStarts } from './DashboardFigures';
import { DashboardServices } from './DashboardServices';
import type { IGPUActions, IGPUSectionView } from './GPUSection';
import { GPUSection } from './GPUSection';
import type { IJobsActions, IJobsView } from './JobsSection';
import { JobsSection } from './JobsSection';
import { LoadProblem } from './LoadProblem';
import { Notice } from './Notice';
import { Skeleton } from './Skeleton';
import { StateDot } from './StateDot';
import { Moment } from './TimelineSection';
import { gpusWords } from './gpuWords';
import { overallMark, overallWords, windowWords } from './healthWords';
import { problemHeadline } from './problems';
import { clock, useNow } from './when';
import { durationWords } from './words';

const AGES_EVERY = 20;

export interface IDashboardActions extends IGPUActions, IJobsActions {
  onRefresh: () => void;
}

export interface IDashboardViewProps {
  connection: Connection;
  snapshot: StatusView | null;
  /** Why there is no fresh snapshot. */
  outage: ApiError | null;
  health: HealthView | null;
  /** Why there is no fresh health. */
  problem: ApiError | null;
  gpus: IGPUSectionView;
  jobs: IJobsView;
  actions: IDashboardActions;
  trans: TranslationBundle;
}

/** The whole at a glance: services over time, queue, GPUs, kernel starts, pictures, failures. */
export function DashboardView(props: IDashboardViewProps): JSX.Element {
  const { actions, connection, health, outage, snapshot, trans } = props;
  return (
    <div className="jp-GenAILab-view">
      <ConnectionNotice
        connection={connection}
        problem={outage}
        onRetry={actions.onRefresh}
        trans={trans}
      />
      {snapshot && connection === 'ready' && (
        <LoadProblem
          headline={trans.__('The overview could not be loaded')}
          problem={props.problem}
          onRetry={actions.onRefresh}
          trans={trans}
        />
      )}
      {snapshot && health && <Head {...props} health={health} />}
      {snapshot && !health && connection === 'ready' && !props.problem && (
        <Skeleton label={trans.__('Loading the overview')} lines={6} />
      )}
      {snapshot && <Cards {...props} snapshot={snapshot} />}
    </div>
  );
}

function Head(props: IDashboardViewProps & { health: HealthView }): JSX.Element {
  const { health, snapshot, trans } = props;
  const { metrics, overall_status: status, reasons } = health;
  const titleOf = titlesOf(snapshot);
  return (
    <header className="jp-GenAILab-overall" data-status={status}>
      <h2 role="status">
        <StateDot state={overallMark(status)} />
        <span>{overallWords(status, trans)}</span>
      </h2>
      <p className="jp-GenAILab-small">
        {[
          trans.__('Server up for %1', durationWords(metrics.uptime_seconds, trans)),
          trans.__('as of %1', clock(health.at, health.at)),
          metrics.own &&
            trans.__('numbers are your own, services and GPUs are everybody’s')
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      {reasons.map((reason, index) => (
        <Reason key={index} reason={reason} titleOf={titleOf} trans={trans} />
      ))}
    </header>
  );
}

function Reason(props: {
  reason: HealthReason;
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}): JSX.Element {
  const { reason, titleOf, trans } = props;
  const headline = problemHeadline(reason.code, trans);
  return (
    <Notice
      kind="warning"
      headline={
        reason.service === null
          ? headline
          : trans.__('%1: %2', titleOf(reason.service), headline)
      }
      message={reason.message}
      remedy={reason.remedy}
      code={reason.code}
      trans={trans}
    />
  );
}

function Cards(props: IDashboardViewProps & { snapshot: StatusView }): JSX.Element {
  const { actions, gpus, health, jobs, snapshot, trans } = props;
  const titleOf = titlesOf(snapshot);
  // One outage is told once.
  const told = props.connection === 'ready' ? {} : { problem: null };
  return (
    <div className="jp-GenAILab-tiles">
      {health && (
        <Card
          name="numbers"
          title={trans.__('In numbers')}
          summary={windowWords(health, trans)}
        >
          <DashboardNumbers health={health} trans={trans} />
        </Card>
      )}
      <Card name="services" title={trans.__('Services')}>
        <DashboardServices
          services={snapshot.services}
          health={health}
          titleOf={titleOf}
          trans={trans}
        />
      </Card>
      <div className="jp-GenAILab-column">
        <Card name="queue" title={trans.__('Queue')}>
          <JobsSection
            {...jobs}
            {...told}
            onCancelJob={actions.onCancelJob}
            onRefreshJobs={actions.onRefreshJobs}
            titleOf={titleOf}
            mayEndAll={snapshot.role !== 'student'}
            trans={trans}
          />
        </Card>
        {health && <Past {...props} health={health} person={snapshot.person} />}
      </div>
      <Card
        name="gpus"
        title={trans.__('GPUs')}
        summary={gpusWords(gpus.reading, trans)}
      >
        <GPUSection
          {...gpus}
          {...told}
          onRefreshGPUs={actions.onRefreshGPUs}
          titleOf={titleOf}
          person={snapshot.person}
          off={snapshot.mode.effective === 'off'}
          trans={trans}
        />
      </Card>
    </div>
  );
}

function Past(
  props: IDashboardViewProps & { health: HealthView; person: string }
): JSX.Element {
  const { health, person, snapshot, trans } = props;
  const began = clock(health.server_began, health.at);
  return (
    <>
      <Card
        name="failures"
        title={trans.__('Failures')}
        summary={windowWords(health, trans)}
      >
        <Failures
          health={health}
          person={person}
          titleOf={titlesOf(snapshot)}
          trans={trans}
        />
      </Card>
      <Card
        name="starts"
        title={trans.__('Kernel starts')}
        summary={trans.__('since %1', began)}
      >
        <DashboardStarts health={health} trans={trans} />
      </Card>
      <Card name="checks" title={trans.__('Integration')}>
        <DashboardChecks health={health} trans={trans} />
      </Card>
    </>
  );
}

function Failures(props: {
  health: HealthView;
  person: string;
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}): JSX.Element {
  const { health, person, titleOf, trans } = props;
  const now = useNow(AGES_EVERY);
  const more = health.metrics.errors - health.failures.length;
  return (
    <>
      {!health.durable && (
        <p className="jp-GenAILab-small" role="note">
          {trans.__('Nothing of this is kept on disk: it ends with this server.')}
        </p>
      )}
      {health.failures.length === 0 ? (
        <p className="jp-GenAILab-quiet">{trans.__('No service has failed.')}</p>
      ) : (
        <ol className="jp-GenAILab-timeline" aria-label={trans.__('Failures')}>
          {health.failures.map(entry => (
            <Moment
              key={entry.id}
              entry={entry}
              title={titleOf(entry.service)}
              now={now}
              person={person}
              trans={trans}
            />
          ))}
        </ol>
      )}
      {more > 0 && (
        <p className="jp-GenAILab-small">
          {trans._n('and %1 more', 'and %1 more', more)}
        </p>
      )}
    </>
  );
}

function Card(props: {
  /** A stable word. */
  name: string;
  title: string;
  /** A few words beside the title. */
  summary?: string;
  children: React.ReactNode;
}): JSX.Element {
  const { children, name, summary, title } = props;
  return (
    <section className="jp-GenAILab-tile" data-card={name} aria-label={title}>
      <h3>
        {title}
        {summary && <span className="jp-GenAILab-small">{summary}</span>}
      </h3>
      {children}
    </section>
  );
}

function titlesOf(snapshot: StatusView | null): (service: string) => string {
  return name =>
    snapshot?.services.find(service => service.name === name)?.title ?? name;
}
