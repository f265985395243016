import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { FolderIndex, NotebookType } from '../_wire';

import { Notice } from './Notice';
import { typeWord } from './needsWords';
import { problemHeadline } from './problems';

const TYPES: readonly NotebookType[] = [
  'GENAI_BASIC',
  'GENAI_ADVANCED',
  'HYBRID',
  'CLASSIC'
];

export interface ICourseTotalsProps {
  index: FolderIndex;
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** How many notebooks are what, and what would help those that cannot run here. */
export function CourseTotals(props: ICourseTotalsProps): JSX.Element {
  const { index, titleOf, trans } = props;
  const { totals } = index;
  const kinds = TYPES.map(
    type => [typeWord(type, trans), totals.by_type[type] ?? 0] as const
  );
  const services = Object.entries(totals.by_service)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => [titleOf(name), count] as const);
  return (
    <>
      <p className="jp-GenAILab-totals">
        {[
          trans._n('%1 notebook', '%1 notebooks', totals.notebooks),
          trans._n('%1 needs images', '%1 need images', totals.needing),
          totals.blocked > 0 &&
            trans._n('%1 cannot run here', '%1 cannot run here', totals.blocked),
          totals.unreadable > 0 &&
            trans._n('%1 is unreadable', '%1 are unreadable', totals.unreadable)
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      <Counts label={trans.__('Kinds')} counts={kinds} />
      <Counts label={trans.__('Services')} counts={services} />
      <Remedies {...props} />
    </>
  );
}

/** What would help those that cannot run here. */
function Remedies(props: ICourseTotalsProps): JSX.Element | null {
  const { index, titleOf, trans } = props;
  const missing = Object.entries(index.unavailable).filter(
    ([name]) => !(name in index.stand_ins)
  );
  return missing.length === 0 ? null : (
    // One notice is read at once; more would push the notebooks out of sight.
    <details className="jp-GenAILab-details" open={missing.length === 1}>
      <summary>{trans.__('What cannot run here, and what helps')}</summary>
      {missing.map(([name, problem]) => (
        <Notice
          key={name}
          kind="warning"
          headline={trans.__(
            '%1: %2',
            titleOf(name),
            problemHeadline(problem.code, trans)
          )}
          message={problem.message}
          remedy={problem.remedy}
          command={problem.command}
          code={problem.code}
          trans={trans}
        />
      ))}
    </details>
  );
}

function Counts(props: {
  label: string;
  counts: readonly (readonly [string, number])[];
}): JSX.Element | null {
  const counts = props.counts.filter(([, count]) => count > 0);
  return counts.length === 0 ? null : (
    <ul className="jp-GenAILab-counts" aria-label={props.label}>
      {counts.map(([name, count]) => (
        <li key={name}>
          {name} <b>{count}</b>
        </li>
      ))}
    </ul>
  );
}
