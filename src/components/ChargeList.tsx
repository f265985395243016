import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ChargeView } from '../_wire';

import { Button } from './Button';
import { engineTime, moneyWords } from './moneyWords';
import { problemHeadline } from './problems';
import { chargeWord } from './usageWords';
import { ago, dateAndTime } from './when';

/** So many are shown before somebody asks for the rest. */
const FIRST = 5;

export interface IChargeListProps {
  charges: readonly ChargeView[];
  /** Unix seconds. */
  now: number;
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** The newest charges: what was asked of whom, how far it is, what it cost. */
export function ChargeList(props: IChargeListProps): JSX.Element | null {
  const { charges, trans } = props;
  const [all, setAll] = React.useState(false);
  const shown = all ? charges : charges.slice(0, FIRST);
  const hidden = charges.length - shown.length;
  if (charges.length === 0) {
    return null;
  }
  return (
    <>
      <h4 className="jp-GenAILab-subheading">{trans.__('Latest charges')}</h4>
      <ol className="jp-GenAILab-timeline" aria-label={trans.__('Latest charges')}>
        {shown.map(charge => (
          <Charge key={charge.id} {...props} charge={charge} />
        ))}
      </ol>
      {hidden > 0 && (
        <Button kind="link" onClick={() => setAll(true)}>
          {trans._n('Show %1 more', 'Show %1 more', hidden)}
        </Button>
      )}
    </>
  );
}

function Charge(props: IChargeListProps & { charge: ChargeView }): JSX.Element {
  const { charge, now, titleOf, trans } = props;
  const amounts = [
    chargeWord(charge.state, trans),
    trans._n('%1 picture', '%1 pictures', charge.pictures),
    charge.gpu_seconds > 0 && engineTime(charge.gpu_seconds, trans),
    charge.cents > 0 && moneyWords(charge.cents)
  ];
  return (
    <li className="jp-GenAILab-moment" data-charge={charge.state}>
      <span
        className="jp-GenAILab-mark"
        data-mark={markOf(charge)}
        aria-hidden="true"
      />
      <span className="jp-GenAILab-moment-title" title={charge.id}>
        {charge.model || titleOf(charge.service)}
      </span>
      <time
        className="jp-GenAILab-small"
        dateTime={new Date(charge.at * 1000).toISOString()}
        title={dateAndTime(charge.at)}
      >
        {ago(charge.at, now)}
      </time>
      <span className="jp-GenAILab-moment-what">
        {amounts.filter(Boolean).join(' · ')}
      </span>
      <span className="jp-GenAILab-moment-what">
        {charge.fallback
          ? trans.__(
              '%1 stood in: %2',
              titleOf(charge.service),
              problemHeadline(charge.fallback, trans)
            )
          : titleOf(charge.service)}
      </span>
    </li>
  );
}

/** The mark beside a charge: those of model files fit. */
function markOf({ state }: ChargeView): string {
  switch (state) {
    case 'settled':
      return 'present';
    case 'unknown':
      return 'wrong';
    case 'refunded':
      return 'missing';
    default:
      return 'fetching';
  }
}
