import type {
  ReadonlyPartialJSONObject,
  ReadonlyPartialJSONValue
} from '@lumino/coreutils';

import type { Mode, Profile } from '../_wire';

/** Where the teacher's word stands in a notebook's metadata. */
export const WORD_KEY = 'genai';

/** `auto`: what the code shows; `services`: just the listed ones; `off`: none at all. */
export type Choice = 'auto' | 'services' | 'off';

export type Fallback = NonNullable<Profile['fallback']>;

export const MODES: readonly Mode[] = ['auto', 'local', 'cloud', 'demo', 'off'];
export const FALLBACKS: readonly Fallback[] = ['ask', 'auto', 'never'];

/** What a notebook's metadata says of its needs. */
export interface IWord {
  choice: Choice;
  /** In the order of the metadata; kept while `choice` is `off`. */
  services: readonly string[];
  /** null: the metadata says nothing of it. */
  mode: Mode | null;
  /** null: the metadata says nothing of it. */
  fallback: Fallback | null;
}

export const NO_WORD: IWord = {
  choice: 'auto',
  services: [],
  mode: null,
  fallback: null
};

/** The keys of the teacher's word; all others of `metadata.genai` are the course's own. */
const OURS: ReadonlySet<string> = new Set(['services', 'mode', 'fallback', 'enabled']);

/** Read `metadata.genai`; what is not understood counts as not said, as the server has it. */
export function readWord(genai: ReadonlyPartialJSONValue | undefined): IWord {
  if (!isObject(genai)) {
    return NO_WORD;
  }
  const { enabled, fallback, mode, services } = genai;
  const listed = Array.isArray(services);
  return {
    choice: enabled === false ? 'off' : listed ? 'services' : 'auto',
    services: listed ? [...new Set((services as unknown[]).map(String))] : [],
    mode: MODES.find(known => known === mode) ?? null,
    fallback: FALLBACKS.find(known => known === fallback) ?? null
  };
}

/**
 * Return `metadata.genai` with a word in it, every other key kept as it is; undefined where
 * nothing is left of it.
 */
export function withWord(
  genai: ReadonlyPartialJSONObject | undefined,
  word: IWord
): ReadonlyPartialJSONObject | undefined {
  const next: Record<string, ReadonlyPartialJSONValue | undefined> = { ...genai };
  if (word.choice === 'off') {
    next.enabled = false;
  } else if (next.enabled === false && Object.keys(next).some(key => !OURS.has(key))) {
    // A course that keeps words of its own here has `enabled` among them: our false took the
    // place of its true, which says nothing of services.
    next.enabled = true;
  } else if (next.enabled === false) {
    delete next.enabled;
  }
  if (word.choice === 'services' || (word.choice === 'off' && word.services.length)) {
    next.services = [...word.services];
  } else {
    delete next.services;
  }
  set(next, 'mode', word.mode);
  set(next, 'fallback', word.fallback);
  return Object.keys(next).length ? next : undefined;
}

/** Whether the metadata says anything of the notebook's needs. */
export function isSaid(word: IWord): boolean {
  return word.choice !== 'auto' || word.mode !== null || word.fallback !== null;
}

/** The services that count at the moment: the listed ones, or those that the code shows. */
export function countingServices(
  word: IWord,
  detected: readonly string[]
): readonly string[] {
  switch (word.choice) {
    case 'auto':
      return detected;
    case 'services':
      return word.services;
    case 'off':
      return [];
  }
}

/** Return the word that lists one service more, or less; from `auto` it begins at the code's. */
export function toggled(
  word: IWord,
  service: string,
  detected: readonly string[]
): IWord {
  const known = countingServices(word, detected);
  const services = known.includes(service)
    ? known.filter(name => name !== service)
    : [...known, service];
  return { ...word, choice: 'services', services };
}

export function isObject(value: unknown): value is ReadonlyPartialJSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function set(
  target: Record<string, ReadonlyPartialJSONValue | undefined>,
  key: string,
  value: string | null
): void {
  if (value !== null) {
    target[key] = value;
  } else {
    delete target[key];
  }
}
