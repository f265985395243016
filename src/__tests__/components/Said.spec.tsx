import type { TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import * as React from 'react';

import { Said, said } from '../../components/Said';
import { frenchCatalogue } from '../strings';

const trans = nullTranslator.load('coursia_genai_lab');

const KNOWN = 'Start the service again.';

/** A language that has one sentence of the server. */
const french = Object.assign(Object.create(trans), {
  _p: (context: string, text: string) =>
    context === 'server' && text === KNOWN ? 'Démarrez de nouveau le service.' : text
}) as TranslationBundle;

describe('what the server says', () => {
  it('is marked as English where the page has no words for it', () => {
    render(<Said text="The engine said 100%1 no." trans={trans} />);
    expect(screen.getByText('The engine said 100%1 no.').lang).toBe('en');
  });

  it('is read in the language of the page where the catalogue has it', () => {
    render(<Said text={KNOWN} trans={french} />);
    const words = screen.getByText('Démarrez de nouveau le service.');
    expect(words.getAttribute('lang')).toBeNull();
  });

  it('keeps a percent sign with a number behind it', () => {
    expect(said('See a%20b.png.', trans)).toBe('See a%20b.png.');
  });

  it('is the code to pass on, in the words of the page', () => {
    const { texts } = frenchCatalogue();
    const words = {
      __: (text: string, ...args: unknown[]) =>
        args.reduce<string>(
          (words, arg, index) => words.replace(`%${index + 1}`, String(arg)),
          texts[text][0]
        )
    } as TranslationBundle;
    render(<Said text="Tell your teacher this code: policy_broken." trans={words} />);
    const told = screen.getByText('Donnez ce code à votre enseignant : policy_broken.');
    expect(told.lang).toBe('');
  });
});
