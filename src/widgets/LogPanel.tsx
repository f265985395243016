import type { TranslationBundle } from '@jupyterlab/translation';
import { MainAreaWidget } from '@jupyterlab/apputils';
import {
  listIcon,
  ReactWidget,
  refreshIcon,
  ToolbarButton
} from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';
import * as React from 'react';

import type { LogLines } from '../_wire';
import type { ApiError } from '../api/request';
import { LogView } from '../components/LogView';

/** Seconds between two looks at a log that is in front. */
const INTERVAL = 3;

/** The log of one service, in the main area, kept fresh while it is visible. */
export class LogPanel extends MainAreaWidget<LogContent> {
  constructor(options: LogContent.IOptions) {
    const { service, title, trans } = options;
    const content = new LogContent(options);
    super({ content });
    this.id = `coursia-genai-lab-log-${service}`;
    this.title.label = trans.__('Log of %1', title);
    this.title.icon = listIcon;
    this.title.closable = true;
    this.toolbar.addItem(
      'refresh',
      new ToolbarButton({
        icon: refreshIcon,
        label: trans.__('Refresh'),
        tooltip: trans.__('Load the log again'),
        onClick: () => void content.refresh()
      })
    );
  }
}

/** Loads and shows the lines. */
export class LogContent extends ReactWidget {
  constructor(options: LogContent.IOptions) {
    super();
    this._options = options;
    this.addClass('jp-GenAILab-log');
    this._poll = new Poll({
      name: 'coursia-genai-lab:log',
      factory: () => this._load(),
      frequency: { interval: INTERVAL * 1000, backoff: true, max: 60_000 },
      standby: () => !this.isVisible || 'when-hidden'
    });
  }

  /** Load the lines again now. */
  refresh(): Promise<void> {
    return this._poll.refresh();
  }

  dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  protected onAfterShow(): void {
    void this.refresh();
  }

  protected render(): JSX.Element {
    const { title, trans } = this._options;
    return (
      <LogView
        lines={this._lines}
        problem={this._problem}
        title={title}
        trans={trans}
      />
    );
  }

  private async _load(): Promise<void> {
    try {
      this._lines = (await this._options.load(this._options.service)).lines;
      this._problem = null;
    } catch (error) {
      this._problem = error as ApiError;
      throw error;
    } finally {
      this.update();
    }
  }

  private _lines: readonly string[] | null = null;
  private _options: LogContent.IOptions;
  private _poll: Poll;
  private _problem: ApiError | null = null;
}

export namespace LogContent {
  export interface IOptions {
    service: string;
    title: string;
    /** Loads the last lines; rejects with `ApiError`. */
    load: (service: string) => Promise<LogLines>;
    trans: TranslationBundle;
  }
}
