import { nullTranslator } from '@jupyterlab/translation';
import { render } from '@testing-library/react';
import * as React from 'react';

import type { INotebookSectionProps } from '../../components/NotebookSection';
import { NotebookSection } from '../../components/NotebookSection';
import { aNotebookView, aService, aSnapshot } from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');

/** Show the section of the notebook in front; return what its buttons call. */
export function showNotebook(fields: Partial<INotebookSectionProps> = {}) {
  const actions = {
    onReveal: jest.fn(),
    onEnable: jest.fn(),
    onConsent: jest.fn(),
    onStartNeeds: jest.fn(),
    onUseCloud: jest.fn(),
    onChoice: jest.fn(),
    onToggleService: jest.fn(),
    onNotebookMode: jest.fn(),
    onFallback: jest.fn(),
    onUndo: jest.fn(),
    onEdit: jest.fn()
  };
  render(
    <NotebookSection
      {...aNotebookView()}
      services={[aService({ state: 'ready' })]}
      mode={aSnapshot().mode}
      trans={trans}
      {...actions}
      {...fields}
    />
  );
  return actions;
}
