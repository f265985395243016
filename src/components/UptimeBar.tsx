import * as React from 'react';

import type { IPart } from '../model/health';

export interface IUptimeBarProps {
  parts: readonly IPart[];
  /** What it shows, in words. */
  label: string;
}

/** When something answered, as full stretches of a hollow bar. */
export function UptimeBar({ label, parts }: IUptimeBarProps): JSX.Element {
  return (
    <div className="jp-GenAILab-uptime" role="img" aria-label={label} title={label}>
      {parts.map(({ left, width }) => (
        <span key={left} style={{ left: `${left}%`, width: `${width}%` }} />
      ))}
    </div>
  );
}
