import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface ISectionProps {
  /** Stable name, remembered with the collapsed state. */
  name: string;
  title: string;
  /** A short word beside the title, readable while the section is closed. */
  summary?: string;
  open: boolean;
  onToggle: (name: string, open: boolean) => void;
  children: React.ReactNode;
}

/** A named part of the panel that a person may fold away. */
export function Section(props: ISectionProps): JSX.Element {
  const { name, open } = props;
  const bodyId = `jp-GenAILab-section-${name}`;
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <section className="jp-GenAILab-section" aria-label={props.title}>
      <h3 className="jp-GenAILab-section-heading">
        <button
          type="button"
          className="jp-GenAILab-section-toggle"
          aria-expanded={open}
          aria-controls={bodyId}
          onClick={() => props.onToggle(name, !open)}
        >
          <Caret.react tag="span" className="jp-GenAILab-section-caret" />
          <span className="jp-GenAILab-section-title">{props.title}</span>
          {props.summary && (
            <span className="jp-GenAILab-section-summary">{props.summary}</span>
          )}
        </button>
      </h3>
      <div id={bodyId} className="jp-GenAILab-section-body" hidden={!open}>
        {open && props.children}
      </div>
    </section>
  );
}
