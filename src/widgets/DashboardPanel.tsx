import type { TranslationBundle } from '@jupyterlab/translation';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { ReactWidget, refreshIcon, ToolbarButton } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { Execute } from '../commands';
import { CommandIDs } from '../commands';
import { DashboardView } from '../components/DashboardView';
import { genaiIcon } from '../icons';
import { footprintOf } from '../model/health';
import type { IGenAILab } from '../tokens';

const VIEWER = 'dashboard';

/** The dashboard, in the main area; its figures are asked for while it is visible. */
export class DashboardPanel extends MainAreaWidget<DashboardContent> {
  constructor(options: DashboardContent.IOptions) {
    const { trans } = options;
    const content = new DashboardContent(options);
    super({ content });
    // Every page of the main area is called the same there, and cannot be scrolled by keys.
    content.node.setAttribute('aria-label', trans.__('GenAI Dashboard'));
    content.node.tabIndex = 0;
    this.id = 'coursia-genai-lab-dashboard';
    this.title.label = trans.__('GenAI Dashboard');
    this.title.icon = genaiIcon;
    this.title.closable = true;
    this.toolbar.addItem(
      'refresh',
      new ToolbarButton({
        icon: refreshIcon,
        label: trans.__('Refresh'),
        tooltip: trans.__('Ask the server again'),
        onClick: () => void content.refresh()
      })
    );
  }
}

/** Shows the models, and turns clicks into commands. */
export class DashboardContent extends ReactWidget {
  constructor(options: DashboardContent.IOptions) {
    super();
    this._execute = options.execute;
    this._genai = options.genai;
    this._trans = options.trans;
    this.addClass('jp-GenAILab-dashboard');
    const { gpus, health, jobs, lab } = this._genai;
    for (const model of [gpus, health, jobs, lab]) {
      model.changed.connect(this.update, this);
    }
    lab.changed.connect(this._follow, this);
  }

  /** Ask for everything again now. */
  async refresh(): Promise<void> {
    const { gpus, health, jobs, lab } = this._genai;
    await Promise.all([lab, health, jobs, gpus].map(model => model.refresh()));
  }

  dispose(): void {
    this._look(false);
    Signal.clearData(this);
    super.dispose();
  }

  protected onAfterShow(): void {
    this._look(true);
  }

  protected onAfterAttach(message: Parameters<ReactWidget['onAfterAttach']>[0]): void {
    super.onAfterAttach(message);
    this._look(this.isVisible);
  }

  protected onAfterHide(): void {
    this._look(false);
  }

  protected render(): JSX.Element {
    const { gpus, health, jobs, lab } = this._genai;
    return (
      <DashboardView
        connection={lab.connection}
        snapshot={lab.snapshot}
        outage={lab.problem}
        health={health.value}
        problem={health.problem}
        gpus={{ reading: gpus.value, problem: gpus.problem }}
        jobs={{ list: jobs.value, problem: jobs.problem }}
        actions={{
          onRefresh: () => void this.refresh(),
          onRefreshGPUs: () => void gpus.refresh(),
          onRefreshJobs: () => void jobs.refresh(),
          onCancelJob: id => this._execute(CommandIDs.cancelJob, { id })
        }}
        trans={this._trans}
      />
    );
  }

  /** A change of state reaches the page as an event: what follows from it is asked for at once. */
  private _follow(): void {
    this._look(this.isVisible);
    const footprint = footprintOf(this._genai.lab.snapshot);
    if (footprint !== this._footprint) {
      const first = this._footprint === '';
      this._footprint = footprint;
      if (!first && this._genai.health.open && !document.hidden) {
        void this._genai.health.refresh();
      }
    }
  }

  private _look(visible: boolean): void {
    const { gpus, health, jobs, lab } = this._genai;
    // A server that does not know us is not asked.
    const looks = visible && lab.snapshot !== null;
    for (const model of [gpus, health, jobs]) {
      model.look(VIEWER, looks);
    }
  }

  private _execute: Execute;
  private _footprint = '';
  private _genai: IGenAILab;
  private _trans: TranslationBundle;
}

export namespace DashboardContent {
  export interface IOptions {
    genai: IGenAILab;
    execute: Execute;
    trans: TranslationBundle;
  }
}
