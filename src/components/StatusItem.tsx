import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { StatusView } from '../_wire';
import type { Connection } from '../model/lab';
import { shownState, toTell } from '../model/needs';

import { StateDot } from './StateDot';
import { progressWords } from './progressWords';
import { serviceWord } from './serviceWords';
import { modeWord } from './words';

export interface IStatusItemProps {
  connection: Connection;
  snapshot: StatusView;
  /** How much GPU memory is used, where somebody looks at the GPUs; else null. */
  gpuMemory: string | null;
  onOpen: () => void;
  trans: TranslationBundle;
}

/** Mode and worst state, in as few words as fit a status bar. */
export function StatusItem(props: IStatusItemProps): JSX.Element {
  const { snapshot, trans } = props;
  const mode = modeWord(snapshot.mode.effective, trans);
  const service = toTell(snapshot.services);
  const lost = props.connection !== 'ready';
  const text = lost
    ? trans.__('GenAI: no answer')
    : service
      ? trans.__('GenAI: %1 · %2', mode, serviceWord(service, trans))
      : trans.__('GenAI: %1', mode);
  const title =
    service && !lost
      ? trans.__('%1: %2', service.title, progressWords(service, trans))
      : trans.__('Open the GenAI panel');
  const memory =
    props.gpuMemory && !lost ? trans.__('GPU memory: %1', props.gpuMemory) : '';
  return (
    <button
      type="button"
      className="jp-GenAILab-statusItem"
      title={[title, memory].filter(Boolean).join('\n')}
      onClick={props.onOpen}
    >
      {service && !lost && <StateDot state={shownState(service)} />}
      <span>{text}</span>
    </button>
  );
}
