import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ServiceView } from '../_wire';
import { shownState } from '../model/needs';
import type { Choice } from '../model/word';

import { StateDot } from './StateDot';
import { choiceWord } from './needsWords';
import { progressWords } from './progressWords';
import { serviceWord } from './serviceWords';

export interface IChipProps {
  /** The service in the worst state; null where the kernel was given none. */
  service: ServiceView | null;
  /** What the notebook's metadata says of its needs. */
  choice: Choice;
  /** Whether the server does not answer, so that nothing of this is known. */
  lost: boolean;
  onOpen: () => void;
  /** Show the choices, below the given part of the page. */
  onMenu: (anchor: HTMLElement) => void;
  trans: TranslationBundle;
}

/** A service's state in one word, and the choices of who teaches with the notebook. */
export function Chip(props: IChipProps): JSX.Element {
  const { choice, lost, trans } = props;
  const service = lost ? null : props.service;
  const word = service ? serviceWord(service, trans) : choiceWord(choice, trans);
  const title = service
    ? trans.__('%1: %2', service.title, progressWords(service, trans))
    : lost
      ? trans.__('The server does not answer')
      : trans.__('The notebook’s metadata says what it needs');
  return (
    <>
      <button
        type="button"
        className="jp-GenAILab-chip-button"
        title={title}
        onClick={props.onOpen}
      >
        {service && <StateDot state={shownState(service)} />}
        <span>{lost ? trans.__('GenAI: no answer') : trans.__('GenAI: %1', word)}</span>
      </button>
      <button
        type="button"
        className="jp-GenAILab-chip-button jp-GenAILab-chip-menu"
        aria-haspopup="menu"
        aria-label={trans.__('Set what this notebook needs')}
        title={trans.__('Set what this notebook needs')}
        onClick={event => props.onMenu(event.currentTarget)}
      >
        <caretDownIcon.react tag="span" />
      </button>
    </>
  );
}
