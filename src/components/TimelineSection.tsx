import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ServiceView, TimelineEntry } from '../_wire';
import type { ApiError } from '../api/request';
import { happenings } from '../model/happenings';

import { Button } from './Button';
import { IconButton } from './IconButton';
import { LoadProblem } from './LoadProblem';
import { Said } from './Said';
import { Skeleton } from './Skeleton';
import { StateDot } from './StateDot';
import type { ITimelineWords } from './timelineWords';
import { entryDetail, entryMark, entrySentence } from './timelineWords';
import { ago, dateAndTime, useNow } from './when';

/** "3 min. ago" is looked at again this often (seconds). */
const AGES_EVERY = 20;

export interface ITimelineActions {
  /** Show only what happened to a service; null: to any. */
  onTimelineService: (service: string | null) => void;
  onOlder: () => void;
  onRefreshTimeline: () => void;
}

/** What was loaded of the timeline, and how. */
export interface ITimelineView {
  service: string | null;
  entries: readonly TimelineEntry[] | null;
  more: boolean;
  durable: boolean;
  loading: boolean;
  problem: ApiError | null;
}

export interface ITimelineSectionProps extends ITimelineActions, ITimelineView {
  services: readonly ServiceView[];
  /** Who looks. */
  person: string;
  trans: TranslationBundle;
}

/** What the Lab did to which service, for whom, and why. */
export function TimelineSection(props: ITimelineSectionProps): JSX.Element {
  const { entries, loading, problem, trans } = props;
  return (
    <>
      <div className="jp-GenAILab-folder-head">
        <ServiceFilter {...props} />
        <IconButton
          icon={refreshIcon}
          label={trans.__('Load what happened again')}
          disabled={loading}
          onClick={props.onRefreshTimeline}
        />
      </div>
      <LoadProblem
        headline={trans.__('What happened could not be loaded')}
        problem={problem}
        onRetry={props.onRefreshTimeline}
        trans={trans}
      />
      {!props.durable && (
        <p className="jp-GenAILab-small jp-GenAILab-caveat" role="note">
          {trans.__('Nothing of this is kept on disk: it ends with this server.')}
        </p>
      )}
      {loading && !entries && (
        <Skeleton label={trans.__('Loading what happened')} lines={6} />
      )}
      {entries && <Entries {...props} entries={entries} />}
    </>
  );
}

function ServiceFilter(props: ITimelineSectionProps): JSX.Element {
  const { service, services, trans } = props;
  const local = services.filter(({ kind }) => kind === 'local');
  return (
    <select
      className="jp-GenAILab-select"
      aria-label={trans.__('Services whose story to show')}
      value={service ?? ''}
      onChange={event => props.onTimelineService(event.target.value || null)}
    >
      <option value="">{trans.__('All services')}</option>
      {local.map(({ name, title }) => (
        <option key={name} value={name}>
          {title}
        </option>
      ))}
    </select>
  );
}

function Entries(
  props: ITimelineSectionProps & { entries: readonly TimelineEntry[] }
): JSX.Element | null {
  const { entries, loading, service, services, trans } = props;
  const now = useNow(AGES_EVERY);
  const told = React.useMemo(() => happenings(entries), [entries]);
  const titleOf = (name: string) =>
    services.find(known => known.name === name)?.title ?? name;
  if (told.length === 0) {
    // Where nothing could be loaded, nobody knows whether nothing happened.
    return props.problem ? null : (
      <p className="jp-GenAILab-quiet">
        {service
          ? trans.__('Nothing has happened to %1 yet.', titleOf(service))
          : trans.__(
              'Nothing has happened yet. Starts, stops and failures will stand here, with who caused them and why.'
            )}
      </p>
    );
  }
  return (
    <>
      <ol
        className="jp-GenAILab-timeline"
        aria-label={trans.__('What happened')}
        aria-busy={loading}
      >
        {told.map(entry => (
          <Moment
            key={entry.id}
            entry={entry}
            title={service ? null : titleOf(entry.service)}
            now={now}
            person={props.person}
            trans={trans}
          />
        ))}
      </ol>
      {props.more && (
        <Button kind="link" disabled={loading} onClick={props.onOlder}>
          {trans.__('Show older')}
        </Button>
      )}
    </>
  );
}

/** One thing that happened, as an item of a list. */
export function Moment(
  props: ITimelineWords & {
    entry: TimelineEntry;
    /** Of its service; null where all entries are of one. */
    title: string | null;
    now: number;
  }
): JSX.Element {
  const { entry, now, title } = props;
  const detail = entryDetail(entry);
  return (
    <li className="jp-GenAILab-moment" data-event={entry.event}>
      <StateDot state={entryMark(entry)} />
      {title !== null && <span className="jp-GenAILab-moment-title">{title}</span>}
      <time
        className="jp-GenAILab-small"
        dateTime={new Date(entry.at * 1000).toISOString()}
        title={dateAndTime(entry.at)}
      >
        {ago(entry.at, now)}
      </time>
      <span
        className="jp-GenAILab-moment-what"
        title={entry.by.includes('/') ? entry.by : undefined}
      >
        {entrySentence(entry, props)}
      </span>
      {detail && (
        <span className="jp-GenAILab-moment-detail">
          <Said text={detail} trans={props.trans} />
        </span>
      )}
    </li>
  );
}
