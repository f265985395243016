import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { FolderIndex } from '../_wire';
import type { ApiError } from '../api/request';

/** The first notebooks should show soon, the rest in few answers (seconds). */
const FIRST_WAIT = 2;
const NEXT_WAIT = 20;

/** A course at a glance: asked for while somebody looks, never by itself. */
export class FolderModel implements IDisposable {
  constructor(options: FolderModel.IOptions) {
    this._load = options.load;
  }

  /** API path of the folder; empty for the server's root. */
  get folder(): string {
    return this._folder;
  }
  set folder(value: string) {
    if (value === this._folder) {
      return;
    }
    this._folder = value;
    this._asked += 1;
    this._index = null;
    this._problem = null;
    this._loading = false;
    if (this._open) {
      void this.refresh();
    } else {
      this._changed.emit();
    }
  }

  /** Whether somebody looks at it. */
  get open(): boolean {
    return this._open;
  }
  set open(value: boolean) {
    if (value === this._open) {
      return;
    }
    this._open = value;
    if (value && !this._loading && !this._index?.complete) {
      void this.refresh();
    }
  }

  /** The index of `folder`; the old one while a fresh one is on its way, null before the first. */
  get index(): FolderIndex | null {
    return this._index;
  }

  get loading(): boolean {
    return this._loading;
  }

  /** Why there is no fresh index. */
  get problem(): ApiError | null {
    return this._problem;
  }

  /** Emitted after anything above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Load the index now; an answer for a folder that was left meanwhile is dropped. */
  async refresh(): Promise<void> {
    this._asked += 1;
    const asked = this._asked;
    this._loading = true;
    this._problem = null;
    this._changed.emit();
    for (let wait = FIRST_WAIT; this._loading; wait = NEXT_WAIT) {
      let index: FolderIndex | null = null;
      let problem: ApiError | null = null;
      try {
        index = await this._load(this._folder, wait);
      } catch (error) {
        problem = error as ApiError;
      }
      if (asked !== this._asked || this._isDisposed) {
        return;
      }
      this._index = index ?? this._index;
      this._problem = problem;
      // A large folder is read piece by piece, for as long as somebody looks.
      this._loading = index !== null && !index.complete && this._open;
      this._changed.emit();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _asked = 0;
  private _changed = new Signal<this, void>(this);
  private _folder = '';
  private _index: FolderIndex | null = null;
  private _isDisposed = false;
  private _load: FolderModel.IOptions['load'];
  private _loading = false;
  private _open = false;
  private _problem: ApiError | null = null;
}

export namespace FolderModel {
  export interface IOptions {
    /** Loads the index, or what of it is known after so many seconds; rejects with `ApiError`. */
    load: (folder: string, wait: number) => Promise<FolderIndex>;
  }
}
