import * as React from 'react';

export interface IProgressProps {
  /** What progresses, for screen readers. */
  label: string;
  /** Phase, percent and estimate, in words. */
  text: string;
  /** What a screen reader hears: less, so that it does not speak without end. */
  announced: string;
  /** 0 to 100, or null where it is not known. */
  percent: number | null;
}

/** A thin bar with its words under it; what matters of them is announced politely. */
export function Progress(props: IProgressProps): JSX.Element {
  const { percent } = props;
  const value = percent === null ? undefined : Math.round(percent);
  return (
    <div className="jp-GenAILab-progress">
      <div
        className="jp-GenAILab-progress-track"
        role="progressbar"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={value}
        aria-valuetext={props.text}
      >
        <div
          className="jp-GenAILab-progress-bar"
          data-unknown={percent === null}
          style={value === undefined ? undefined : { width: `${value}%` }}
        />
      </div>
      <div className="jp-GenAILab-progress-text">{props.text}</div>
      <div className="jp-GenAILab-unseen" role="status">
        {props.announced}
      </div>
    </div>
  );
}
