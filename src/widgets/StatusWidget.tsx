import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { Execute } from '../commands';
import { CommandIDs } from '../commands';
import { StatusItem } from '../components/StatusItem';
import { gpusWords } from '../components/gpuWords';
import type { IGenAILab } from '../tokens';

/** The one item in the status bar; it hides while the server extension is off. */
export class StatusWidget extends ReactWidget {
  constructor(options: StatusWidget.IOptions) {
    super();
    this._execute = options.execute;
    this._genai = options.genai;
    this._trans = options.trans;
    this._genai.lab.changed.connect(this._onChanged, this);
    this._genai.preferences.changed.connect(this._onChanged, this);
    this._genai.gpus.changed.connect(this.update, this);
  }

  /** Whether there is something to show. */
  get active(): boolean {
    const { lab, preferences } = this._genai;
    return lab.snapshot !== null && preferences.showStatusItem;
  }

  /** Emitted when `active` may have changed. */
  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected render(): JSX.Element | null {
    const { gpus, lab } = this._genai;
    const { connection, snapshot } = lab;
    const memory = gpus.open ? gpusWords(gpus.value, this._trans) : undefined;
    return (
      snapshot && (
        <StatusItem
          connection={connection}
          snapshot={snapshot}
          gpuMemory={memory ?? null}
          onOpen={() => this._execute(CommandIDs.openPanel)}
          trans={this._trans}
        />
      )
    );
  }

  private _onChanged(): void {
    this._activeChanged.emit();
    this.update();
  }

  private _activeChanged = new Signal<this, void>(this);
  private _execute: Execute;
  private _genai: IGenAILab;
  private _trans: TranslationBundle;
}

export namespace StatusWidget {
  export interface IOptions {
    genai: IGenAILab;
    execute: Execute;
    trans: TranslationBundle;
  }
}
