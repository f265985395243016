import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ConsentNeeded, LaunchView, StatusView } from '../_wire';

/** What a person answered in this page to what notebooks and clouds ask for. */
export class ConsentModel implements IDisposable {
  constructor(options: ConsentModel.IOptions) {
    this._give = options.give;
  }

  /** Emitted when an answer was given. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  isDeclined(asked: ConsentNeeded): boolean {
    return this._declined.has(keyOf(asked));
  }

  /** Whether an answer is on its way. */
  isBusy(asked: ConsentNeeded): boolean {
    return this._busy.has(keyOf(asked));
  }

  /** Not now: asked no more in this page, and offered quietly. */
  decline(asked: ConsentNeeded): void {
    this._declined.add(keyOf(asked));
    this._changed.emit();
  }

  /** Confirm just this; rejects with what the server says, and may be tried again. */
  async give(asked: ConsentNeeded): Promise<void> {
    const key = keyOf(asked);
    if (this._busy.has(key)) {
      return;
    }
    this._busy.add(key);
    this._changed.emit();
    try {
      await this._give(asked);
    } finally {
      this._busy.delete(key);
      this._changed.emit();
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _busy = new Set<string>();
  private _changed = new Signal<this, void>(this);
  private _declined = new Set<string>();
  private _give: ConsentModel.IOptions['give'];
  private _isDisposed = false;
}

export namespace ConsentModel {
  export interface IOptions {
    /** Keeps a confirmation; rejects with `ApiError`. */
    give: (asked: ConsentNeeded) => Promise<unknown>;
  }
}

/** What a launch waits for a person to confirm, or null. */
export function askedOf(launch: LaunchView | undefined): ConsentNeeded | null {
  const asked = launch?.consent ?? null;
  return asked && !asked.given ? asked : null;
}

/** The cloud that could draw for a launch and does not yet, or null. */
export function cloudOf(launch: LaunchView | undefined): ConsentNeeded | null {
  const offered = launch?.cloud ?? null;
  return offered && !offered.given ? offered : null;
}

/** What clouds need of this caller now. */
export function questionsOf(snapshot: StatusView | null): ConsentNeeded[] {
  return snapshot?.questions.filter(asked => !asked.given) ?? [];
}

/** One text for one question: another digest is another question. */
export function keyOf(asked: ConsentNeeded): string {
  // Terms of a cloud are the same question whichever notebook raises it.
  const subject = asked.kind === 'metadata' ? asked.path : asked.provider;
  return [asked.kind, subject, asked.digest].join('\n');
}
