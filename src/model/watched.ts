import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { ApiError } from '../api/request';

/** Where the server does not answer, it is asked less and less often, down to this (milliseconds). */
const LONGEST_INTERVAL = 60_000;

/** Figures that change by themselves: asked for again and again, but only while somebody looks. */
export class WatchedModel<T> implements IDisposable {
  constructor(options: WatchedModel.IOptions<T>) {
    this._fetch = options.load;
    this._interval = options.interval;
    this._poll = new Poll({
      name: `coursia-genai-lab:${options.name}`,
      auto: false,
      factory: () => this._load(),
      frequency: this._frequency(),
      standby: () => !this.open || 'when-hidden'
    });
  }

  /** The last answer; kept while a fresh one is on its way, null before the first. */
  get value(): T | null {
    return this._value;
  }

  /** Whether an answer is on its way and none is there yet. */
  get loading(): boolean {
    return this._loading;
  }

  /** Why there is no fresh answer. */
  get problem(): ApiError | null {
    return this._problem;
  }

  /** Whether somebody looks at it; set it for one place that shows it, `look` is for more. */
  get open(): boolean {
    return this._viewers.size > 0;
  }
  set open(value: boolean) {
    this.look('', value);
  }

  /** Note whether one of several places that show it is looked at. */
  look(viewer: string, looks: boolean): void {
    if (looks === this._viewers.has(viewer) || this.isDisposed) {
      return;
    }
    const before = this.open;
    if (looks) {
      this._viewers.add(viewer);
    } else {
      this._viewers.delete(viewer);
    }
    if (this.open !== before) {
      void (this.open ? this._poll.refresh() : this._poll.stop());
    }
  }

  /** Emitted after anything above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Load it now, whether or not somebody looks; never rejects, see `problem`. */
  async refresh(): Promise<void> {
    await this._load().catch(() => undefined);
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async _load(): Promise<void> {
    this._asked += 1;
    const asked = this._asked;
    this._loading = true;
    this._changed.emit();
    try {
      const value = await this._fetch();
      this._end(asked, () => {
        this._value = value;
        this._problem = null;
      });
    } catch (error) {
      const problem =
        error instanceof ApiError
          ? error
          : new ApiError('unreachable', String(error), '', 0);
      this._end(asked, () => {
        this._problem = problem;
      });
      // Rethrown so that the poll backs off.
      throw problem;
    }
  }

  /** Take an answer, unless a later question was asked meanwhile. */
  private _end(asked: number, take: () => void): void {
    if (asked !== this._asked || this.isDisposed) {
      return;
    }
    take();
    this._loading = false;
    this._poll.frequency = this._frequency();
    this._changed.emit();
  }

  private _frequency() {
    const interval = this._interval(this._value);
    return { backoff: true, interval, max: Math.max(LONGEST_INTERVAL, interval) };
  }

  private _asked = 0;
  private _changed = new Signal<this, void>(this);
  private _fetch: () => Promise<T>;
  private _interval: (value: T | null) => number;
  private _loading = false;
  private _poll: Poll;
  private _problem: ApiError | null = null;
  private _value: T | null = null;
  private _viewers = new Set<string>();
}

export namespace WatchedModel {
  export interface IOptions<T> {
    /** A word for what is watched. */
    name: string;
    /** Loads the figures; rejects with `ApiError`. */
    load: () => Promise<T>;
    /** Milliseconds until the next look, by what the last one saw. */
    interval: (value: T | null) => number;
  }
}
