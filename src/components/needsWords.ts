import type { TranslationBundle } from '@jupyterlab/translation';

import type { NotebookType, Resources, Section } from '../_wire';
import type { IEntry } from '../model/course';
import type { Lock } from '../model/teacher';
import type { Choice, Fallback } from '../model/word';

import { decimal } from './when';

/** How the needs of a notebook are told, in a word or two. */
export function choiceWord(choice: Choice, trans: TranslationBundle): string {
  switch (choice) {
    case 'auto':
      return trans.__('Automatic');
    case 'services':
      return trans.__('These services');
    case 'off':
      return trans.__('Off');
  }
}

/** What a choice does, in one sentence. */
export function choiceMeaning(choice: Choice, trans: TranslationBundle): string {
  switch (choice) {
    case 'auto':
      return trans.__('What its code shows.');
    case 'services':
      return trans.__('Just those that are ticked, whatever its code shows.');
    case 'off':
      return trans.__('Nothing is started for it, and its kernel is told nothing.');
  }
}

/** What a notebook asks for where a local service cannot answer. */
export function fallbackWord(fallback: Fallback, trans: TranslationBundle): string {
  switch (fallback) {
    case 'ask':
      return trans.__('Ask before a cloud is used');
    case 'auto':
      return trans.__('Use a cloud');
    case 'never':
      return trans.__('Do without');
  }
}

/** Why the metadata of a notebook cannot be changed here. */
export function lockSentence(
  lock: NonNullable<Lock>,
  trans: TranslationBundle
): string {
  switch (lock) {
    case 'no_notebook':
      return trans.__('Open a notebook to say what it needs.');
    case 'loading':
      return trans.__('The notebook is still being opened.');
    case 'read_only':
      return trans.__(
        'This notebook is read-only: save a copy to change what it needs.'
      );
    case 'foreign':
      return trans.__(
        'The entry “genai” of its metadata is not an object; another program may need it as it is.'
      );
  }
}

/** A kind of notebook in one word. */
export function typeWord(type: NotebookType, trans: TranslationBundle): string {
  switch (type) {
    case 'CLASSIC':
      return trans.__('Classic');
    case 'GENAI_BASIC':
      return trans.__('Basic');
    case 'GENAI_ADVANCED':
      return trans.__('Advanced');
    case 'HYBRID':
      return trans.__('Hybrid');
  }
}

/** What becomes of a notebook on this server. */
export function outlookWord(
  outlook: IEntry['outlook'],
  trans: TranslationBundle
): string {
  switch (outlook) {
    case 'classic':
      return trans.__('Needs nothing');
    case 'can_run':
      return trans.__('Can run here');
    case 'stand_in':
      return trans.__('Runs with a stand-in');
    case 'hosted':
      return trans.__('Uses a hosted server');
    case 'blocked':
      return trans.__('Cannot run here');
    case 'unreadable':
      return trans.__('Could not be read');
  }
}

/** What the services want of the machine, or an empty text. */
export function resourcesSentence(
  resources: Resources,
  trans: TranslationBundle
): string {
  const words: string[] = [];
  if (resources.gpus > 0) {
    words.push(trans._n('%1 GPU', '%1 GPUs', resources.gpus));
  }
  if (resources.vram_mib > 0) {
    words.push(trans.__('%1 of GPU memory', sizeWords(resources.vram_mib, trans)));
  }
  if (resources.memory_mib > 0) {
    words.push(trans.__('%1 of memory', sizeWords(resources.memory_mib, trans)));
  }
  return words.length ? trans.__('On this machine it takes %1.', words.join(', ')) : '';
}

/** An amount of memory, in the unit that fits. */
export function sizeWords(mib: number, trans: TranslationBundle): string {
  if (mib < 1024) {
    return trans.__('%1 MiB', mib);
  }
  const gib = mib / 1024;
  return trans.__('%1 GiB', decimal(gib, Number.isInteger(gib) ? 0 : 1));
}

/** A run of cells, counted from 1 as people do. */
export function cellRange(section: Section, trans: TranslationBundle): string {
  const { first_cell: first, last_cell: last } = section;
  return first === last
    ? trans.__('Cell %1', first + 1)
    : trans.__('Cells %1 to %2', first + 1, last + 1);
}

/** What a rule of detection says of a line; a rule that we do not know is shown as told. */
export function ruleWords(rule: string, trans: TranslationBundle): string {
  const at = rule.indexOf(':');
  const [kind, name] = at < 0 ? [rule, ''] : [rule.slice(0, at), rule.slice(at + 1)];
  switch (kind) {
    case 'route':
      return trans.__('Calls the route %1', name);
    case 'call':
      return trans.__('Calls %1', name);
    case 'node':
      return trans.__('Holds the ComfyUI node %1', name);
    case 'variable':
      return trans.__('Reads the variable %1', name);
    case 'model':
      return trans.__('Asks for an image model');
    case 'switch':
      return trans.__('Stands behind a switch that is off');
    case 'remote':
      return name === '.env'
        ? trans.__('Names a hosted server for the notebook')
        : trans.__('Names a hosted server');
    case 'literal':
      return trans.__('Holds a fixed address');
    case 'metadata':
      return trans.__('Its metadata says so');
    default:
      return trans.__('Rule: %1', rule);
  }
}
