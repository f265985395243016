import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { PlanView } from '../_wire';
import type { ApiError } from '../api/request';

/** A class as large as many are. */
const PEOPLE = 24;

/** What fits on this host and what a class would wait: asked for when somebody wants to know. */
export class PlanModel implements IDisposable {
  constructor(options: PlanModel.IOptions) {
    this._load = options.load;
  }

  /** How many people would ask for a picture at once. */
  get people(): number {
    return this._people;
  }
  set people(value: number) {
    if (value === this._people || !PlanModel.isPeople(value)) {
      return;
    }
    this._people = value;
    if (this._open) {
      void this.refresh();
    } else {
      this._stale = true;
      this._changed.emit();
    }
  }

  /** Whether somebody looks at it; whoever looks again after a while sees it anew. */
  get open(): boolean {
    return this._open;
  }
  set open(value: boolean) {
    if (value === this._open) {
      return;
    }
    this._open = value;
    if (value && (this._stale || this._plan === null)) {
      void this.refresh();
    }
    this._stale ||= !value;
  }

  /** The last answer; null before the first. */
  get plan(): PlanView | null {
    return this._plan;
  }

  get loading(): boolean {
    return this._loading;
  }

  /** Why there is no fresh answer. */
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

  /** Ask now; an answer for another number of people than the last asked for is dropped. */
  async refresh(): Promise<void> {
    this._asked += 1;
    const asked = this._asked;
    this._stale = false;
    this._loading = true;
    this._problem = null;
    this._changed.emit();
    let plan: PlanView | null = null;
    let problem: ApiError | null = null;
    try {
      plan = await this._load(this._people);
    } catch (error) {
      problem = error as ApiError;
    }
    if (asked !== this._asked || this._isDisposed) {
      return;
    }
    this._plan = plan ?? this._plan;
    this._problem = problem;
    this._loading = false;
    this._changed.emit();
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _asked = 0;
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _load: PlanModel.IOptions['load'];
  private _loading = false;
  private _open = false;
  private _people = PEOPLE;
  private _plan: PlanView | null = null;
  private _problem: ApiError | null = null;
  private _stale = false;
}

export namespace PlanModel {
  export interface IOptions {
    /** Loads the plan for so many people; rejects with `ApiError`. */
    load: (people: number) => Promise<PlanView>;
  }

  export const MOST_PEOPLE = 500;

  /** Whether a plan can be made for so many. */
  export function isPeople(value: number): boolean {
    return Number.isInteger(value) && value >= 1 && value <= MOST_PEOPLE;
  }
}
