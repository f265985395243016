import type { TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import * as React from 'react';

import { Said } from '../../components/Said';
import { frenchCatalogue } from '../strings';

const english = nullTranslator.load('coursia_genai_lab');

describe('what the server says', () => {
  it('is marked as English where the page has no words for it', () => {
    render(<Said text="The engine said 100%1 no." trans={english} />);
    expect(screen.getByText('The engine said 100%1 no.').lang).toBe('en');
  });

  it('is the code to pass on, in the words of the page', () => {
    const { texts } = frenchCatalogue();
    const french = {
      __: (text: string, ...args: unknown[]) =>
        args.reduce<string>(
          (words, arg, index) => words.replace(`%${index + 1}`, String(arg)),
          texts[text][0]
        )
    } as TranslationBundle;
    render(<Said text="Tell your teacher this code: policy_broken." trans={french} />);
    const told = screen.getByText('Donnez ce code à votre enseignant : policy_broken.');
    expect(told.lang).toBe('');
  });
});
