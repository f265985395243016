import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Mode, ModeView } from '../_wire';
import { decidingLayer, LAYERS } from '../model/policy';
import { MODES } from '../model/word';

import { Button } from './Button';
import { Fact } from './Fact';
import { layerName, layerOrigin, layerValue } from './policyWords';
import { useNow } from './when';
import { modeMeaning, modeWord } from './words';

/** "3 min. ago" is looked at again this often (seconds). */
const AGES_EVERY = 30;

const NOBODY = { set_by: '', since: null, editable: false };

export interface IModeSectionProps {
  mode: ModeView;
  /** What the notebook in front asks for, if anything. */
  notebookMode: Mode | null;
  /** Set the caller's choice; null clears it. */
  onChoose: (mode: Mode | null) => void;
  trans: TranslationBundle;
}

/** The mode in force, who says what of it, and what the caller may choose. */
export function ModeSection(props: IModeSectionProps): JSX.Element {
  const { mode, trans } = props;
  const own = mode.layers.find(({ layer }) => layer === 'person');
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
      {own?.editable && own.value !== null && (
        <Button kind="link" onClick={() => props.onChoose(null)}>
          {trans.__('Take my choice back')}
        </Button>
      )}
      <Layers {...props} />
    </>
  );
}

/** Who says what, from the strongest to the weakest. */
function Layers(props: IModeSectionProps): JSX.Element {
  const { mode, notebookMode, trans } = props;
  const now = useNow(AGES_EVERY);
  const decides = decidingLayer(mode);
  const layers = LAYERS.flatMap(name => {
    const told = mode.layers.find(({ layer }) => layer === name);
    // The notebook in front speaks for itself alone: no snapshot of the server knows it.
    return name === 'notebook' && !told?.value
      ? notebookMode
        ? [{ ...NOBODY, layer: name, value: notebookMode }]
        : []
      : [told ?? { ...NOBODY, layer: name, value: null }];
  });
  return (
    <>
      <h4 className="jp-GenAILab-subheading">{trans.__('Who set the mode')}</h4>
      <dl className="jp-GenAILab-terms">
        {layers.map(layer => (
          <Fact key={layer.layer} term={layerName(layer.layer, trans)}>
            {layerValue(layer.value, trans)}
            {layer === decides && (
              <span className="jp-GenAILab-tag">{trans.__('decides')}</span>
            )}
            {layerOrigin(layer, now, trans) && (
              <p className="jp-GenAILab-small">{layerOrigin(layer, now, trans)}</p>
            )}
          </Fact>
        ))}
      </dl>
      <p className="jp-GenAILab-small">
        {trans.__('Each may only narrow what those above it allow.')}
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
