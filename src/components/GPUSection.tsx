import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { GPUsView } from '../_wire';
import type { ApiError } from '../api/request';
import { groupsOf, hasNone, isIdle } from '../model/gpus';

import { GPUBlock } from './GPUBlock';
import { LoadProblem } from './LoadProblem';
import { Notice } from './Notice';
import { Skeleton } from './Skeleton';
import { problemHeadline } from './problems';
import { clock } from './when';

/** So many GPUs are shown in full, also where nothing works on them. */
const FEW = 2;

export interface IGPUActions {
  onRefreshGPUs: () => void;
}

/** What was read of the GPUs, and how. */
export interface IGPUSectionView {
  reading: GPUsView | null;
  problem: ApiError | null;
}

export interface IGPUSectionProps extends IGPUActions, IGPUSectionView {
  /** The title of a service. */
  titleOf: (service: string) => string;
  /** Who looks. */
  person: string;
  /** Whether the mode lets nothing draw. */
  off: boolean;
  trans: TranslationBundle;
}

/** The GPUs of this machine: their memory, who holds it, how hard they work. */
export function GPUSection(props: IGPUSectionProps): JSX.Element {
  const { problem, reading, trans } = props;
  return (
    <>
      <LoadProblem
        headline={trans.__('The GPUs could not be read')}
        problem={problem}
        onRetry={props.onRefreshGPUs}
        trans={trans}
      />
      {!reading && !problem && (
        <Skeleton label={trans.__('Reading the GPUs')} lines={3} />
      )}
      {reading && <Reading {...props} reading={reading} />}
    </>
  );
}

function Reading(props: IGPUSectionProps & { reading: GPUsView }): JSX.Element {
  const { reading, trans } = props;
  if (hasNone(reading)) {
    return reading.at === null && reading.problem === null ? (
      <Skeleton label={trans.__('Reading the GPUs')} lines={3} />
    ) : (
      <NoGPU {...props} />
    );
  }
  const stale = reading.stale_since;
  const groups = groupsOf(reading.gpus);
  return (
    <>
      {(reading.problem || stale !== null) && (
        <Notice
          kind="warning"
          headline={
            stale === null
              ? problemHeadline(reading.problem?.code ?? '', trans)
              : trans.__(
                  'The GPU driver gives no answer since %1',
                  clock(stale, Date.now() / 1000)
                )
          }
          message={reading.problem?.message}
          remedy={reading.problem?.remedy}
          command={reading.problem?.command}
          code={reading.problem?.code}
          trans={trans}
        />
      )}
      {reading.gpus.length > 0 && (
        <ul
          className="jp-GenAILab-gpus"
          aria-label={trans.__('GPUs')}
          data-stale={stale !== null}
        >
          {groups.map(group => (
            <GPUBlock
              key={group.gpu.id}
              {...group}
              {...props}
              folded={groups.length > FEW && isIdle(group)}
            />
          ))}
        </ul>
      )}
      <p className="jp-GenAILab-small">
        {[
          reading.driver && trans.__('Driver %1', reading.driver),
          reading.cuda && trans.__('CUDA up to %1', reading.cuda)
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </>
  );
}

/** No fault, so no alarm: what would help stands behind one line. */
function NoGPU(props: IGPUSectionProps & { reading: GPUsView }): JSX.Element {
  const { reading, trans } = props;
  const { problem } = reading;
  return (
    <>
      <p className="jp-GenAILab-small">
        {props.off
          ? trans.__('No GPU here.')
          : trans.__(
              'No GPU here. The demo engine and cloud services work all the same.'
            )}
      </p>
      {problem && (
        <details className="jp-GenAILab-details">
          <summary>{trans.__('There should be one?')}</summary>
          <Notice
            kind="info"
            headline={problemHeadline(problem.code, trans)}
            message={problem.message}
            remedy={problem.remedy}
            command={problem.command}
            code={problem.code}
            trans={trans}
          />
        </details>
      )}
    </>
  );
}
