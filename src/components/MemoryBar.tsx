import * as React from 'react';

import type { IShare } from '../model/gpus';

export interface IMemoryBarProps {
  /** MiB of the whole. */
  total: number;
  shares: readonly IShare[];
  /** What it shows, in words. */
  label: string;
}

/** Who holds how much of a GPU's memory; what is declared and not in use yet is hatched. */
export function MemoryBar(props: IMemoryBarProps): JSX.Element {
  const { label, shares, total } = props;
  const part = (mib: number) => ({ width: `${(100 * mib) / total}%` });
  return (
    <div className="jp-GenAILab-memory" role="img" aria-label={label}>
      {shares.map((share, index) => (
        <React.Fragment key={`${share.kind} ${share.label} ${index}`}>
          {(share.used ?? 0) > 0 && (
            <span {...tone(share, index)} style={part(share.used ?? 0)} />
          )}
          {share.reserved > 0 && (
            <span {...tone(share, index)} data-reserved style={part(share.reserved)} />
          )}
        </React.Fragment>
      ))}
    </div>
  );
}

/** Colours in a row, so that neighbours differ. */
const TONES = 4;

/** What gives a share its colour, in the bar and in the list below it. */
export function tone(share: IShare, index: number): Record<string, string | number> {
  return {
    'data-kind': share.kind,
    ...(share.kind === 'ours' && { 'data-tone': index % TONES })
  };
}
