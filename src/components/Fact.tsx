import * as React from 'react';

/** One line of a list of facts: what it is about, and what is so. */
export function Fact(props: { term: string; children: React.ReactNode }): JSX.Element {
  return (
    <div className="jp-GenAILab-fact">
      <dt>{props.term}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
