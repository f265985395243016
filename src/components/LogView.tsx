import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ApiError } from '../api/request';

import { Notice } from './Notice';
import { Skeleton } from './Skeleton';
import { problemHeadline } from './problems';

export interface ILogViewProps {
  /** Null until loaded. */
  lines: readonly string[] | null;
  problem: ApiError | null;
  title: string;
  trans: TranslationBundle;
}

/** The last lines of a service's output; it stays at the end unless one scrolls up. */
export function LogView(props: ILogViewProps): JSX.Element {
  const { lines, problem, trans } = props;
  const box = React.useRef<HTMLPreElement>(null);
  const atEnd = React.useRef(true);
  React.useLayoutEffect(() => {
    if (box.current && atEnd.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [lines]);
  const onScroll = (event: React.UIEvent<HTMLPreElement>) => {
    const { clientHeight, scrollHeight, scrollTop } = event.currentTarget;
    atEnd.current = scrollTop + clientHeight >= scrollHeight - 4;
  };
  if (problem) {
    return (
      <Notice
        kind="warning"
        headline={problemHeadline(problem.code, trans)}
        message={problem.message}
        remedy={problem.remedy}
        code={problem.code}
        trans={trans}
      />
    );
  }
  if (!lines) {
    return <Skeleton label={trans.__('Loading the log')} lines={6} />;
  }
  if (lines.length === 0) {
    return (
      <p className="jp-GenAILab-quiet">{trans.__('It has written nothing yet.')}</p>
    );
  }
  return (
    <pre
      ref={box}
      className="jp-GenAILab-log-lines"
      role="log"
      aria-label={trans.__('Log of %1', props.title)}
      tabIndex={0}
      onScroll={onScroll}
    >
      {lines.join('\n')}
    </pre>
  );
}
