import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import type { INeedsEditorProps } from '../../components/NeedsEditor';
import { NeedsEditor } from '../../components/NeedsEditor';
import { NO_WORD } from '../../model/word';
import { aService } from '../fixtures';

function show(fields: Partial<INeedsEditorProps> = {}) {
  const actions = {
    onChoice: jest.fn(),
    onToggleService: jest.fn(),
    onNotebookMode: jest.fn(),
    onFallback: jest.fn(),
    onUndo: jest.fn(),
    onEdit: jest.fn()
  };
  render(
    <NeedsEditor
      word={NO_WORD}
      lock={null}
      canUndo={false}
      open={true}
      services={[aService(), aService({ name: 'openai', title: 'OpenAI' })]}
      trans={nullTranslator.load('coursia_genai_lab')}
      {...actions}
      {...fields}
    />
  );
  return actions;
}

const listed = {
  ...NO_WORD,
  choice: 'services' as const,
  services: ['openai', 'gone']
};

describe('the editor of what a notebook needs', () => {
  it('is one folded line that says what holds', () => {
    const { onEdit } = show({ open: false, word: { ...listed, mode: 'demo' } });
    const toggle = screen.getByRole('button', { name: /Change needs…/ });
    expect(toggle.textContent).toContain('These services · Demo');
    expect(screen.queryByRole('radio')).toBeNull();
    fireEvent.click(toggle);
    expect(onEdit).toHaveBeenCalledWith(true);
  });

  it('offers what the code shows, a list, and nothing at all', () => {
    const { onChoice } = show();
    const auto = screen.getByRole('radio', { name: /^Automatic/ }) as HTMLInputElement;
    expect(auto.checked).toBe(true);
    fireEvent.click(screen.getByRole('radio', { name: /^These services/ }));
    fireEvent.click(screen.getByRole('radio', { name: /^Off/ }));
    expect(onChoice.mock.calls).toEqual([['services'], ['off']]);
    // What is written decides, not what was clicked.
    expect(auto.checked).toBe(true);
  });

  it('ticks the listed services, also one that the catalogue does not know', () => {
    const { onToggleService } = show({ word: listed });
    const list = screen.getByRole('list', { name: 'Services to choose from' });
    const boxes = within(list).getAllByRole('checkbox') as HTMLInputElement[];
    expect(boxes.map(box => box.checked)).toEqual([false, true, true]);
    expect(within(list).getByText('Not in the catalogue')).toBeTruthy();
    fireEvent.click(boxes[2]);
    expect(onToggleService).toHaveBeenCalledWith('gone');
  });

  it('says what an empty list means', () => {
    show({ word: { ...listed, services: [] } });
    expect(screen.getByText(/None is ticked/)).toBeTruthy();
  });

  it('takes a mode and a fallback, and takes them back', () => {
    const { onFallback, onNotebookMode } = show({ word: { ...NO_WORD, mode: 'demo' } });
    const mode = screen.getByLabelText('Mode') as HTMLSelectElement;
    expect(mode.value).toBe('demo');
    fireEvent.change(mode, { target: { value: '' } });
    expect(onNotebookMode).toHaveBeenCalledWith(null);
    fireEvent.change(screen.getByLabelText('If nothing here can run it'), {
      target: { value: 'never' }
    });
    expect(onFallback).toHaveBeenCalledWith('never');
  });

  it.each([
    ['read_only' as const, /read-only: save a copy/],
    ['foreign' as const, /is not an object/]
  ])('is locked with a reason: %s', (lock, why) => {
    show({ lock });
    expect(screen.getByText(why)).toBeTruthy();
    const group = screen.getByRole('group', { name: 'What this notebook needs' });
    expect((group as HTMLFieldSetElement).disabled).toBe(true);
  });

  it('offers to undo, also while it is folded', () => {
    const { onUndo } = show({ open: false, canUndo: true });
    expect(screen.getByRole('status').textContent).toContain('was changed');
    fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    expect(onUndo).toHaveBeenCalledTimes(1);
  });
});
