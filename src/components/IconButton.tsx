import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IIconButtonProps {
  icon: LabIcon;
  /** Said by screen readers and shown on hover. */
  label: string;
  disabled?: boolean;
  /** Whether it opens a menu. */
  menu?: boolean;
  onClick: (button: HTMLElement) => void;
}

/** A small button that is only an icon to the eye. */
export function IconButton(props: IIconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      className="jp-GenAILab-iconButton"
      aria-label={props.label}
      title={props.label}
      aria-haspopup={props.menu ? 'menu' : undefined}
      disabled={props.disabled}
      onClick={event => props.onClick(event.currentTarget)}
    >
      <props.icon.react tag="span" elementSize="normal" />
    </button>
  );
}
