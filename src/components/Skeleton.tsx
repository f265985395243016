import * as React from 'react';

/** Grey lines where text will be; screen readers hear the label instead. */
export function Skeleton(props: { label: string; lines: number }): JSX.Element {
  return (
    <div className="jp-GenAILab-skeleton" role="status" aria-label={props.label}>
      {Array.from({ length: props.lines }, (_, index) => (
        <div key={index} className="jp-GenAILab-skeleton-line" aria-hidden="true" />
      ))}
    </div>
  );
}
