import type { TranslationBundle } from '@jupyterlab/translation';
import { errorIcon, infoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { redact } from '../model/redact';

import { CopyButton } from './CopyButton';
import { Said, said } from './Said';

export interface INoticeProps {
  kind: 'error' | 'warning' | 'info';
  headline: string;
  /** What happened. */
  message?: string;
  /** What to do next. */
  remedy?: string;
  /** A command line that mends it. */
  command?: string | null;
  /** A stable word for whoever helps. */
  code?: string;
  /** Whether message and remedy are the page's own words, though there is a code. */
  own?: boolean;
  /** Whether what happened and what to do is shown only to whoever asks. */
  folded?: boolean;
  /** More about it, above the buttons. */
  details?: React.ReactNode;
  trans: TranslationBundle;
  /** Buttons. */
  children?: React.ReactNode;
}

/** What happened, why, and what to do next. */
export function Notice(props: INoticeProps): JSX.Element {
  const { trans, kind, command, code } = props;
  const message = props.message && said(props.message, trans);
  const remedy = props.remedy && said(props.remedy, trans);
  const Icon = kind === 'info' ? infoIcon : errorIcon;
  const report = [props.headline, message, remedy, command, code && `[${code}]`]
    .filter(Boolean)
    .join('\n');
  const body = <Body {...props} />;
  return (
    <div
      className="jp-GenAILab-notice"
      data-kind={kind}
      role={kind === 'error' ? 'alert' : 'note'}
    >
      <div className="jp-GenAILab-notice-headline">
        <Icon.react tag="span" className="jp-GenAILab-notice-icon" />
        <strong>{props.headline}</strong>
        {code && (
          <CopyButton
            text={redact(report)}
            label={trans.__('Copy this message')}
            trans={trans}
          />
        )}
      </div>
      {props.folded ? (
        <details className="jp-GenAILab-details">
          <summary>{trans.__('Details')}</summary>
          {body}
        </details>
      ) : (
        body
      )}
      {props.children && (
        <div className="jp-GenAILab-notice-actions">{props.children}</div>
      )}
    </div>
  );
}

/** A text with what stands between backquotes as a command that is not torn at its hyphens. */
function withCommands(text: string): React.ReactNode {
  const parts = text.split(/`([^`\n]+)`/);
  return parts.map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part));
}

function Body(props: INoticeProps): JSX.Element {
  const { command, message, remedy, trans } = props;
  const words = (text: string) =>
    props.code && !props.own ? (
      <Said text={text} trans={trans} set={withCommands} />
    ) : (
      withCommands(said(text, trans))
    );
  return (
    <>
      {message && <p>{words(message)}</p>}
      {remedy && <p>{words(remedy)}</p>}
      {command && (
        <div className="jp-GenAILab-notice-command">
          <code>{command}</code>
          <CopyButton
            text={command}
            label={trans.__('Copy the command')}
            trans={trans}
          />
        </div>
      )}
      {props.details}
    </>
  );
}
