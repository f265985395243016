import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon, undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Mode, ServiceView } from '../_wire';
import type { Lock } from '../model/teacher';
import type { Choice, Fallback, IWord } from '../model/word';
import { FALLBACKS, isSaid, MODES } from '../model/word';

import { Button } from './Button';
import { ServiceChoices } from './ServiceChoices';
import { choiceMeaning, choiceWord, fallbackWord, lockSentence } from './needsWords';
import { modeWord } from './words';

const CHOICES: readonly Choice[] = ['auto', 'services', 'off'];

export interface INeedsActions {
  onChoice: (choice: Choice) => void;
  onToggleService: (service: string) => void;
  onNotebookMode: (mode: Mode | null) => void;
  onFallback: (fallback: Fallback | null) => void;
  onUndo: () => void;
  onEdit: (open: boolean) => void;
}

export interface INeedsEditorProps extends INeedsActions {
  /** What the metadata of the open notebook says, saved or not. */
  word: IWord;
  lock: Lock;
  canUndo: boolean;
  open: boolean;
  services: readonly ServiceView[];
  trans: TranslationBundle;
}

/** The teacher's word: what a notebook needs, said in its metadata. */
export function NeedsEditor(props: INeedsEditorProps): JSX.Element {
  const { open, trans, word } = props;
  const bodyId = React.useId();
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <div className="jp-GenAILab-editor">
      <button
        type="button"
        className="jp-GenAILab-editor-toggle"
        aria-expanded={open}
        aria-controls={bodyId}
        onClick={() => props.onEdit(!open)}
      >
        <Caret.react tag="span" className="jp-GenAILab-section-caret" />
        <span>{trans.__('Change needs…')}</span>
        <span className="jp-GenAILab-section-summary">{summaryOf(word, trans)}</span>
      </button>
      <div id={bodyId} hidden={!open}>
        {open && <Form {...props} />}
      </div>
      <Undo {...props} />
    </div>
  );
}

function summaryOf(word: IWord, trans: TranslationBundle): string {
  const said = [choiceWord(word.choice, trans)];
  if (word.mode !== null) {
    said.push(modeWord(word.mode, trans));
  }
  return said.join(' · ');
}

function Form(props: INeedsEditorProps): JSX.Element {
  const { lock, trans, word } = props;
  const group = React.useId();
  const meaningId = (choice: Choice) => `${group}-${choice}`;
  return (
    <fieldset className="jp-GenAILab-editor-form" disabled={lock !== null}>
      <legend className="jp-GenAILab-hidden">
        {trans.__('What this notebook needs')}
      </legend>
      {lock !== null && (
        <p className="jp-GenAILab-editor-lock" role="note">
          {lockSentence(lock, trans)}
        </p>
      )}
      {CHOICES.map(choice => (
        <React.Fragment key={choice}>
          <label className="jp-GenAILab-mode" data-allowed={lock === null}>
            <input
              type="radio"
              name={group}
              checked={word.choice === choice}
              aria-describedby={meaningId(choice)}
              onChange={() => props.onChoice(choice)}
            />
            <span>{choiceWord(choice, trans)}</span>
            <span id={meaningId(choice)} className="jp-GenAILab-mode-meaning">
              {choiceMeaning(choice, trans)}
            </span>
          </label>
          {choice === 'services' && word.choice === 'services' && (
            <ServiceChoices
              chosen={word.services}
              services={props.services}
              onToggle={props.onToggleService}
              trans={trans}
            />
          )}
        </React.Fragment>
      ))}
      {word.choice !== 'off' && <Wishes {...props} />}
      <p className="jp-GenAILab-small">
        {isSaid(word)
          ? trans.__('Stands in the notebook’s metadata; saving the notebook keeps it.')
          : trans.__(
              'A choice is written into the notebook’s metadata; saving keeps it.'
            )}
      </p>
    </fieldset>
  );
}

function Wishes(props: INeedsEditorProps): JSX.Element {
  const { trans, word } = props;
  return (
    <div className="jp-GenAILab-wishes">
      <Wish
        label={trans.__('Mode')}
        silent={trans.__('As the server says')}
        value={word.mode}
        values={MODES.filter(mode => mode !== 'off')}
        wordOf={mode => modeWord(mode, trans)}
        onChange={props.onNotebookMode}
      />
      <Wish
        label={trans.__('If nothing here can run it')}
        silent={trans.__('As the server says')}
        value={word.fallback}
        values={FALLBACKS}
        wordOf={fallback => fallbackWord(fallback, trans)}
        onChange={props.onFallback}
      />
    </div>
  );
}

function Wish<T extends string>(props: {
  label: string;
  /** What it says where the metadata says nothing. */
  silent: string;
  value: T | null;
  values: readonly T[];
  wordOf: (value: T) => string;
  onChange: (value: T | null) => void;
}): JSX.Element {
  const { value, values } = props;
  // A value that we do not offer ourselves is shown all the same while it stands.
  const offered =
    value !== null && !values.includes(value) ? [...values, value] : values;
  const onChange = (event: React.ChangeEvent<HTMLSelectElement>) =>
    props.onChange(offered.find(known => known === event.target.value) ?? null);
  return (
    <label className="jp-GenAILab-wish">
      <span>{props.label}</span>
      <select className="jp-GenAILab-select" value={value ?? ''} onChange={onChange}>
        <option value="">{props.silent}</option>
        {offered.map(known => (
          <option key={known} value={known}>
            {props.wordOf(known)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Undo(props: INeedsEditorProps): JSX.Element {
  const { trans } = props;
  return (
    <div className="jp-GenAILab-undo">
      <span role="status">
        {props.canUndo && trans.__('The notebook’s metadata was changed.')}
      </span>
      {props.canUndo && (
        <Button kind="link" onClick={props.onUndo}>
          <undoIcon.react tag="span" className="jp-GenAILab-undo-icon" />
          {trans.__('Undo')}
        </Button>
      )}
    </div>
  );
}
