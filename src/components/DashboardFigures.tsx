import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { HealthView } from '../_wire';
import { startsOf } from '../model/health';

import { StateDot } from './StateDot';
import { startsWords } from './healthWords';
import { durationWords } from './words';

export interface IDashboardFiguresProps {
  health: HealthView;
  trans: TranslationBundle;
}

/** The numbers of the day, large. */
export function DashboardNumbers(props: IDashboardFiguresProps): JSX.Element {
  const { trans } = props;
  const { metrics } = props.health;
  const numbers: [string, string][] = [
    [trans.__('Pictures made'), String(metrics.pictures)],
    [trans.__('Jobs that failed'), String(metrics.failed_pictures)],
    [
      trans.__('Time of engines'),
      metrics.engine_seconds > 0
        ? durationWords(metrics.engine_seconds, trans)
        : trans.__('None')
    ],
    [trans.__('Failures of services'), String(metrics.errors)],
    [trans.__('Being made now'), String(metrics.working)],
    [trans.__('Waiting now'), String(metrics.waiting)]
  ];
  return (
    <dl className="jp-GenAILab-numbers">
      {numbers.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Kernel starts by what their notebooks need. */
export function DashboardStarts(props: IDashboardFiguresProps): JSX.Element {
  const { health, trans } = props;
  const starts = startsOf(health);
  if (starts.every(({ count }) => count === 0)) {
    return (
      <p className="jp-GenAILab-quiet">
        {trans.__('No kernel has been started since this server began.')}
      </p>
    );
  }
  return (
    <ul className="jp-GenAILab-starts">
      {starts.map(({ count, kind, percent }) => (
        <li key={kind} data-kind={kind}>
          <span>{startsWords(kind, trans)}</span>
          <strong>{count}</strong>
          <div className="jp-GenAILab-starts-bar" aria-hidden="true">
            <span style={{ width: `${percent}%` }} />
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Whether the parts fit together: three questions with yes or no. */
export function DashboardChecks(props: IDashboardFiguresProps): JSX.Element {
  const { trans } = props;
  const { integration } = props.health;
  const missed = integration.launches_missed;
  const checks: [boolean, string][] = [
    [
      integration.zero_regression_maintained,
      missed === 0
        ? trans.__('No kernel was held up by GenAI')
        : trans._n(
            '%1 kernel was held up by GenAI, and began without it',
            '%1 kernels were held up by GenAI, and began without it',
            missed
          )
    ],
    [
      integration.genai_available,
      integration.genai_available
        ? trans.__('Images can be made')
        : trans.__('No image can be made')
    ],
    [
      integration.fallback_functional,
      integration.fallback_functional
        ? trans.__('The demo engine can stand in')
        : trans.__('The demo engine cannot stand in')
    ]
  ];
  return (
    <ul className="jp-GenAILab-checks">
      {checks.map(([holds, words]) => (
        <li key={words}>
          <StateDot state={holds ? 'ready' : 'unavailable'} />
          <span>{words}</span>
        </li>
      ))}
    </ul>
  );
}
