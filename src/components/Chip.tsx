import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ServiceView } from '../_wire';

import { StateDot } from './StateDot';
import { progressWords, stateWord } from './words';

export interface IChipProps {
  service: ServiceView;
  onOpen: () => void;
  trans: TranslationBundle;
}

/** A service's state in one word. */
export function Chip(props: IChipProps): JSX.Element {
  const { service, trans } = props;
  return (
    <button
      type="button"
      className="jp-GenAILab-chip-button"
      title={trans.__('%1: %2', service.title, progressWords(service, trans))}
      onClick={props.onOpen}
    >
      <StateDot state={service.state} />
      <span>{trans.__('GenAI: %1', stateWord(service.state, trans))}</span>
    </button>
  );
}
