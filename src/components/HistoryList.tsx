import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ChargeState, ExportRow } from '../_wire';
import type { ApiError, Download } from '../api/request';
import type { IHistory } from '../api/usage';

import { Button } from './Button';
import { LoadProblem } from './LoadProblem';
import { Skeleton } from './Skeleton';
import { Thumbnail } from './Thumbnail';
import { engineTime, moneyWords } from './moneyWords';
import { problemHeadline } from './problems';
import { chargeWord } from './usageWords';
import { ago, dateAndTime } from './when';

/** So many more are shown each time. */
const STEP = 20;

/** What was loaded of the history, and how; no rows before somebody asked. */
export interface IHistoryView {
  rows: IHistory | null;
  loading: boolean;
  problem: ApiError | null;
  download: Download;
}

export interface IHistoryListProps extends IHistoryView {
  /** Unix seconds. */
  now: number;
  onShowHistory: () => void;
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** What was made for the caller, the newest first: loaded when they ask for it. */
export function HistoryList(props: IHistoryListProps): JSX.Element {
  const { loading, problem, rows, trans } = props;
  return (
    <>
      <LoadProblem
        headline={trans.__('Your history could not be loaded')}
        problem={problem}
        onRetry={props.onShowHistory}
        trans={trans}
      />
      {loading && !rows && (
        <Skeleton label={trans.__('Loading your history')} lines={4} />
      )}
      {rows && <Rows {...props} rows={rows} />}
      {!problem && (
        <Button kind="link" disabled={loading} onClick={props.onShowHistory}>
          {rows ? trans.__('Load my history again') : trans.__('Show my history')}
        </Button>
      )}
    </>
  );
}

function Rows(props: IHistoryListProps & { rows: IHistory }): JSX.Element {
  const { rows, trans } = props;
  const [shown, setShown] = React.useState(STEP);
  const newest = [...rows.rows].reverse();
  const hidden = newest.length - shown;
  const { ids, kept } = rows.thumbnails;
  const pictured = new Set(ids);
  return (
    <>
      <h4 className="jp-GenAILab-subheading">
        {trans.__('Your history since %1', dateAndTime(rows.since))}
      </h4>
      {newest.length === 0 && (
        <p className="jp-GenAILab-quiet">{trans.__('Nothing was made.')}</p>
      )}
      {newest.length > 0 && (
        <ol className="jp-GenAILab-timeline" aria-label={trans.__('Your history')}>
          {newest.slice(0, shown).map((row, index) => (
            <Row key={row.id || index} {...props} row={row} pictured={pictured} />
          ))}
        </ol>
      )}
      {hidden > 0 && (
        <Button kind="link" onClick={() => setShown(shown + STEP)}>
          {trans._n('Show %1 more', 'Show %1 more', Math.min(STEP, hidden))}
        </Button>
      )}
      <p className="jp-GenAILab-small">
        {rows.cut && `${trans.__('This is only the first part of it.')} `}
        {kept
          ? trans.__(
              'The pictures themselves are in your notebooks; here you alone see small ones.'
            )
          : trans.__(
              'The pictures themselves are in your notebooks; none are kept here.'
            )}
      </p>
    </>
  );
}

function Row(
  props: IHistoryListProps & { pictured: ReadonlySet<string>; row: ExportRow }
): JSX.Element {
  const { download, now, pictured, row, titleOf, trans } = props;
  const title = row.model || titleOf(row.service);
  const amounts = [
    outcomeWords(row, trans),
    row.pictures > 0 && trans._n('%1 picture', '%1 pictures', row.pictures),
    row.seconds > 0 && engineTime(row.seconds, trans),
    row.cents > 0 && moneyWords(row.cents)
  ];
  return (
    <li className="jp-GenAILab-moment">
      {pictured.size > 0 && (
        <Thumbnail
          id={pictured.has(row.id) ? row.id : undefined}
          alt={trans.__('Made by %1, %2', title, dateAndTime(row.at))}
          reason={row.pictures ? trans.__('No small picture was kept of it') : ''}
          download={download}
        />
      )}
      <span className="jp-GenAILab-mark" data-mark={markOf(row)} aria-hidden="true" />
      <span className="jp-GenAILab-moment-title" title={row.id}>
        {title}
      </span>
      <time
        className="jp-GenAILab-small"
        dateTime={new Date(row.at * 1000).toISOString()}
        title={dateAndTime(row.at)}
      >
        {ago(row.at, now)}
      </time>
      <span className="jp-GenAILab-moment-what">
        {amounts.filter(Boolean).join(' · ')}
      </span>
      <span className="jp-GenAILab-moment-what">{titleOf(row.service)}</span>
    </li>
  );
}

function outcomeWords(row: ExportRow, trans: TranslationBundle): string {
  switch (row.outcome) {
    case 'done':
      return trans.__('Made');
    case 'failed':
      return row.code ? problemHeadline(row.code, trans) : trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    default:
      return row.state ? chargeWord(row.state as ChargeState, trans) : '';
  }
}

/** The mark beside a job: those of model files fit. */
function markOf({ outcome, state }: ExportRow): string {
  if (state === 'unknown' || outcome === 'failed') {
    return 'wrong';
  }
  return outcome === 'done' ? 'present' : 'missing';
}
