import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Section } from '../_wire';

import { Button } from './Button';
import { cellRange } from './needsWords';

/** A notebook may turn a hundred times; the first turns show how it goes. */
const FIRST = 8;

export interface ISectionListProps {
  sections: readonly Section[];
  /** The title of a service. */
  titleOf: (service: string) => string;
  onReveal: (section: Section) => void;
  trans: TranslationBundle;
}

/** Where a notebook turns from classic cells to cells that make images, and back. */
export function SectionList(props: ISectionListProps): JSX.Element {
  const { sections, titleOf, trans } = props;
  const [all, setAll] = React.useState(false);
  const shown = all ? sections : sections.slice(0, FIRST);
  const hidden = sections.length - shown.length;
  return (
    <>
      <div className="jp-GenAILab-strip" aria-hidden="true">
        {sections.map(section => (
          <span
            key={section.first_cell}
            data-kind={section.kind}
            style={{ flexGrow: section.last_cell - section.first_cell + 1 }}
          />
        ))}
      </div>
      <ul className="jp-GenAILab-sections" aria-label={trans.__('Where it turns')}>
        {shown.map(section => (
          <li key={section.first_cell}>
            <button
              type="button"
              className="jp-GenAILab-run"
              data-kind={section.kind}
              title={trans.__('Go to cell %1', section.first_cell + 1)}
              onClick={() => props.onReveal(section)}
            >
              <span>{cellRange(section, trans)}</span>
              <span className="jp-GenAILab-run-kind">
                {section.kind === 'classic'
                  ? trans.__('Classic')
                  : section.services.map(titleOf).join(', ') || trans.__('Images')}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <Button kind="link" onClick={() => setAll(true)}>
          {trans._n('Show %1 more part', 'Show %1 more parts', hidden)}
        </Button>
      )}
    </>
  );
}
