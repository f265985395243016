import type { IDisposable } from '@lumino/disposable';
import { Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { StatusView, TimelineEntry, TimelineView } from '../_wire';
import type { ApiError } from '../api/request';
import type { ITimelineQuery } from '../api/timeline';

/** Entries of one page. */
const PAGE = 40;

/** However much happens, the newest page is loaded once in this time (milliseconds). */
const LIMIT = 1500;

/** What the Lab did and why: asked for while somebody looks, and again when something happened. */
export class TimelineModel implements IDisposable {
  constructor(options: TimelineModel.IOptions) {
    this._load = options.load;
    this._page = options.page ?? PAGE;
    this._throttler = new Throttler(() => this.refresh(), {
      limit: options.limit ?? LIMIT,
      edge: 'trailing'
    });
  }

  /** The entries that were loaded, newest first; null before the first answer. */
  get entries(): readonly TimelineEntry[] | null {
    return this._entries;
  }

  /** Whether the server has older entries. */
  get more(): boolean {
    return this._more;
  }

  /** False: the entries end with the server, for no store could be opened. */
  get durable(): boolean {
    return this._durable;
  }

  get loading(): boolean {
    return this._loading;
  }

  /** Why the newest entries, or older ones, could not be loaded. */
  get problem(): ApiError | null {
    return this._problem;
  }

  /** Only what happened to this service; null: to any. */
  get service(): string | null {
    return this._service;
  }
  set service(value: string | null) {
    if (value === this._service) {
      return;
    }
    this._service = value;
    this._forget();
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
    if (value && (this._stale || this._entries === null)) {
      void this.refresh();
    }
  }

  /** Emitted after anything above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._throttler.isDisposed;
  }

  /** Load the newest entries soon, if the snapshot shows that something happened since. */
  follow(snapshot: StatusView | null): void {
    if (!snapshot) {
      return;
    }
    const footprint = footprintOf(snapshot);
    if (footprint !== this._footprint) {
      this._stale = this._footprint !== '';
      this._footprint = footprint;
    }
    if (snapshot.instance !== this._instance) {
      // A store that was lost counts its entries anew.
      this._replace = true;
      this._instance = snapshot.instance;
    }
    if (this._stale && this._open && !document.hidden) {
      void this._throttler.invoke().catch(() => undefined);
    }
  }

  /** Load the newest entries now; what was loaded of older ones stays. */
  async refresh(): Promise<void> {
    this._stale = false;
    await this._ask(undefined, page => this._join(page));
  }

  /** Load the page behind the oldest entry. */
  async older(): Promise<void> {
    const known = this._entries ?? [];
    const last = known[known.length - 1];
    if (!last || !this._more) {
      return;
    }
    await this._ask(last.id, page => {
      const behind = page.entries.filter(entry => entry.id < last.id);
      this._entries = [...known, ...behind];
      this._more = page.more;
    });
  }

  dispose(): void {
    this._throttler.dispose();
    Signal.clearData(this);
  }

  private async _ask(
    before: number | undefined,
    take: (page: TimelineView) => void
  ): Promise<void> {
    this._asked += 1;
    const asked = this._asked;
    this._loading = true;
    this._problem = null;
    this._changed.emit();
    let page: TimelineView | null = null;
    let problem: ApiError | null = null;
    try {
      page = await this._load({ service: this._service, before, limit: this._page });
    } catch (error) {
      problem = error as ApiError;
    }
    // An answer to what nobody asks any more is dropped.
    if (asked !== this._asked || this.isDisposed) {
      return;
    }
    this._loading = false;
    this._problem = problem;
    if (page) {
      take(page);
      this._durable = page.durable;
    }
    this._changed.emit();
  }

  /** Put the newest page before what is known behind it, where the two meet. */
  private _join({ entries, more }: TimelineView): void {
    const known = this._replace ? [] : (this._entries ?? []);
    const oldest = entries.length > 0 ? entries[entries.length - 1].id : Infinity;
    const behind = known.filter(entry => entry.id < oldest);
    const meets = more && known.some(entry => entry.id >= oldest);
    this._replace = false;
    this._entries = meets ? [...entries, ...behind] : entries;
    this._more = meets && behind.length > 0 ? this._more : more;
  }

  private _forget(): void {
    this._asked += 1;
    this._entries = null;
    this._more = false;
    this._loading = false;
    this._problem = null;
  }

  private _asked = 0;
  private _changed = new Signal<this, void>(this);
  private _durable = true;
  private _entries: readonly TimelineEntry[] | null = null;
  private _footprint = '';
  private _instance = '';
  private _load: TimelineModel.IOptions['load'];
  private _loading = false;
  private _more = false;
  private _open = false;
  private _page: number;
  private _problem: ApiError | null = null;
  private _replace = false;
  private _service: string | null = null;
  private _stale = false;
  private _throttler: Throttler;
}

export namespace TimelineModel {
  export interface IOptions {
    /** Loads a page; rejects with `ApiError`. */
    load: (query: ITimelineQuery) => Promise<TimelineView>;
    /** Entries of one page; 40. */
    page?: number;
    /** Milliseconds between two loads that changes ask for; 1500. */
    limit?: number;
  }
}

/** What of a snapshot changes whenever the timeline gains an entry. */
function footprintOf({ instance, services, warnings }: StatusView): string {
  return JSON.stringify([
    instance,
    warnings.map(warning => warning.code),
    services.map(({ name, state, since, problem, holders }) => [
      name,
      state,
      since,
      problem?.code,
      holders.map(({ label, strength, ends_at }) => [label, strength, ends_at])
    ])
  ]);
}
