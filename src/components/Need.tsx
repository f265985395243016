import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Profile, ServiceView } from '../_wire';
import { shownState } from '../model/needs';

import { StateDot } from './StateDot';
import { serviceWord } from './serviceWords';

export interface INeedProps {
  name: string;
  service: ServiceView | undefined;
  /** Title of the service that answers in its place, if one does. */
  standIn: string | null;
  profile: Profile;
  trans: TranslationBundle;
}

/** One service that a notebook needs: how it is, and how much the notebook depends on it. */
export function Need(props: INeedProps): JSX.Element {
  const { name, profile, service, standIn, trans } = props;
  const hosted = profile.remote_services.includes(name);
  const marks = [
    profile.optional.includes(name) && {
      word: trans.__('optional'),
      why: trans.__('The notebook runs without it; it starts when it is first called.')
    },
    hosted && {
      word: trans.__('hosted elsewhere'),
      why: trans.__(
        'The notebook names a hosted server for it: nothing is started here.'
      )
    },
    profile.widened.includes(name) && {
      word: trans.__('only its metadata'),
      why: trans.__('Its code does not show it: it starts once somebody agreed.')
    }
  ].filter(mark => mark !== false);
  const state = service
    ? [serviceWord(service, trans), standIn && trans.__('%1 stands in', standIn)]
        .filter(Boolean)
        .join(' · ')
    : trans.__('Not in the catalogue');
  return (
    <li>
      {service && !hosted && <StateDot state={shownState(service)} />}
      <span className="jp-GenAILab-needs-title">
        {service?.title ?? name}
        {marks.map(({ word, why }) => (
          <React.Fragment key={word}>
            {' '}
            <span className="jp-GenAILab-tag" title={why}>
              {word}
            </span>
          </React.Fragment>
        ))}
      </span>
      {!hosted && <span className="jp-GenAILab-needs-state">{state}</span>}
    </li>
  );
}
