import * as React from 'react';

const CLASSES = {
  plain: 'jp-mod-styled jp-GenAILab-button',
  accept: 'jp-mod-styled jp-mod-accept jp-GenAILab-button',
  link: 'jp-GenAILab-link'
};

export interface IButtonProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  /** `accept`: what most want here; `link`: no more than a line of text; else plain. */
  kind?: keyof typeof CLASSES;
}

/** A button with a text. */
export function Button({ kind = 'plain', ...rest }: IButtonProps): JSX.Element {
  return <button type="button" className={CLASSES[kind]} {...rest} />;
}
