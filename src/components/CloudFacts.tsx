import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ModelInfo, ServiceView, UsageView } from '../_wire';
import { capOf, sharesOf } from '../model/usage';

import { Button } from './Button';
import { Fact } from './Fact';
import { Meter } from './Meter';
import { Said } from './Said';
import { priceWords } from './moneyWords';
import { problemHeadline } from './problems';
import { currencyWord, shareWords } from './usageWords';
import { dateAndTime } from './when';

/** A provider may sell hundreds; the first few show what they cost. */
const FIRST = 8;

export interface ICloudFactsProps {
  service: ServiceView;
  /** The models that may be named in a call; null: not known yet. */
  offers: readonly ModelInfo[] | null;
  usage: UsageView | null;
  trans: TranslationBundle;
}

/** What one looks up of a cloud: whether its key is here, what it costs, what may be spent. */
export function CloudFacts(props: ICloudFactsProps): JSX.Element {
  const { offers, service, trans, usage } = props;
  const [all, setAll] = React.useState(false);
  const own = (offers ?? []).filter(offer => offer.service === service.name);
  own.sort((one, other) => Number(other.available) - Number(one.available));
  const shown = all ? own : own.slice(0, FIRST);
  const hidden = own.length - shown.length;
  const cap = capOf(usage, service.name);
  const money = cap ? sharesOf(cap).find(({ currency }) => currency === 'cents') : null;
  return (
    <dl>
      <Fact term={trans.__('Key')}>
        {service.problem?.code === 'no_key'
          ? trans.__('Missing')
          : trans.__('Present; no kernel and no page ever sees it')}
      </Fact>
      {service.last_word && (
        <Fact term={trans.__('Last call')}>
          {dateAndTime(service.last_word.at)}
          {service.last_word.problem && (
            <>
              {` · ${problemHeadline(service.last_word.problem.code, trans)}. `}
              <Said text={service.last_word.problem.message} trans={trans} />
            </>
          )}
        </Fact>
      )}
      {money && (
        <Fact term={trans.__('Today')}>
          <Meter
            label={currencyWord('cents', trans)}
            words={shareWords(money, trans)}
            value={money.left}
            max={money.limit}
            level={money.level}
          />
        </Fact>
      )}
      {own.length > 0 && (
        <Fact term={trans.__('Models')}>
          <ul className="jp-GenAILab-offers">
            {shown.map(offer => (
              <Offer key={offer.id} offer={offer} trans={trans} />
            ))}
          </ul>
          {hidden > 0 && (
            <Button kind="link" onClick={() => setAll(true)}>
              {trans._n('Show %1 more', 'Show %1 more', hidden)}
            </Button>
          )}
        </Fact>
      )}
    </dl>
  );
}

function Offer(props: { offer: ModelInfo; trans: TranslationBundle }): JSX.Element {
  const { offer, trans } = props;
  return (
    <li title={offer.id}>
      {offer.title}
      <br />
      <span className="jp-GenAILab-small">
        {offer.available
          ? priceWords(offer.price_cents, trans)
          : trans.__('Not available')}
      </span>
      {!offer.available && offer.reason && (
        <span className="jp-GenAILab-small">
          {' · '}
          <Said text={offer.reason} trans={trans} />
        </span>
      )}
    </li>
  );
}
