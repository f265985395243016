import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';

const PACKAGE = join(__dirname, '..', '..', 'coursia_genai_lab');

/** The parts of the server whose problems and phases reach the page. */
const PARTS = ['catalog', 'gpu', 'weights', 'lab', 'runtimes', 'launch', 'handlers'];

/** Codes of problems that the server can send to the page, read from its sources. */
export function serverCodes(): string[] {
  const found = [
    // A code given to an error or a problem, and one that a class of errors has.
    /\bcode="([a-z_]+)"/g,
    // A constant for one: CORRUPT = "store_corrupt".
    /^[A-Z_]+ = "((?:store|no|drift)[a-z_]+)"/gm
  ].flatMap(pattern => PARTS.flatMap(part => matches(sources(part), pattern)));
  const tree = readFileSync(join(PACKAGE, 'errors.py'), 'utf-8');
  const classes = matches([tree], /^ {4}code = "([a-z_]+)"/gm);
  return [...new Set([...found, ...classes])].sort();
}

/** Phases of a start that the runtimes and the Lab report, read from their sources. */
export function serverPhases(): string[] {
  const patterns = [
    /\bProgress\(\s*"([^"]+)"/g,
    /\b_(?:say|tell)\("([^"]+)"/g,
    /\.phase = "([^"]+)"/g
  ];
  const texts = ['runtimes', 'lab', 'engines'].flatMap(sources);
  return [...new Set(patterns.flatMap(pattern => matches(texts, pattern)))].sort();
}

/** Phases of a fetch or a check of a model, read from the sources. */
export function modelPhases(): string[] {
  const patterns = [/\b_tell\("([^"]+)"/g, /^[A-Z]+ = "([a-z ]+)"$/gm];
  const texts = sources('weights').filter(text => /\bphase\b/.test(text));
  return [...new Set(patterns.flatMap(pattern => matches(texts, pattern)))].sort();
}

function sources(part: string): string[] {
  const folder = join(PACKAGE, part);
  return readdirSync(folder, { recursive: true, encoding: 'utf-8' })
    .filter(name => name.endsWith('.py'))
    .map(name => readFileSync(join(folder, name), 'utf-8'));
}

function matches(texts: readonly string[], pattern: RegExp): string[] {
  return texts.flatMap(text => [...text.matchAll(pattern)].map(([, found]) => found));
}
