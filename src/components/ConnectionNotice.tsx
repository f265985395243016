import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ApiError } from '../api/request';
import type { Connection } from '../model/lab';

import { Button } from './Button';
import { Notice } from './Notice';
import { Skeleton } from './Skeleton';

export interface IConnectionNoticeProps {
  connection: Connection;
  problem: ApiError | null;
  onRetry: () => void;
  trans: TranslationBundle;
}

/** Why there is nothing fresh to show; nothing when all is well. */
export function ConnectionNotice(props: IConnectionNoticeProps): JSX.Element | null {
  const { connection, problem, trans } = props;
  if (connection === 'ready') {
    return null;
  }
  if (connection === 'loading') {
    return <Skeleton label={trans.__('Asking the server')} lines={5} />;
  }
  const retry = <Button onClick={props.onRetry}>{trans.__('Try again')}</Button>;
  if (connection === 'absent') {
    return (
      <Notice
        kind="info"
        headline={trans.__('GenAI is off on this server')}
        message={trans.__(
          'Its server extension is not running, so notebooks run as they always did.'
        )}
        remedy={trans.__('Enable it, then start the server again:')}
        command="jupyter server extension enable coursia_genai_lab"
        trans={trans}
      >
        {retry}
      </Notice>
    );
  }
  if (connection === 'forbidden') {
    return (
      <Notice
        kind="warning"
        headline={trans.__('You may not see the services of this server')}
        message={problem?.message}
        remedy={trans.__(
          'Log in again, or ask the person who administers this server.'
        )}
        code={problem?.code}
        own
        trans={trans}
      >
        {retry}
      </Notice>
    );
  }
  return (
    <Notice
      kind="error"
      headline={trans.__('The server does not answer')}
      message={problem?.status ? problem.message : undefined}
      remedy={
        problem?.remedy ||
        trans.__('Check that the Jupyter server still runs. This page keeps trying.')
      }
      code={problem?.code}
      own={!problem?.remedy}
      trans={trans}
    >
      {retry}
    </Notice>
  );
}
