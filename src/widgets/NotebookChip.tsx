import type { ISessionContext } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { ServiceView } from '../_wire';
import type { Execute } from '../commands';
import { CommandIDs } from '../commands';
import { Chip } from '../components/Chip';
import { launchOf, wasGiven, worst } from '../model/needs';
import type { IGenAILab } from '../tokens';

/** In a notebook's toolbar: how its services are. Nothing where it was given none. */
export class NotebookChip extends ReactWidget {
  constructor(options: NotebookChip.IOptions) {
    super();
    this._options = options;
    this.addClass('jp-GenAILab-chip');
    options.genai.lab.changed.connect(this._onChanged, this);
    options.kernelChanged.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected render(): JSX.Element | null {
    const service = this._service();
    return (
      service && (
        <Chip
          service={service}
          onOpen={() => this._options.execute(CommandIDs.openPanel)}
          trans={this._options.trans}
        />
      )
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

  private _onChanged(): void {
    // Hidden altogether, so that a classic notebook's toolbar is what it always was.
    this.setHidden(this._service() === null);
    this.update();
  }

  private _options: NotebookChip.IOptions;
}

export namespace NotebookChip {
  export interface IOptions {
    genai: Pick<IGenAILab, 'lab'>;
    kernelId: () => string | undefined;
    kernelChanged: ISessionContext['kernelChanged'];
    execute: Execute;
    trans: TranslationBundle;
  }
}
