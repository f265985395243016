import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { LaunchView, Mode, Profile } from '../_wire';

import { Button } from './Button';
import { Notice } from './Notice';
import { Said } from './Said';
import { cloudTitle, fallbackSentence } from './cloudWords';
import { priceWords } from './moneyWords';

export interface IKernelGiftProps {
  profile: Profile;
  /** The launch of this notebook's kernel, if it was launched with GenAI. */
  launch: LaunchView | undefined;
  hasKernel: boolean;
  mode: Mode;
  onEnable: () => void;
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** What the kernel was told, or why it was told nothing. */
export function KernelGift(props: IKernelGiftProps): JSX.Element {
  const { launch, profile, trans } = props;
  if (!props.hasKernel) {
    return (
      <p>{trans.__('No kernel runs yet; it will be told where the services are.')}</p>
    );
  }
  if (props.mode === 'off') {
    return <p>{trans.__('The mode is off: the kernel is told nothing.')}</p>;
  }
  if (profile.remote && !launch) {
    return (
      <p>
        {trans.__('The notebook names a hosted server itself, so nothing is started.')}
      </p>
    );
  }
  const missing = profile.services.some(
    name => !launch?.services.includes(name) && !profile.remote_services.includes(name)
  );
  return (
    <>
      {launch && <Given launch={launch} titleOf={props.titleOf} trans={trans} />}
      {missing && (
        <Notice
          kind="info"
          headline={
            launch
              ? trans.__('The notebook needs more than its kernel was told')
              : trans.__('The kernel knows no service yet')
          }
          message={
            launch?.reason
              ? trans.__('Enabling keeps its variables.')
              : trans.__(
                  'It started before the notebook needed one. Enabling keeps its variables.'
                )
          }
          trans={trans}
        >
          <Button kind="accept" onClick={props.onEnable}>
            {trans.__('Enable GenAI for this kernel')}
          </Button>
        </Notice>
      )}
    </>
  );
}

function Given(
  props: Pick<IKernelGiftProps, 'titleOf' | 'trans'> & { launch: LaunchView }
): JSX.Element {
  const { launch, trans } = props;
  const skipped = Object.entries(launch.skipped);
  return (
    <>
      {launch.reason && (
        <p>
          <Said text={launch.reason} trans={trans} />
        </p>
      )}
      {launch.fallback_reason && (
        <p>{fallbackSentence(launch.fallback_reason, launch.genai_mode, trans)}</p>
      )}
      {launch.cloud?.given && (
        <p>
          {trans.__(
            '%1 draws while %2 is not to be had (%3).',
            cloudTitle(launch.cloud),
            launch.cloud.services.map(props.titleOf).join(', '),
            priceWords(launch.cloud.price_cents, trans)
          )}
        </p>
      )}
      {launch.variables.length > 0 && (
        <details className="jp-GenAILab-details">
          <summary>
            {trans._n(
              'The kernel was given %1 variable',
              'The kernel was given %1 variables',
              launch.variables.length
            )}
          </summary>
          <ul className="jp-GenAILab-variables">
            {launch.variables.map(name => (
              <li key={name}>
                <code>{name}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
      {skipped.length > 0 && (
        <details className="jp-GenAILab-details">
          <summary>
            {trans._n(
              '%1 variable was left as it is',
              '%1 variables were left as they are',
              skipped.length
            )}
          </summary>
          <ul className="jp-GenAILab-variables">
            {skipped.map(([name, why]) => (
              <li key={name}>
                <code>{name}</code> <Said text={why} trans={trans} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
