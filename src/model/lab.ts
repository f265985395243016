import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { IPoll } from '@lumino/polling';
import { Poll, Throttler } from '@lumino/polling';
import type { ISignal, IStream } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { LabEvent, ServiceView, StatusView } from '../_wire';
import { ApiError } from '../api/request';

import { MOVING } from './needs';

/** The one schema of our events. */
export const EVENT_SCHEMA = 'https://schema.coursia-genai-lab.org/lab/v1';

/** While something moves, estimates age: ask at least this often (milliseconds). */
const MOVING_INTERVAL = 3000;

/** Events of mere progress lead to one load in this time (milliseconds). */
const PROGRESS_LIMIT = 2000;

const LONGEST_INTERVAL = 60_000;

/** `loading` until the first answer; `absent` when the server extension is off. */
export type Connection = 'loading' | 'ready' | 'absent' | 'unreachable' | 'forbidden';

export type EventStream = IStream<unknown, ReadonlyJSONObject & { schema_id: string }>;

/**
 * What the Lab says of itself: a snapshot, kept fresh by events and, where those fail, by
 * polling.
 */
export class LabModel implements IDisposable {
  constructor(options: LabModel.IOptions) {
    this._fetch = options.fetch;
    this._events = options.events ?? null;
    this._seconds = options.pollSeconds ?? 30;
    this._throttler = new Throttler(() => this.refresh(), {
      limit: options.progressLimit ?? PROGRESS_LIMIT,
      edge: 'trailing'
    });
    this._events?.connect(this._onEvent, this);
    this._poll = new Poll({
      name: 'coursia-genai-lab:status',
      auto: false,
      factory: () => this._load(),
      frequency: this._frequency(),
      // What somebody or an event asked for is loaded in a hidden page too.
      standby: () => (this._asked ? 'never' : 'when-hidden')
    });
  }

  get connection(): Connection {
    return this._connection;
  }

  /** The last snapshot; kept while the server does not answer, null before the first. */
  get snapshot(): StatusView | null {
    return this._snapshot;
  }

  /** Why there is no fresh snapshot. */
  get problem(): ApiError | null {
    return this._problem;
  }

  /** Emitted after anything above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Seconds between two looks when nothing moves. */
  set pollSeconds(value: number) {
    this._seconds = value;
    this._poll.frequency = this._frequency();
  }

  service(name: string): ServiceView | undefined {
    return this._snapshot?.services.find(service => service.name === name);
  }

  /** Load a fresh snapshot now; calls while one is under way share the one after it. */
  async refresh(): Promise<void> {
    if (this.isDisposed) {
      return;
    }
    if (this._loading) {
      this._next ??= this._loading.then(() => {
        this._next = null;
        return this.refresh();
      });
      return this._next;
    }
    this._loading = this._refreshByPoll().finally(() => {
      this._loading = null;
    });
    return this._loading;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._poll.dispose();
    this._throttler.dispose();
    Signal.clearData(this);
  }

  private async _refreshByPoll(): Promise<void> {
    this._asked = true;
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
  }

  private async _load(): Promise<void> {
    this._asked = false;
    try {
      const snapshot = await this._fetch();
      this._take(snapshot);
    } catch (error) {
      this._problem = asApiError(error);
      this._connection = connectionAfter(this._problem);
      if (this._connection === 'absent') {
        this._snapshot = null;
        void this._poll.stop();
      }
      this._changed.emit();
      // Rethrown so that the poll backs off.
      throw error;
    }
  }

  private _take(snapshot: StatusView): void {
    const known = this._snapshot;
    const older =
      known?.instance === snapshot.instance && snapshot.revision < known.revision;
    if (!older) {
      this._snapshot = snapshot;
    }
    this._problem = null;
    this._connection = 'ready';
    this._poll.frequency = this._frequency();
    this._changed.emit();
  }

  private _onEvent(
    _: unknown,
    emission: ReadonlyJSONObject & { schema_id: string }
  ): void {
    if (emission.schema_id !== EVENT_SCHEMA) {
      return;
    }
    const event = emission as unknown as LabEvent;
    const known = this._snapshot;
    if (known?.instance === event.instance && event.revision <= known.revision) {
      return;
    }
    const patched = known && progressOnly(known, event);
    if (patched) {
      this._take(patched);
      void this._throttler.invoke().catch(() => undefined);
    } else {
      void this.refresh();
    }
  }

  private _frequency(): IPoll.Frequency {
    const moving = this._snapshot?.services.some(service => MOVING.has(service.state));
    const interval = this._seconds * 1000;
    return {
      backoff: true,
      interval: moving ? Math.min(MOVING_INTERVAL, interval) : interval,
      max: Math.max(LONGEST_INTERVAL, interval)
    };
  }

  private _asked = false;
  private _changed = new Signal<this, void>(this);
  private _connection: Connection = 'loading';
  private _events: EventStream | null;
  private _fetch: () => Promise<StatusView>;
  private _loading: Promise<void> | null = null;
  private _next: Promise<void> | null = null;
  private _poll: Poll;
  private _problem: ApiError | null = null;
  private _seconds: number;
  private _snapshot: StatusView | null = null;
  private _throttler: Throttler;
}

export namespace LabModel {
  export interface IOptions {
    /** Loads a snapshot. */
    fetch: () => Promise<StatusView>;
    /** The server's event stream; without it the model polls. */
    events?: EventStream | null;
    /** Milliseconds between two loads that mere progress asks for; 2000. */
    progressLimit?: number;
    /** Seconds between two looks when nothing moves; 30. */
    pollSeconds?: number;
  }
}

/**
 * Return the snapshot with what an event says, where that is mere progress; else null: a
 * change of state brings fields along that no event carries.
 */
function progressOnly(known: StatusView, event: LabEvent): StatusView | null {
  const current = known.services.find(service => service.name === event.service);
  if (known.instance !== event.instance || event.kind !== 'service' || !current) {
    return null;
  }
  if (event.state !== current.state || !MOVING.has(current.state)) {
    return null;
  }
  const { percent, phase, revision } = event;
  const services = known.services.map(service =>
    service === current
      ? { ...service, phase, percent: percent ?? service.percent }
      : service
  );
  return { ...known, revision, services };
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError('unreachable', String(error), '', 0);
}

function connectionAfter(problem: ApiError): Connection {
  if (problem.code === 'extension_off') {
    return 'absent';
  }
  return problem.status === 401 || problem.status === 403 ? 'forbidden' : 'unreachable';
}
