import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ApiError } from '../api/request';

import { Button } from './Button';
import { Notice } from './Notice';
import { problemHeadline } from './problems';

export interface ILoadProblemProps {
  /** What could not be loaded, in a sentence. */
  headline: string;
  problem: ApiError | null;
  onRetry: () => void;
  trans: TranslationBundle;
}

/** Why a part of the panel has nothing new to show, and a way to try again. */
export function LoadProblem(props: ILoadProblemProps): JSX.Element | null {
  const { problem, trans } = props;
  if (!problem) {
    return null;
  }
  // What the browser says of a server that it cannot reach helps nobody.
  const message = problem.code === 'unreachable' ? '' : problem.message;
  return (
    <Notice
      kind="warning"
      headline={props.headline}
      message={message || problemHeadline(problem.code, trans)}
      remedy={problem.remedy}
      code={problem.code}
      own={!message}
      trans={trans}
    >
      <Button onClick={props.onRetry}>{trans.__('Try again')}</Button>
    </Notice>
  );
}
