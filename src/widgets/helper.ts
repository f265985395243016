import type { INotebookModel } from '@jupyterlab/notebook';

/** Where the generation form in a notebook asks for what a kernel cannot do. */
export const HELPER_TARGET = 'coursia-genai-lab:helper';

const WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json';
/** Above the longest prompt that a door takes, with the code around it. */
const LONGEST_TEXT = 100_000;

/** What the form asks for: a new cell with a text, or the text in the clipboard. */
export interface IWish {
  wish: 'cell' | 'clipboard';
  text: string;
  /** The id of the widget that the person displayed: its cell is where the form stands. */
  widget: string;
}

/** Return what a message asks for; null: nothing that is known here. */
export function readWish(data: unknown): IWish | null {
  const { wish, text, widget } = (data ?? {}) as Record<string, unknown>;
  const known = wish === 'cell' || wish === 'clipboard';
  if (!known || typeof text !== 'string' || typeof widget !== 'string') {
    return null;
  }
  return text.length <= LONGEST_TEXT ? { wish, text, widget } : null;
}

/**
 * Put a cell with code below the one that shows a widget, so that undo takes it back; return
 * whether there is such a cell. Focus and selection stay where they are.
 */
export function insertBelow(
  model: INotebookModel,
  widget: string,
  source: string
): boolean {
  for (let index = 0; index < model.cells.length; index++) {
    const cell = model.cells.get(index);
    if (cell.type === 'code' && shows(cell as unknown as ICode, widget)) {
      model.sharedModel.insertCell(index + 1, {
        cell_type: 'code',
        source,
        metadata: {}
      });
      return true;
    }
  }
  return false;
}

/** The part of a code cell that is read here; its own type is in a package of its own. */
interface ICode {
  outputs: { length: number; get(index: number): { data: object } };
}

function shows(cell: ICode, widget: string): boolean {
  for (let index = 0; index < cell.outputs.length; index++) {
    const data = cell.outputs.get(index).data as Record<string, { model_id?: unknown }>;
    if (data[WIDGET_VIEW]?.model_id === widget) {
      return true;
    }
  }
  return false;
}

/** Do what is asked for, and return whether it was done. */
export async function grant(
  wish: IWish,
  model: INotebookModel,
  copy: (text: string) => Promise<void>
): Promise<boolean> {
  if (wish.wish === 'cell') {
    return insertBelow(model, wish.widget, wish.text);
  }
  try {
    await copy(wish.text);
    return true;
  } catch {
    // The page may not write to the clipboard; the form shows the text to be copied by hand.
    return false;
  }
}
