import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Allowance, UsageView } from '../_wire';
import type { ApiError } from '../api/request';
import type { ExportFormat } from '../api/usage';
import { sharesOf } from '../model/usage';

import { Button } from './Button';
import { ChargeList } from './ChargeList';
import type { IHistoryView } from './HistoryList';
import { HistoryList } from './HistoryList';
import { LoadProblem } from './LoadProblem';
import { Meter } from './Meter';
import { Notice } from './Notice';
import { Skeleton } from './Skeleton';
import { engineTime, moneyWords } from './moneyWords';
import {
  currencyWord,
  renewalWords,
  scopeWords,
  shareWords,
  windowWords
} from './usageWords';
import { dateAndTime, useNow } from './when';

/** "It begins anew at 14:00" is looked at again this often (seconds). */
const AGES_EVERY = 30;

export interface IUsageActions {
  onRefreshUsage: () => void;
  onExportUsage: (format: ExportFormat) => void;
  onShowHistory: () => void;
  /** Erase one's own history, after a question. */
  onEraseUsage: () => void;
}

/** What was loaded of the usage, and how. */
export interface IUsageSectionView {
  usage: UsageView | null;
  problem: ApiError | null;
  history: IHistoryView;
}

export interface IUsageSectionProps extends IUsageSectionView, IUsageActions {
  /** Who looks. */
  person: string;
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** What may still be used, what was, and what it cost. */
export function UsageSection(props: IUsageSectionProps): JSX.Element {
  const { problem, trans, usage } = props;
  return (
    <>
      <LoadProblem
        headline={trans.__('What you used could not be loaded')}
        problem={problem}
        onRetry={props.onRefreshUsage}
        trans={trans}
      />
      {!usage && !problem && (
        <Skeleton label={trans.__('Loading what you used')} lines={4} />
      )}
      {usage && <Usage {...props} usage={usage} />}
    </>
  );
}

function Usage(props: IUsageSectionProps & { usage: UsageView }): JSX.Element {
  const { trans, usage } = props;
  const now = useNow(AGES_EVERY);
  return (
    <>
      <h4 className="jp-GenAILab-subheading">{trans.__('What is left')}</h4>
      {usage.left.length === 0 && (
        <p className="jp-GenAILab-quiet">{trans.__('Nothing limits your use here.')}</p>
      )}
      {usage.left.map(allowance => (
        <Quota
          key={`${allowance.scope} ${allowance.name} ${allowance.window}`}
          {...props}
          allowance={allowance}
          now={now}
        />
      ))}
      <h4 className="jp-GenAILab-subheading">{trans.__('What you had made')}</h4>
      <Totals {...props} />
      {usage.unknown > 0 && <Unknown {...props} />}
      {!props.history.rows && (
        <ChargeList {...props} charges={usage.charges} now={now} />
      )}
      <HistoryList {...props} {...props.history} now={now} />
      <Buttons {...props} />
    </>
  );
}

function Quota(
  props: IUsageSectionProps & { allowance: Allowance; now: number }
): JSX.Element {
  const { allowance, now, person, titleOf, trans } = props;
  const { name, scope, window } = allowance;
  const whose =
    scope === 'person' && (name === person || name === '*')
      ? trans.__('You')
      : scopeWords(scope, name, titleOf, trans);
  return (
    <div className="jp-GenAILab-quota">
      <p className="jp-GenAILab-quota-head">
        {trans.__('%1, %2', whose, windowWords(window, trans))}
      </p>
      {sharesOf(allowance).map(share => (
        <Meter
          key={share.currency}
          label={currencyWord(share.currency, trans)}
          words={shareWords(share, trans)}
          value={share.left}
          max={share.limit}
          level={share.level}
        />
      ))}
      <p
        className="jp-GenAILab-small"
        title={
          allowance.renews_at === null ? undefined : dateAndTime(allowance.renews_at)
        }
      >
        {renewalWords(allowance, now, trans)}
      </p>
    </div>
  );
}

function Totals({ titleOf, trans, usage }: IUsageSectionProps & { usage: UsageView }) {
  if (usage.pictures === 0 && usage.failed === 0 && usage.cents === 0) {
    return (
      <p className="jp-GenAILab-quiet">
        {trans.__('Nothing since %1.', dateAndTime(usage.since))}
      </p>
    );
  }
  const sum = [
    trans._n('%1 picture', '%1 pictures', usage.pictures),
    engineTime(usage.seconds, trans),
    moneyWords(usage.cents)
  ].join(' · ');
  return (
    <>
      <p title={trans.__('Since %1', dateAndTime(usage.since))}>
        {sum}
        {usage.failed > 0 && ` · ${trans.__('%1 failed', usage.failed)}`}
      </p>
      {usage.services.length > 0 && (
        <ul className="jp-GenAILab-shares" aria-label={trans.__('By service')}>
          {usage.services.map(({ pictures, seconds, service }) => (
            <li key={service} className="jp-GenAILab-usage-service">
              <span>{titleOf(service)}</span>
              <span className="jp-GenAILab-amount">
                {trans._n('%1 picture', '%1 pictures', pictures)} ·{' '}
                {engineTime(seconds, trans)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Unknown({ trans, usage }: IUsageSectionProps & { usage: UsageView }) {
  return (
    <Notice
      kind="info"
      headline={trans._n(
        'Of %1 charge the end is not known',
        'Of %1 charges the end is not known',
        usage.unknown
      )}
      message={trans.__(
        'The provider was asked, and its answer did not arrive: it may charge for the pictures, so their highest price counts.'
      )}
      remedy={trans.__(
        'An administrator who has looked at the provider’s bill can correct it.'
      )}
      trans={trans}
    />
  );
}

function Buttons(props: IUsageSectionProps): JSX.Element {
  const { trans } = props;
  const button = (label: string, act: () => void) => (
    <Button onClick={act}>{label}</Button>
  );
  return (
    <div className="jp-GenAILab-row" role="group" aria-label={trans.__('Your history')}>
      {button(trans.__('Export as CSV'), () => props.onExportUsage('csv'))}
      {button(trans.__('Export as JSON'), () => props.onExportUsage('json'))}
      {button(trans.__('Erase mine…'), props.onEraseUsage)}
    </div>
  );
}
