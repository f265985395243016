import * as React from 'react';

const WIDTH = 100;
const HEIGHT = 20;

export interface ISparklineProps {
  /** When (Unix seconds) and how much (0 to 100); null: not told. */
  points: readonly { at: number; value: number | null }[];
  /** What it shows, in words. */
  label: string;
}

/** How something went lately, as a small line; broken where nothing is known. */
export function Sparkline(props: ISparklineProps): JSX.Element {
  const { label, points } = props;
  const first = points[0]?.at ?? 0;
  const span = Math.max(1, (points[points.length - 1]?.at ?? 0) - first);
  let pen = 'M';
  const path = points
    .map(({ at, value }) => {
      if (value === null) {
        pen = 'M';
        return '';
      }
      const x = ((at - first) / span) * WIDTH;
      const y = HEIGHT - (Math.min(100, Math.max(0, value)) / 100) * HEIGHT;
      const step = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = 'L';
      return step;
    })
    .join('');
  return (
    <svg
      className="jp-GenAILab-spark"
      role="img"
      aria-label={label}
      viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`}
      preserveAspectRatio="none"
    >
      <title>{label}</title>
      <path d={path} />
    </svg>
  );
}
