import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Mode, ModeLayer, ModeView } from '../_wire';
import { MODES } from '../model/word';

import { modeMeaning, modeWord } from './words';

export interface IModeSectionProps {
  mode: ModeView;
  /** Set the caller's choice; null clears it. */
  onChoose: (mode: Mode | null) => void;
  trans: TranslationBundle;
}

/** The mode in force, who set it, and what the caller may choose. */
export function ModeSection(props: IModeSectionProps): JSX.Element {
  const { mode, trans } = props;
  const said = mode.layers.filter(layer => layer.value !== null);
  const own = said.find(layer => layer.layer === 'person');
  return (
    <>
      <fieldset className="jp-GenAILab-modes">
        <legend>
          {mode.scope === 'class'
            ? trans.__('Mode of the class')
            : trans.__('Mode of this server')}
        </legend>
        {MODES.map(value => (
          <Choice key={value} value={value} {...props} />
        ))}
      </fieldset>
      {said.length > 0 && (
        <ul className="jp-GenAILab-layers" aria-label={trans.__('Who set the mode')}>
          {said.map(layer => (
            <li key={layer.layer}>{layerWords(layer, trans)}</li>
          ))}
        </ul>
      )}
      {own?.editable && (
        <button
          type="button"
          className="jp-GenAILab-link"
          onClick={() => props.onChoose(null)}
        >
          {trans.__('Take my choice back')}
        </button>
      )}
      <p className="jp-GenAILab-small">
        {mode.enforced
          ? trans.__('The server enforces the mode for every notebook.')
          : trans.__(
              'Nothing is enforced here: on your own machine a notebook can do whatever you can.'
            )}
      </p>
    </>
  );
}

function Choice(props: IModeSectionProps & { value: Mode }): JSX.Element {
  const { mode, trans, value } = props;
  const allowed = mode.choices.includes(value);
  const meaning = modeMeaning(value, trans);
  return (
    <label
      className="jp-GenAILab-mode"
      data-allowed={allowed}
      title={allowed ? undefined : trans.__('A setting above yours does not allow it.')}
    >
      <input
        type="radio"
        name="jp-GenAILab-mode"
        value={value}
        checked={mode.effective === value}
        disabled={!allowed && mode.effective !== value}
        onChange={() => props.onChoose(value)}
      />
      <span className="jp-GenAILab-mode-name">{modeWord(value, trans)}</span>
      <span className="jp-GenAILab-mode-meaning">{meaning}</span>
    </label>
  );
}

function layerWords(layer: ModeLayer, trans: TranslationBundle): string {
  const value = layer.value === null ? '' : modeWord(layer.value, trans);
  const who = layerName(layer, trans);
  const by =
    layer.set_by && layer.layer !== 'person'
      ? trans.__('%1 says: %2 (set by %3)', who, value, layer.set_by)
      : trans.__('%1 says: %2', who, value);
  if (layer.since === null) {
    return by;
  }
  const when = Time.formatHuman(new Date(layer.since * 1000));
  return trans.__('%1, %2', by, when);
}

function layerName(layer: ModeLayer, trans: TranslationBundle): string {
  switch (layer.layer) {
    case 'operator':
      return trans.__('The server');
    case 'class':
      return trans.__('The class');
    case 'notebook':
      return trans.__('The notebook');
    case 'person':
      return trans.__('You');
  }
}
