import type { NotebookPanel } from '@jupyterlab/notebook';
import type { PartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { JSONExt } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { NotebookModel } from './notebook';
import { writeMetadata } from './undoable';
import type { IWord } from './word';
import { isObject, readWord, withWord, WORD_KEY } from './word';

/** Why the word cannot be changed; null: it can. */
export type Lock = 'no_notebook' | 'loading' | 'read_only' | 'foreign' | null;

/** What `undo` takes back. */
interface IEdit {
  panel: NotebookPanel;
  before: ReadonlyPartialJSONValue | undefined;
  after: ReadonlyPartialJSONValue | undefined;
}

/** The teacher's word on the notebook in front: live, saved or not, and with undo. */
export class TeacherModel implements IDisposable {
  constructor(options: { notebook: NotebookModel }) {
    this._notebook = options.notebook;
    this._notebook.changed.connect(this._onNotebook, this);
    this._follow(this._notebook.panel);
  }

  /** What the metadata of the notebook in front says. */
  get word(): IWord {
    return readWord(this._metadata());
  }

  get lock(): Lock {
    const panel = this._notebook.panel;
    if (!panel || panel.isDisposed) {
      return 'no_notebook';
    }
    const { context } = panel;
    if (!context.isReady) {
      return 'loading';
    }
    if (context.contentsModel?.writable === false || context.model.readOnly) {
      return 'read_only';
    }
    const genai = this._metadata();
    return genai === undefined || isObject(genai) ? null : 'foreign';
  }

  /** Whether the last change still stands in the notebook in front, and may be taken back. */
  get canUndo(): boolean {
    const edit = this._edit;
    return (
      edit !== null &&
      this.lock === null &&
      edit.panel === this._notebook.panel &&
      same(this._metadata(), edit.after)
    );
  }

  /** Emitted when anything above may have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Write a word into the notebook in front; false where it is locked or says so already. */
  say(word: IWord): boolean {
    const panel = this._notebook.panel;
    if (!panel || this.lock !== null) {
      return false;
    }
    const before = this._metadata() as PartialJSONObject | undefined;
    return this._write(panel, before, withWord(before, word));
  }

  /** Take the last change back; false where it no longer stands. */
  undo(): boolean {
    const edit = this._edit;
    if (!edit || !this.canUndo) {
      return false;
    }
    this._write(edit.panel, edit.after, edit.before);
    this._edit = null;
    this._changed.emit();
    return true;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _write(
    panel: NotebookPanel,
    before: ReadonlyPartialJSONValue | undefined,
    after: ReadonlyPartialJSONValue | undefined
  ): boolean {
    if (same(before, after)) {
      return false;
    }
    this._edit = { panel, before, after };
    const { sharedModel } = panel.context.model;
    writeMetadata(sharedModel, WORD_KEY, after as PartialJSONObject | undefined);
    return true;
  }

  private _metadata(): ReadonlyPartialJSONValue | undefined {
    const panel = this._notebook.panel;
    if (!panel || panel.isDisposed || !panel.context.isReady) {
      return undefined;
    }
    return panel.context.model.sharedModel.getMetadata(WORD_KEY);
  }

  private _onNotebook(): void {
    const { panel } = this._notebook;
    if (panel !== this._followed) {
      this._follow(panel);
    }
    this._changed.emit();
  }

  private _follow(panel: NotebookPanel | null): void {
    const left = this._followed;
    if (left && !left.isDisposed) {
      left.context.model.sharedModel.metadataChanged.disconnect(this._onMetadata, this);
    }
    this._followed = panel;
    this._edit = null;
    panel?.context.model.sharedModel.metadataChanged.connect(this._onMetadata, this);
  }

  private _onMetadata(_: unknown, change: { key: string }): void {
    if (change.key === WORD_KEY) {
      // The word decides at once: nobody should wait for a pause in typing.
      void this._notebook.refresh();
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _edit: IEdit | null = null;
  private _followed: NotebookPanel | null = null;
  private _isDisposed = false;
  private _notebook: NotebookModel;
}

function same(
  one: ReadonlyPartialJSONValue | undefined,
  other: ReadonlyPartialJSONValue | undefined
): boolean {
  return JSONExt.deepEqual(one ?? null, other ?? null);
}
