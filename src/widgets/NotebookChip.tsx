import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { ServiceView } from '../_wire';
import type { Execute } from '../commands';
import { CommandIDs } from '../commands';
import { Chip } from '../components/Chip';
import { launchOf, wasGiven, worst } from '../model/needs';
import type { IWord } from '../model/word';
import { isSaid, readWord, WORD_KEY } from '../model/word';
import type { IGenAILab } from '../tokens';

/** In a notebook's toolbar: how its services are. Nothing where it needs and says nothing. */
export class NotebookChip extends ReactWidget {
  constructor(options: NotebookChip.IOptions) {
    super();
    this._options = options;
    this.addClass('jp-GenAILab-chip');
    options.genai.lab.changed.connect(this._onChanged, this);
    options.kernelChanged.connect(this._onChanged, this);
    options.sharedModel.metadataChanged.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected render(): JSX.Element | null {
    if (!this._isShown()) {
      return null;
    }
    const { execute, genai, onMenu, trans } = this._options;
    return (
      <Chip
        service={this._service()}
        choice={this._word().choice}
        lost={genai.lab.connection !== 'ready'}
        onOpen={() => execute(CommandIDs.openPanel)}
        onMenu={onMenu}
        trans={trans}
      />
    );
  }

  /** The service of this notebook's kernel that is in the worst state. */
  private _service(): ServiceView | null {
    const { genai, kernelId } = this._options;
    const launch = launchOf(genai.lab.snapshot, kernelId());
    const names = launch && wasGiven(launch) ? launch.services : [];
    const services = names.flatMap(name => genai.lab.service(name) ?? []);
    return worst(services) ?? null;
  }

  private _word(): IWord {
    return readWord(this._options.sharedModel.getMetadata(WORD_KEY));
  }

  private _isShown(): boolean {
    const absent = this._options.genai.lab.snapshot === null;
    return !absent && (this._service() !== null || isSaid(this._word()));
  }

  private _onChanged(): void {
    // Hidden altogether, so that a classic notebook's toolbar is what it always was.
    this.setHidden(!this._isShown());
    this.update();
  }

  private _options: NotebookChip.IOptions;
}

export namespace NotebookChip {
  export interface IOptions {
    genai: Pick<IGenAILab, 'lab'>;
    kernelId: () => string | undefined;
    kernelChanged: ISessionContext['kernelChanged'];
    sharedModel: Pick<INotebookModel['sharedModel'], 'getMetadata' | 'metadataChanged'>;
    execute: Execute;
    /** Show the teacher's choices below a part of the page. */
    onMenu: (anchor: HTMLElement) => void;
    trans: TranslationBundle;
  }
}
