import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { Execute } from '../commands';
import { CommandIDs } from '../commands';
import { LabView } from '../components/LabView';
import { genaiIcon } from '../icons';
import { launchOf } from '../model/needs';
import type { IGenAILab } from '../tokens';

/** The side panel: it shows the model, and turns clicks into commands. */
export class LabPanel extends ReactWidget {
  constructor(options: LabPanel.IOptions) {
    super();
    this._execute = options.execute;
    this._genai = options.genai;
    this._trans = options.trans;
    this.id = 'coursia-genai-lab';
    this.title.icon = genaiIcon;
    this.title.caption = this._trans.__('GenAI services');
    this.addClass('jp-GenAILab-panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('GenAI services'));
    this._genai.lab.changed.connect(this.update, this);
    this._genai.notebook.changed.connect(this.update, this);
  }

  /** Names of the sections that are folded away. */
  get collapsed(): readonly string[] {
    return [...this._collapsed];
  }
  set collapsed(names: readonly string[]) {
    this._collapsed = new Set(names);
    this.update();
  }

  /** Emitted when a person folds or unfolds a section. */
  get collapsedChanged(): ISignal<this, void> {
    return this._collapsedChanged;
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected render(): JSX.Element {
    const { lab, notebook } = this._genai;
    const run = this._execute;
    const kernelId = notebook.kernel?.id;
    return (
      <LabView
        connection={lab.connection}
        snapshot={lab.snapshot}
        problem={lab.problem}
        notebook={{
          notebook: notebook.panel && {
            name: notebook.name,
            hasKernel: kernelId !== undefined
          },
          profile: notebook.profile,
          problem: notebook.problem,
          launch: launchOf(lab.snapshot, kernelId)
        }}
        collapsed={this._collapsed}
        onToggle={this._toggle}
        onRefresh={() => run(CommandIDs.refresh)}
        onReveal={({ cell, line }) => run(CommandIDs.showEvidence, { cell, line })}
        onEnable={() => run(CommandIDs.enableKernel)}
        onMode={mode => run(CommandIDs.setMode, { mode })}
        onStart={name => run(CommandIDs.startService, { name })}
        onStop={name => run(CommandIDs.stopService, { name })}
        onRestart={name => run(CommandIDs.restartService, { name })}
        onLogs={name => run(CommandIDs.showLogs, { name })}
        trans={this._trans}
      />
    );
  }

  private _toggle = (name: string, open: boolean): void => {
    const names = new Set(this._collapsed);
    if (open) {
      names.delete(name);
    } else {
      names.add(name);
    }
    this.collapsed = [...names];
    this._collapsedChanged.emit();
  };

  private _collapsed: ReadonlySet<string> = new Set();
  private _collapsedChanged = new Signal<this, void>(this);
  private _execute: Execute;
  private _genai: IGenAILab;
  private _trans: TranslationBundle;
}

export namespace LabPanel {
  export interface IOptions {
    genai: IGenAILab;
    execute: Execute;
    trans: TranslationBundle;
  }
}
