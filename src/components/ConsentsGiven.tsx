import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ConsentGiven, ConsentList } from '../_wire';
import type { ApiError } from '../api/request';

import { Button } from './Button';
import { LoadProblem } from './LoadProblem';
import { ago, dateAndTime, useNow } from './when';

/** "3 min. ago" is looked at again this often (seconds). */
const AGES_EVERY = 30;

export interface IConsentsActions {
  onWithdraw: (given: ConsentGiven) => void;
  onRefreshConsents: () => void;
}

/** What was loaded of the consents, and how. */
export interface IConsentsPart {
  list: ConsentList | null;
  problem: ApiError | null;
}

export interface IConsentsGivenProps extends IConsentsPart, IConsentsActions {
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** What the caller has allowed, each with a way to take it back. */
export function ConsentsGiven(props: IConsentsGivenProps): JSX.Element {
  const { list, problem, trans } = props;
  const now = useNow(AGES_EVERY);
  return (
    <>
      <h4 className="jp-GenAILab-subheading">{trans.__('What you allowed')}</h4>
      <LoadProblem
        headline={trans.__('What you allowed could not be loaded')}
        problem={problem}
        onRetry={props.onRefreshConsents}
        trans={trans}
      />
      {list && list.consents.length === 0 && (
        <p className="jp-GenAILab-small">
          {trans.__('Nothing: you are asked before a cloud is used.')}
        </p>
      )}
      {list && list.consents.length > 0 && (
        <ul className="jp-GenAILab-consents" aria-label={trans.__('What you allowed')}>
          {list.consents.map(given => (
            <li key={`${given.kind} ${given.path} ${given.provider} ${given.digest}`}>
              <span>{consentWords(given, props.titleOf, trans)}</span>
              <span className="jp-GenAILab-small" title={dateAndTime(given.since)}>
                {ago(given.since, now)}
              </span>
              <Button
                kind="link"
                aria-label={trans.__(
                  'Withdraw: %1',
                  consentWords(given, props.titleOf, trans)
                )}
                onClick={() => props.onWithdraw(given)}
              >
                {trans.__('Withdraw')}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function consentWords(
  { kind, path, provider }: ConsentGiven,
  titleOf: (service: string) => string,
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'cloud':
      return trans.__('%1 may draw', titleOf(provider));
    case 'upload':
      return trans.__('Pictures may be sent to %1', titleOf(provider));
    case 'metadata':
      return trans.__('What the metadata of %1 asks for', path);
  }
}
