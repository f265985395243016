import * as React from 'react';

export interface IMeterProps {
  /** What it measures. */
  label: string;
  /** What it shows, in words: said by screen readers, and read beside it. */
  words: string;
  value: number;
  max: number;
  /** How it stands: told by a pattern as well as by colour. */
  level: 'enough' | 'low' | 'none';
}

/** How much is left of something. */
export function Meter(props: IMeterProps): JSX.Element {
  const { label, level, max, value, words } = props;
  const part = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <div className="jp-GenAILab-meter" data-level={level}>
      <span>{label}</span>
      <span className="jp-GenAILab-meter-words">{words}</span>
      <div
        className="jp-GenAILab-meter-bar"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={max}
        aria-valuenow={Math.min(value, max)}
        aria-valuetext={words}
      >
        <span style={{ width: `${100 * part}%` }} />
      </div>
    </div>
  );
}
