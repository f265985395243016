import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IPiece } from './sentences';
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
export function Said(props: {
  text: string;
  trans: TranslationBundle;
  /** How its words are set. */
  set?: (words: string) => React.ReactNode;
}): JSX.Element {
  const { text, trans, set = words => words } = props;
  const pieces = TOLD.test(text)
    ? [{ words: said(text, trans), english: false }]
    : joined(piecesOf(text, trans));
  if (pieces.length === 1) {
    const [{ words, english }] = pieces;
    return <span lang={english ? 'en' : undefined}>{set(words)}</span>;
  }
  return (
    <span>
      {pieces.map(({ words, english }, index) => (
        <span key={index} lang={english ? 'en' : undefined}>
          {set(words)}
        </span>
      ))}
    </span>
  );
}

/** Neighbours of one language as one, for a command between backquotes is not torn apart. */
function joined(pieces: IPiece[]): IPiece[] {
  const result: IPiece[] = [];
  for (const piece of pieces) {
    const last = result[result.length - 1];
    if (last?.english === piece.english) {
      result[result.length - 1] = { ...last, words: last.words + piece.words };
    } else {
      result.push(piece);
    }
  }
  return result;
}
