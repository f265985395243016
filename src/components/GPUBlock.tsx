import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { GPUView } from '../_wire';
import type { IGPUGroup, IShare } from '../model/gpus';
import { sharesOf } from '../model/gpus';

import { Button } from './Button';
import { MemoryBar, tone } from './MemoryBar';
import { Sparkline } from './Sparkline';
import {
  amountWords,
  figuresWords,
  gpuName,
  holderName,
  idleWords,
  memoryWords,
  modelName,
  powerWords
} from './gpuWords';
import { durationWords } from './words';

/** So many holders of a GPU are listed at once. */
const FIRST = 4;

export interface IGPUBlockProps extends IGPUGroup {
  /** The title of a service. */
  titleOf: (service: string) => string;
  /** Who looks. */
  person: string;
  /** Whether one line is enough for it, with the rest behind it. */
  folded?: boolean;
  trans: TranslationBundle;
}

/** One GPU: its memory and who holds it, how hard it works, and the instances it is cut into. */
export function GPUBlock(props: IGPUBlockProps): JSX.Element {
  const { gpu, trans } = props;
  return (
    <li className="jp-GenAILab-gpu" data-state={gpu.state} data-gpu={gpu.id}>
      {props.folded ? (
        <details className="jp-GenAILab-details">
          <summary title={`${gpu.name}\n${gpu.id}`}>{idleWords(gpu, trans)}</summary>
          <Body {...props} />
        </details>
      ) : (
        <>
          <Head gpu={gpu} trans={trans} />
          <Body {...props} />
        </>
      )}
    </li>
  );
}

function Body(props: IGPUBlockProps): JSX.Element {
  const { gpu, instances, trans } = props;
  return (
    <>
      {gpu.state === 'lost' ? (
        <p className="jp-GenAILab-gpu-lost" role="note">
          {trans.__(
            'The driver does not reach it any more. What ran on it fails; most often the machine has to start again.'
          )}
        </p>
      ) : (
        <Figures {...props} />
      )}
      {gpu.mig === 'unknown' && (
        <p className="jp-GenAILab-small">
          {trans.__('The driver does not say whether it is cut into instances.')}
        </p>
      )}
      {instances.length > 0 && (
        <ul
          className="jp-GenAILab-instances"
          aria-label={trans.__('Instances of %1', gpuName(gpu, trans))}
        >
          {instances.map(instance => (
            <GPUBlock key={instance.id} {...props} gpu={instance} instances={[]} />
          ))}
        </ul>
      )}
    </>
  );
}

function Head(props: { gpu: GPUView; trans: TranslationBundle }): JSX.Element {
  const { gpu, trans } = props;
  return (
    <div className="jp-GenAILab-gpu-head">
      <span className="jp-GenAILab-gpu-name" title={`${gpu.name}\n${gpu.id}`}>
        <b>{gpuName(gpu, trans)}</b> {modelName(gpu)}
      </span>
      <span className="jp-GenAILab-gpu-memory">
        {gpu.state === 'lost' ? trans.__('Lost') : memoryWords(gpu, trans)}
      </span>
    </div>
  );
}

function Figures(props: IGPUBlockProps): JSX.Element {
  const { gpu, instances, trans } = props;
  const figures = figuresWords(gpu, trans);
  const shares = sharesOf(gpu);
  return (
    <>
      {gpu.total_mib !== null && gpu.total_mib > 0 && (
        <MemoryBar
          total={gpu.total_mib}
          shares={shares}
          label={trans.__(
            'Memory of %1: %2',
            gpuName(gpu, trans),
            memoryWords(gpu, trans)
          )}
        />
      )}
      <div className="jp-GenAILab-gpu-figures">
        <span title={powerWords(gpu, trans)}>
          {figures || trans.__('Its load is not told')}
        </span>
        <History gpu={gpu} trans={trans} />
      </div>
      {instances.length === 0 && <Holders {...props} shares={shares} />}
    </>
  );
}

/** Its load lately or, where the driver does not tell that, its memory. */
function History(props: {
  gpu: GPUView;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { gpu, trans } = props;
  const { history, total_mib: total } = gpu;
  const byLoad = history.some(point => point.busy_percent !== null);
  const points = history.map(({ at, busy_percent, used_mib }) => ({
    at,
    value: byLoad ? busy_percent : used_mib && total && (100 * used_mib) / total
  }));
  const values = points.flatMap(({ value }) => value ?? []);
  const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.round);
  if (values.length < 2 || high === 0) {
    // A line along the ground draws nothing.
    return null;
  }
  const seconds = points[points.length - 1].at - points[0].at;
  const duration = durationWords(seconds, trans);
  return (
    <Sparkline
      points={points}
      label={
        byLoad
          ? trans.__('Load of the last %1: %2 to %3 %', duration, low, high)
          : trans.__('Memory of the last %1: %2 to %3 %', duration, low, high)
      }
    />
  );
}

function Holders(
  props: IGPUBlockProps & { shares: readonly IShare[] }
): JSX.Element | null {
  const { gpu, person, shares, titleOf, trans } = props;
  const [all, setAll] = React.useState(false);
  const shown = all ? shares : shares.slice(0, FIRST);
  const hidden = shares.length - shown.length;
  if (shares.every(({ kind }) => kind === 'rest')) {
    // The driver's own share is in the bar; nobody holds anything.
    return null;
  }
  return (
    <>
      <ul
        className="jp-GenAILab-shares"
        aria-label={trans.__('Who holds the memory of %1', gpuName(gpu, trans))}
      >
        {shown.map((share, index) => (
          <li key={index}>
            <span
              className="jp-GenAILab-swatch"
              {...tone(share, index)}
              {...(share.used === 0 && { 'data-reserved': true })}
            />
            <span>{holderName(share, titleOf, person, trans)}</span>
            <span className="jp-GenAILab-amount">{amountWords(share, trans)}</span>
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <Button kind="link" onClick={() => setAll(true)}>
          {trans._n('Show %1 more', 'Show %1 more', hidden)}
        </Button>
      )}
    </>
  );
}
