import type {
  INotebookModel,
  INotebookTracker,
  NotebookPanel
} from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Profile } from '../_wire';
import type { INotebookSource } from '../api/notebooks';
import type { ApiError } from '../api/request';

/** A notebook is read again when nobody has typed for this long (milliseconds). */
const QUIET = 1200;

/** Follows the notebook in front: what it needs, and which kernel it has. */
export class NotebookModel implements IDisposable {
  constructor(options: NotebookModel.IOptions) {
    this._detect = options.profile;
    this._tracker = options.tracker;
    this._debouncer = new Debouncer(() => this._examine(), options.quiet ?? QUIET);
    this._tracker.currentChanged.connect(this._onCurrent, this);
    this._onCurrent();
  }

  /** The notebook in front, or null. */
  get panel(): NotebookPanel | null {
    return this._panel;
  }

  /** What it needs; null until known. */
  get profile(): Profile | null {
    return this._profile;
  }

  /** Why `profile` is not known. */
  get problem(): ApiError | null {
    return this._problem;
  }

  get name(): string {
    return this._panel?.context.localPath.split('/').pop() ?? '';
  }

  /** The language that its cells are written in; empty until known. */
  get language(): string {
    return this._panel?.context.model?.defaultKernelLanguage ?? '';
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this._panel?.sessionContext.session?.kernel ?? null;
  }

  /** Emitted when the notebook, its needs or its kernel changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._debouncer.isDisposed;
  }

  /** Read the notebook again now. */
  async refresh(): Promise<void> {
    this._examined = '';
    await this._examine();
  }

  /** The server answers: read the notebook again if nobody answered when it was read. */
  async follow(): Promise<void> {
    if (this._problem?.status === 0) {
      await this.refresh();
    }
  }

  /** Show the place that a piece of evidence names: cell from 0, line from 1. */
  reveal(cell: number, line: number): void {
    const content = this._panel?.content;
    const widget = content?.widgets[cell];
    if (!content || !widget) {
      return;
    }
    content.activeCellIndex = cell;
    content.deselectAll();
    void content.scrollToItem(cell, 'smart');
    void widget.ready.then(() => {
      widget.editor?.setCursorPosition({ line: Math.max(0, line - 1), column: 0 });
      content.activate();
    });
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._debouncer.dispose();
    Signal.clearData(this);
  }

  private _onCurrent(): void {
    const panel = this._tracker.currentWidget;
    if (panel === this._panel) {
      return;
    }
    if (this._panel && !this._panel.isDisposed) {
      this._panel.context.pathChanged.disconnect(this._onContent, this);
      this._panel.context.model.contentChanged.disconnect(this._onContent, this);
      this._panel.sessionContext.kernelChanged.disconnect(this._onKernel, this);
    }
    this._panel = panel;
    this._profile = null;
    this._problem = null;
    this._examined = '';
    if (panel) {
      panel.context.pathChanged.connect(this._onContent, this);
      panel.context.model.contentChanged.connect(this._onContent, this);
      panel.sessionContext.kernelChanged.connect(this._onKernel, this);
      void panel.context.ready.then(() => this._examine());
    }
    this._changed.emit();
  }

  private _onContent(): void {
    void this._debouncer.invoke().catch(() => undefined);
  }

  private _onKernel(): void {
    this._changed.emit();
  }

  private async _examine(): Promise<void> {
    const panel = this._panel;
    if (!panel || panel.isDisposed || !panel.context.isReady) {
      return;
    }
    const path = panel.context.localPath;
    const source = sourceOf(panel.context.model);
    const examined = JSON.stringify([path, source]);
    // Outputs change the content too; only what detection reads is worth a request.
    if (examined === this._examined) {
      return;
    }
    this._examined = examined;
    let profile: Profile | null = null;
    let problem: ApiError | null = null;
    try {
      profile = await this._detect(path, source);
    } catch (error) {
      problem = error as ApiError;
    }
    if (this._panel === panel && this._examined === examined && !this.isDisposed) {
      this._profile = profile;
      this._problem = problem;
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _debouncer: Debouncer;
  private _examined = '';
  private _panel: NotebookPanel | null = null;
  private _problem: ApiError | null = null;
  private _profile: Profile | null = null;
  private _detect: NotebookModel.IOptions['profile'];
  private _tracker: NotebookModel.IOptions['tracker'];
}

export namespace NotebookModel {
  export interface IOptions {
    tracker: Pick<INotebookTracker, 'currentChanged' | 'currentWidget'>;
    /** Says what a notebook needs; rejects with `ApiError`. */
    profile: (path: string, source: INotebookSource) => Promise<Profile>;
    /** Milliseconds without an edit before the notebook is read again. */
    quiet?: number;
  }
}

function sourceOf(model: INotebookModel): INotebookSource {
  const { sharedModel } = model;
  return {
    metadata: sharedModel.getMetadata(),
    cells: sharedModel.cells.map(cell => ({
      cell_type: cell.cell_type,
      source: cell.getSource()
    }))
  };
}
