import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { FolderIndex } from '../_wire';
import type { IEntry, Outlook } from '../model/course';
import { entriesOf } from '../model/course';

import { Button } from './Button';
import { outlookWord, typeWord } from './needsWords';
import { problemHeadline } from './problems';

/** As many entries as one looks through; a page with a thousand buttons is slow to lay out. */
const PAGE = 60;

export interface ICourseListProps {
  index: FolderIndex;
  /** The title of a service. */
  titleOf: (service: string) => string;
  onOpen: (path: string) => void;
  trans: TranslationBundle;
}

/** The notebooks of a folder: those that cannot run here come first. */
export function CourseList(props: ICourseListProps): JSX.Element {
  const { index, trans } = props;
  const [onlyNeeding, setOnlyNeeding] = React.useState(true);
  const [shown, setShown] = React.useState(PAGE);
  const entries = React.useMemo(() => sorted(entriesOf(index)), [index]);
  const needing = entries.filter(entry => entry.outlook !== 'classic');
  const listed = onlyNeeding ? needing : entries;
  const hidden = listed.length - shown;
  return (
    <>
      <label className="jp-GenAILab-filter">
        <input
          type="checkbox"
          checked={onlyNeeding}
          onChange={event => {
            setOnlyNeeding(event.target.checked);
            setShown(PAGE);
          }}
        />
        {trans.__('Only those that need something')}
      </label>
      {listed.length === 0 && (
        <p className="jp-GenAILab-quiet">
          {trans.__('No notebook of this folder needs an image service.')}
        </p>
      )}
      <ul
        className="jp-GenAILab-entries"
        aria-label={trans.__('Notebooks of this folder')}
      >
        {listed.slice(0, shown).map(entry => (
          <li key={entry.profile.path}>
            <Entry {...props} entry={entry} />
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <Button kind="link" onClick={() => setShown(shown + 4 * PAGE)}>
          {trans._n('%1 more notebook', '%1 more notebooks', hidden)}
        </Button>
      )}
    </>
  );
}

/** What needs somebody's attention first; the order of the folder within. */
const ORDER: readonly Outlook[] = [
  'blocked',
  'unreadable',
  'stand_in',
  'can_run',
  'hosted',
  'classic'
];

function sorted(entries: IEntry[]): IEntry[] {
  const rank = (entry: IEntry) => ORDER.indexOf(entry.outlook);
  return [...entries].sort((one, other) => rank(one) - rank(other));
}

function Entry(props: ICourseListProps & { entry: IEntry }): JSX.Element {
  const { entry, titleOf, trans } = props;
  const { name, outlook, profile } = entry;
  const cut = name.lastIndexOf('/') + 1;
  const needs = profile.services.map(titleOf).join(', ');
  return (
    <button
      type="button"
      className="jp-GenAILab-entry"
      data-outlook={outlook}
      title={trans.__('Open %1', profile.path)}
      onClick={() => props.onOpen(profile.path)}
    >
      <span className="jp-GenAILab-entry-name">
        {cut > 0 && <span className="jp-GenAILab-quiet">{name.slice(0, cut)}</span>}
        {name.slice(cut)}
      </span>
      {needs && (
        <span className="jp-GenAILab-entry-needs">
          {trans.__('%1: %2', typeWord(profile.type, trans), needs)}
        </span>
      )}
      <span className="jp-GenAILab-entry-outlook">
        <span className="jp-GenAILab-mark" aria-hidden="true" />
        {outlookSentence(entry, props)}
      </span>
    </button>
  );
}

function outlookSentence(entry: IEntry, props: ICourseListProps): string {
  const { index, titleOf, trans } = props;
  const { because, outlook, profile } = entry;
  const word = outlookWord(outlook, trans);
  if (outlook === 'unreadable') {
    return trans.__('%1: %2', word, profile.note);
  }
  if (outlook === 'blocked') {
    const why = because.map(name =>
      trans.__(
        '%1: %2',
        titleOf(name),
        problemHeadline(index.unavailable[name].code, trans)
      )
    );
    return trans.__('%1 – %2', word, why.join('; '));
  }
  if (outlook === 'stand_in') {
    const who = new Set(because.map(name => titleOf(index.stand_ins[name])));
    return trans.__('%1: %2', word, [...who].join(', '));
  }
  return word;
}
