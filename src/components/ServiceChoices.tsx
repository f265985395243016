import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ServiceView } from '../_wire';
import { shownState } from '../model/needs';

import { StateDot } from './StateDot';
import { serviceWord } from './serviceWords';

export interface IServiceChoicesProps {
  /** Names, also of services that the catalogue does not know. */
  chosen: readonly string[];
  services: readonly ServiceView[];
  onToggle: (service: string) => void;
  trans: TranslationBundle;
}

/** The catalogue as boxes to tick. */
export function ServiceChoices(props: IServiceChoicesProps): JSX.Element {
  const { chosen, services, trans } = props;
  const known = new Set(services.map(service => service.name));
  const unknown = chosen.filter(name => !known.has(name));
  return (
    <ul
      className="jp-GenAILab-choices"
      aria-label={trans.__('Services to choose from')}
    >
      {services.map(service => (
        <Choice
          key={service.name}
          title={service.title}
          state={serviceWord(service, trans)}
          dot={<StateDot state={shownState(service)} />}
          checked={chosen.includes(service.name)}
          onToggle={() => props.onToggle(service.name)}
        />
      ))}
      {unknown.map(name => (
        <Choice
          key={name}
          title={name}
          state={trans.__('Not in the catalogue')}
          checked={true}
          onToggle={() => props.onToggle(name)}
        />
      ))}
      {chosen.length === 0 && (
        <li className="jp-GenAILab-small">
          {trans.__('None is ticked: the notebook counts as one that needs nothing.')}
        </li>
      )}
    </ul>
  );
}

function Choice(props: {
  title: string;
  state: string;
  dot?: React.ReactNode;
  checked: boolean;
  onToggle: () => void;
}): JSX.Element {
  return (
    <li>
      <label className="jp-GenAILab-choice">
        <input type="checkbox" checked={props.checked} onChange={props.onToggle} />
        <span className="jp-GenAILab-choice-title">{props.title}</span>
        <span className="jp-GenAILab-choice-state">
          {props.dot}
          {props.state}
        </span>
      </label>
    </li>
  );
}
