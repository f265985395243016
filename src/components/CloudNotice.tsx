import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ConsentNeeded } from '../_wire';

import { Button } from './Button';
import { Fact } from './Fact';
import { Notice } from './Notice';
import { Said, said } from './Said';
import {
  cloudQuestion,
  cloudTitle,
  heldWords,
  webAddress,
  whyCloud
} from './cloudWords';
import { priceWords } from './moneyWords';

export interface ICloudNoticeProps {
  asked: ConsentNeeded;
  /** Whether nothing waits for it: a way on for a notebook whose service is not there. */
  offer?: boolean;
  busy: boolean;
  onAllow: (asked: ConsentNeeded) => void;
  /** Without it there is nothing to put off. */
  onLater?: (asked: ConsentNeeded) => void;
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** A cloud would draw, or be sent pictures: a person decides, knowing why, where and for how much. */
export function CloudNotice(props: ICloudNoticeProps): JSX.Element {
  const { asked, busy, onLater, trans } = props;
  const question = props.offer
    ? trans.__('%1 could draw meanwhile, for money', cloudTitle(asked))
    : cloudQuestion(asked, trans);
  const held = heldWords(asked.waiting, trans);
  const allow = busy
    ? trans.__('Allowing…')
    : props.offer
      ? trans.__('Use the cloud')
      : trans.__('Allow');
  return (
    <section className="jp-GenAILab-question" aria-label={question}>
      <Notice
        kind={props.offer ? 'info' : 'warning'}
        headline={question}
        message={held}
        details={<CloudTerms {...props} />}
        trans={trans}
      >
        <Button kind="accept" disabled={busy} onClick={() => props.onAllow(asked)}>
          {allow}
        </Button>
        {onLater && (
          <Button disabled={busy} onClick={() => onLater(asked)}>
            {trans.__('Not now')}
          </Button>
        )}
      </Notice>
    </section>
  );
}

/** What a person should know before allowing a cloud: why, what for, how much, where it all goes. */
export function CloudTerms(
  props: Pick<ICloudNoticeProps, 'asked' | 'titleOf' | 'trans'>
): JSX.Element {
  const { asked, titleOf, trans } = props;
  const policy = webAddress(asked.policy_url);
  return (
    <dl className="jp-GenAILab-terms">
      <Fact term={trans.__('Why')}>
        <span title={asked.reason ? said(asked.reason.message, trans) : undefined}>
          {whyCloud(asked, trans)}
        </span>
      </Fact>
      {asked.services.length > 0 && (
        <Fact term={trans.__('In place of')}>
          {asked.services.map(titleOf).join(', ')}
        </Fact>
      )}
      {asked.model && (
        <Fact term={trans.__('Model')}>
          <code>{asked.model}</code>
        </Fact>
      )}
      <Fact term={trans.__('Price')}>{priceWords(asked.price_cents, trans)}</Fact>
      <Fact term={trans.__('Holds for')}>
        {trans.__('every model of %1, until you withdraw it', cloudTitle(asked))}
      </Fact>
      <Fact term={trans.__('Your data')}>
        {asked.kind === 'upload'
          ? trans.__(
              'The pictures that you give to the call, and its prompt, leave this machine.'
            )
          : trans.__('Your prompts leave this machine.')}{' '}
        {asked.data && <Said text={asked.data} trans={trans} />}{' '}
        {policy && (
          <a href={policy} target="_blank" rel="noopener noreferrer">
            {trans.__('What %1 does with it', cloudTitle(asked))}
          </a>
        )}
      </Fact>
    </dl>
  );
}
