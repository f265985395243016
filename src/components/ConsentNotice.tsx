import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ConsentNeeded } from '../_wire';

import { Button } from './Button';
import { Notice } from './Notice';

export interface IConsentNoticeProps {
  asked: ConsentNeeded;
  declined: boolean;
  busy: boolean;
  /** The title of a service. */
  titleOf: (service: string) => string;
  onStart: () => void;
  onLater: () => void;
  trans: TranslationBundle;
}

/** A notebook's metadata asks for more than its code shows: a person decides. */
export function ConsentNotice(props: IConsentNoticeProps): JSX.Element {
  const { asked, busy, declined, trans } = props;
  const titles = asked.services.map(props.titleOf).join(', ');
  const start = busy ? trans.__('Starting…') : trans.__('Start it');
  if (declined) {
    return (
      <p className="jp-GenAILab-later">
        <span>{trans.__('Not started: %1.', titles)}</span>
        <Button kind="link" disabled={busy} onClick={props.onStart}>
          {start}
        </Button>
      </p>
    );
  }
  return (
    <Notice
      kind="warning"
      headline={trans.__('It asks for %1', titles)}
      message={consentQuestion(titles, trans)}
      trans={trans}
    >
      <Button kind="accept" disabled={busy} onClick={props.onStart}>
        {start}
      </Button>
      <Button disabled={busy} onClick={props.onLater}>
        {trans.__('Not now')}
      </Button>
    </Notice>
  );
}

/** What is asked, in one sentence and a question. */
export function consentQuestion(titles: string, trans: TranslationBundle): string {
  return trans.__(
    'This notebook’s metadata asks for %1, which its code does not show. Start it?',
    titles
  );
}
