import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { piecesOf } from './sentences';

const TOLD = /^Tell your teacher this code: (\w+)\.$/;

/** What the server says, in the reader's language where the catalogue has its words. */
export function said(text: string, trans: TranslationBundle): string {
  const told = TOLD.exec(text);
  return told
    ? trans.__('Tell your teacher this code: %1.', told[1])
    : piecesOf(text, trans)
        .map(({ words }) => words)
        .join('');
}

/** The same as a part of the page, marked as English where it stays so. */
export function Said(props: { text: string; trans: TranslationBundle }): JSX.Element {
  const { text, trans } = props;
  const pieces = TOLD.test(text)
    ? [{ words: said(text, trans), english: false }]
    : piecesOf(text, trans);
  if (pieces.length === 1) {
    return <span lang={pieces[0].english ? 'en' : undefined}>{pieces[0].words}</span>;
  }
  return (
    <span>
      {pieces.map(({ words, english }, index) =>
        english ? (
          <span key={index} lang="en">
            {words}
          </span>
        ) : (
          words
        )
      )}
    </span>
  );
}
