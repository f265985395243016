import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from './IconButton';

export interface ICopyButtonProps {
  text: string;
  label: string;
  trans: TranslationBundle;
}

/** Copies a text, and says so until the pointer or the focus goes elsewhere. */
export function CopyButton(props: ICopyButtonProps): JSX.Element {
  const [copied, setCopied] = React.useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(props.text);
    setCopied(true);
  };
  const forget = () => setCopied(false);
  return (
    <span onBlur={forget} onMouseLeave={forget}>
      <IconButton
        icon={copied ? checkIcon : copyIcon}
        label={copied ? props.trans.__('Copied') : props.label}
        onClick={() => void copy()}
      />
    </span>
  );
}
