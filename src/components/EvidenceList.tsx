import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Evidence } from '../_wire';

import { Button } from './Button';
import { ruleWords } from './needsWords';

/** A notebook may hold hundreds of hits; the first few say why. */
const FIRST = 5;

interface IPlace extends Evidence {
  rules: readonly string[];
}

export interface IEvidenceListProps {
  evidence: readonly Evidence[];
  /** The title of a service. */
  titleOf: (service: string) => string;
  onReveal: (evidence: Evidence) => void;
  trans: TranslationBundle;
}

/** Why we think that a notebook needs a service; each line leads to its place. */
export function EvidenceList(props: IEvidenceListProps): JSX.Element {
  const { trans } = props;
  const evidence = placesOf(props.evidence);
  const [all, setAll] = React.useState(false);
  const shown = all ? evidence : evidence.slice(0, FIRST);
  const hidden = evidence.length - shown.length;
  return (
    <>
      <ul className="jp-GenAILab-evidence">
        {shown.map((item, index) => (
          <li key={index}>
            <EvidenceLine {...props} item={item} />
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <Button kind="link" onClick={() => setAll(true)}>
          {trans._n('Show %1 more place', 'Show %1 more places', hidden)}
        </Button>
      )}
    </>
  );
}

/** One entry a line of code: several rules often point at the same one. */
function placesOf(evidence: readonly Evidence[]): IPlace[] {
  const places = new Map<string, IPlace>();
  for (const item of evidence) {
    // Outside of the cells it is the rule that says where: the metadata, a file nearby.
    const place = item.cell < 0 ? item.rule : `${item.cell} ${item.line}`;
    const key = `${place} ${item.service}`;
    const known = places.get(key);
    places.set(key, {
      ...(known ?? item),
      rules: [...(known?.rules ?? []), item.rule]
    });
  }
  return [...places.values()];
}

function EvidenceLine(props: IEvidenceListProps & { item: IPlace }): JSX.Element {
  const { item, trans } = props;
  const where = placeWords(item, trans);
  const what = (
    <>
      <span className="jp-GenAILab-evidence-where">
        {where}
        <span className="jp-GenAILab-evidence-service">
          {props.titleOf(item.service)}
        </span>
      </span>
      {item.excerpt && (
        <code className="jp-GenAILab-evidence-excerpt">{item.excerpt}</code>
      )}
      {item.rules.filter(isSurprising).map(rule => (
        <span key={rule} className="jp-GenAILab-evidence-service">
          {ruleWords(rule, trans)}
        </span>
      ))}
    </>
  );
  const title = [item.excerpt, ...item.rules.map(rule => ruleWords(rule, trans))].join(
    '\n'
  );
  if (item.cell < 0) {
    return (
      <div className="jp-GenAILab-evidence-line" title={title}>
        {what}
      </div>
    );
  }
  return (
    <button
      type="button"
      className="jp-GenAILab-evidence-line"
      title={title}
      onClick={() => props.onReveal(item)}
    >
      {what}
    </button>
  );
}

function placeWords(item: IPlace, trans: TranslationBundle): string {
  if (item.cell >= 0) {
    return item.line > 0
      ? trans.__('Cell %1, line %2', item.cell + 1, item.line)
      : trans.__('Cell %1', item.cell + 1);
  }
  return item.rule === 'remote:.env'
    ? trans.__('The nearest .env file')
    : trans.__('Notebook metadata');
}

/** Whether the line alone would not tell why it counts as it does. */
function isSurprising(rule: string): boolean {
  return rule.startsWith('switch:') || rule.startsWith('remote:');
}
