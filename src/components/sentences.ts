import type { TranslationBundle } from '@jupyterlab/translation';

/** The context of the catalogue in which the server's own words are. */
const CONTEXT = 'server';
/** Its entry that lists the sentences with values, one a line: a bundle cannot be enumerated. */
const LIST = 'Sentences with values';
/** Put in place of themselves, so that a translation comes with its places. */
const PLACES = ['%1', '%2', '%3', '%4', '%5', '%6', '%7', '%8', '%9'];
/** Longer texts are an engine's own (characters). */
const LONGEST = 1000;
/** A sentence in the value of a sentence in the value of a sentence, and no deeper. */
const DEEPEST = 3;
/** A sentence of the list has at most this many sentences in it. */
const SPAN = 3;
const MOST_KEPT = 300;
/** So many readings of one text are tried, for an engine may word it as it likes. */
const MOST_TRIES = 500;
const PROSE = /([a-z']+ ){2}[a-z]/i;

/** A part of a text, and whether it stayed English. */
export interface IPiece {
  words: string;
  english: boolean;
}

interface ITemplate {
  /** What stands between the values. */
  parts: string[];
  /** The translation, cut before and behind its places. */
  words: string[];
  /** Whether it follows on other words: `, not %1`. */
  follows: boolean;
}

interface IWords {
  templates: ITemplate[];
  kept: Map<string, IPiece[]>;
}

let tries = 0;

const known = new WeakMap<TranslationBundle, IWords>();

/** Return a text of the server in the reader's language, as far as the catalogue has its words. */
export function piecesOf(text: string, trans: TranslationBundle): IPiece[] {
  const { kept } = wordsOf(trans);
  let pieces = kept.get(text);
  if (!pieces) {
    tries = 0;
    pieces = text.length > LONGEST ? [stays(text)] : best(text, trans, 0);
    if (kept.size >= MOST_KEPT) {
      kept.clear();
    }
    kept.set(text, pieces);
  }
  return pieces;
}

function wordsOf(trans: TranslationBundle): IWords {
  let words = known.get(trans);
  if (!words) {
    const list = looked(LIST, trans);
    const templates = list === LIST ? [] : list.split('\n').map(one => cut(one, trans));
    const weight = ({ parts }: ITemplate) => parts.join('').length;
    templates.sort((one, other) => weight(other) - weight(one));
    words = { templates, kept: new Map() };
    known.set(trans, words);
  }
  return words;
}

function cut(key: string, trans: TranslationBundle): ITemplate {
  const follows = /^[,:;]/.test(key);
  const parts = key.split(/%\d/);
  return {
    parts: follows ? ['', ...parts] : parts,
    words: looked(key, trans).split(/(%\d)/),
    follows
  };
}

function looked(text: string, trans: TranslationBundle): string {
  // eslint-disable-next-line jupyter/no-dynamic-translation -- the catalogue lists them
  return trans._p(CONTEXT, text, ...PLACES);
}

function stays(words: string): IPiece {
  return { words, english: true };
}

/** How much of it stayed English. */
function left(pieces: IPiece[]): number {
  return pieces.reduce(
    (sum, { words, english }) => sum + (english ? words.length : 0),
    0
  );
}

/** A sentence, or sentences side by side: the reading that leaves the least in English. */
function best(text: string, trans: TranslationBundle, depth: number): IPiece[] {
  const whole = one(text, trans, depth);
  const sentences = text.replace(/([.!?]) (?=["A-Z`])/g, '$1 \0').split('\0');
  if (left(whole) === 0 || sentences.length === 1) {
    return whole;
  }
  const apart: IPiece[] = [];
  for (let from = 0; from < sentences.length;) {
    let count = Math.min(SPAN, sentences.length - from);
    let pieces = one(sentences.slice(from, from + count).join(''), trans, depth);
    while (count > 1 && left(pieces) > 0) {
      count -= 1;
      pieces = one(sentences.slice(from, from + count).join(''), trans, depth);
    }
    apart.push(...pieces);
    from += count;
  }
  // A full stop may be of the template, so a value that runs over several loses some of them.
  return left(apart) < left(whole) + sentences.length ? apart : whole;
}

/** One sentence of the catalogue, with or without values; itself where it is none. */
function one(padded: string, trans: TranslationBundle, depth: number): IPiece[] {
  const text = padded.trim();
  // A percent sign before another, or before a number, would be taken for a place to fill.
  const exact = /%[\d%]/.test(text) ? text : looked(text, trans);
  let found = exact === text ? [stays(text)] : [{ words: exact, english: false }];
  tries += 1;
  if (exact === text && depth < DEEPEST && tries <= MOST_TRIES) {
    for (const template of wordsOf(trans).templates) {
      const values = valuesOf(template.parts, text);
      const pieces = values && filled(template, values, trans, depth + 1);
      if (pieces && left(pieces) < left(found)) {
        found = pieces;
        if (left(found) === 0) {
          break;
        }
      }
    }
  }
  const at = padded.indexOf(text);
  const space = (words: string) => (words ? [{ words, english: false }] : []);
  return [
    ...space(padded.slice(0, at)),
    ...found,
    ...space(padded.slice(at + text.length))
  ];
}

/** What stands between the parts; null where it is another sentence. Takes linear time. */
function valuesOf(parts: string[], text: string): string[] | null {
  const last = parts[parts.length - 1];
  const end = text.length - last.length;
  if (!text.startsWith(parts[0]) || !text.endsWith(last)) {
    return null;
  }
  const values: string[] = [];
  let from = parts[0].length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at < 0) {
      return null;
    }
    values.push(text.slice(from, at));
    from = at + part.length;
  }
  return from > end ? null : [...values, text.slice(from, end)];
}

function filled(
  { words, follows }: ITemplate,
  given: string[],
  trans: TranslationBundle,
  depth: number
): IPiece[] {
  const values = given.map(text => valued(text, trans, depth));
  const before = follows ? (values.shift() ?? []) : [];
  return before.concat(
    ...words.map(word =>
      /^%\d$/.test(word)
        ? (values[Number(word[1]) - 1] ?? [])
        : [{ words: word, english: false }]
    )
  );
}

/** A value is a name, a number or a path as it is; or words of the server, or of an engine. */
function valued(text: string, trans: TranslationBundle, depth: number): IPiece[] {
  const pieces = best(text, trans, depth);
  return pieces.map(({ words, english }) => ({
    words,
    english: english && PROSE.test(words)
  }));
}
