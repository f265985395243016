import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

import { IGenAILab } from '../tokens';

/** An entry of the palette: a command, or a command with arguments. */
export type Entry = string | { command: string; args: ReadonlyJSONObject };

/**
 * Return a plugin that only adds commands.
 *
 * `add` adds them and returns their entries in the palette, in its order.
 */
export function commandPlugin(
  name: string,
  description: string,
  add: (
    app: JupyterFrontEnd,
    genai: IGenAILab,
    trans: TranslationBundle
  ) => readonly Entry[]
): JupyterFrontEndPlugin<void> {
  return {
    id: `coursia-genai-lab:${name}`,
    description,
    autoStart: true,
    requires: [IGenAILab],
    optional: [ITranslator, ICommandPalette],
    activate: (
      app: JupyterFrontEnd,
      genai: IGenAILab,
      translator: ITranslator | null,
      palette: ICommandPalette | null
    ): void => {
      const trans = (translator ?? nullTranslator).load('coursia_genai_lab');
      addToPalette(palette, add(app, genai, trans), trans);
    }
  };
}

/** Offer commands in the palette, if there is one. */
export function addToPalette(
  palette: ICommandPalette | null,
  entries: readonly Entry[],
  trans: TranslationBundle
): void {
  const category = trans.__('GenAI');
  for (const entry of entries) {
    palette?.addItem({
      ...(typeof entry === 'string' ? { command: entry } : entry),
      category
    });
  }
}
