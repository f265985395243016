import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PolicyView } from '../_wire';
import type { ApiError } from '../api/request';

import { Fact } from './Fact';
import { LoadProblem } from './LoadProblem';
import { Notice } from './Notice';
import { Skeleton } from './Skeleton';
import { fallbackMeaning, quotaWords } from './policyWords';
import { problemHeadline } from './problems';
import { dateAndTime } from './when';
import { durationWords } from './words';

export interface IPolicyActions {
  onRefreshPolicy: () => void;
}

/** What was loaded of the policy, and how. */
export interface IPolicyPart {
  policy: PolicyView | null;
  problem: ApiError | null;
}

export interface IPolicySectionProps extends IPolicyPart, IPolicyActions {
  /** Whether the server enforces the mode, as its snapshot says. */
  enforced: boolean;
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** What holds besides the mode, where it comes from, and what of it can be got around. */
export function PolicySection(props: IPolicySectionProps): JSX.Element {
  const { policy, problem, trans } = props;
  return (
    <>
      <LoadProblem
        headline={trans.__('The policy could not be loaded')}
        problem={problem}
        onRetry={props.onRefreshPolicy}
        trans={trans}
      />
      {!policy && !problem && (
        <Skeleton label={trans.__('Loading the policy')} lines={3} />
      )}
      {policy && <Rules {...props} policy={policy} />}
      <Enforcement {...props} />
    </>
  );
}

function Rules(props: IPolicySectionProps & { policy: PolicyView }): JSX.Element {
  const { policy, titleOf, trans } = props;
  const { models, quotas, queue_seconds: wait, text } = policy;
  return (
    <>
      <h4 className="jp-GenAILab-subheading">{trans.__('Policy')}</h4>
      {policy.problem && (
        <Notice
          kind="warning"
          headline={problemHeadline(policy.problem.code, trans)}
          message={policy.problem.message}
          remedy={policy.problem.remedy}
          command={policy.problem.command}
          code={policy.problem.code}
          trans={trans}
        />
      )}
      <dl className="jp-GenAILab-terms">
        {policy.course && <Fact term={trans.__('Course')}>{policy.course}</Fact>}
        <Fact term={trans.__('Without a local service')}>
          {fallbackMeaning(policy.fallback, trans)}
          {wait !== null && (
            <p className="jp-GenAILab-small">
              {trans.__(
                'A wait in line of more than %1 counts as not available.',
                durationWords(wait, trans)
              )}
            </p>
          )}
        </Fact>
        <Fact term={trans.__('Models')}>
          {models === null ? (
            trans.__('All')
          ) : models.length === 0 ? (
            trans.__('None')
          ) : (
            <ul>
              {models.map(pattern => (
                <li key={pattern}>
                  <code>{pattern}</code>
                </li>
              ))}
            </ul>
          )}
        </Fact>
        <Fact term={trans.__('Text models')}>
          {text.models.includes('*')
            ? trans.__('All')
            : text.models.join(', ') || trans.__('None')}
        </Fact>
        <Fact term={trans.__('Quotas')}>
          {quotas.length > 0 ? (
            <ul>
              {quotas.map(quota => (
                <li key={`${quota.scope} ${quota.name} ${quota.window}`}>
                  {quotaWords(quota, titleOf, trans)}
                </li>
              ))}
            </ul>
          ) : (
            trans.__('None')
          )}
        </Fact>
        {policy.groups.length > 0 && (
          <Fact term={trans.__('Your groups')}>{policy.groups.join(', ')}</Fact>
        )}
        <Fact term={trans.__('Source')}>
          {policy.source ? (
            <>
              <span>{policy.source}</span>
              {policy.read_at !== null && (
                <p className="jp-GenAILab-small">
                  {trans.__('Read well: %1', dateAndTime(policy.read_at))}
                </p>
              )}
            </>
          ) : (
            trans.__('The settings of this server; no policy of a class is read.')
          )}
        </Fact>
      </dl>
    </>
  );
}

/** What cannot be got around, and what can. */
function Enforcement(props: IPolicySectionProps): JSX.Element {
  const { trans } = props;
  const enforced = props.policy?.enforced ?? props.enforced;
  return (
    <>
      <h4 className="jp-GenAILab-subheading">{trans.__('What is enforced')}</h4>
      <p className="jp-GenAILab-small">
        {trans.__(
          'Each call through the Lab is checked when it is made: mode, models, quotas, consents.'
        )}
      </p>
      <p className="jp-GenAILab-small">
        {enforced
          ? trans.__(
              'The server enforces the mode for every notebook: the keys of providers are out of its kernels’ reach.'
            )
          : trans.__(
              'Nothing more is enforced here: on your own machine a notebook can do whatever you can, also read the keys that this server reads and call a provider by itself.'
            )}
      </p>
    </>
  );
}
