import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { Execute } from '../commands';
import { CommandIDs } from '../commands';
import type { ILabViewProps, SectionName } from '../components/LabView';
import { LabView } from '../components/LabView';
import { genaiIcon } from '../icons';
import type { IGenAILab } from '../tokens';

import { panelActions } from './panelActions';
import { panelView } from './panelView';
import { watchSections } from './panelWatch';

/** Where the focus goes in a section that is led to, the first that is there. */
const FOCUSES: Partial<Record<SectionName, readonly string[]>> = {
  notebook: ['.jp-GenAILab-editor input:checked:enabled', '.jp-GenAILab-editor button'],
  timeline: ['#jp-GenAILab-section-timeline select'],
  models: ['#jp-GenAILab-section-models select'],
  plan: ['#jp-GenAILab-section-plan input'],
  jobs: ['[aria-controls="jp-GenAILab-section-jobs"]'],
  usage: ['[aria-controls="jp-GenAILab-section-usage"]'],
  mode: ['[aria-controls="jp-GenAILab-section-mode"]'],
  gpus: ['[aria-controls="jp-GenAILab-section-gpus"]']
};

/** The side panel: it shows the model, and turns clicks into commands. */
export class LabPanel extends ReactWidget {
  constructor(options: LabPanel.IOptions) {
    super();
    this._execute = options.execute;
    this._genai = options.genai;
    this._trans = options.trans;
    this._actions = panelActions({
      execute: this._execute,
      genai: this._genai,
      onServiceMenu: options.onServiceMenu,
      onEdit: open => {
        this._editing = open;
        this.update();
      },
      onModelsService: service => {
        this._modelsService = service;
        this.update();
      }
    });
    this.id = 'coursia-genai-lab';
    this.title.icon = genaiIcon;
    this.title.caption = this._trans.__('GenAI services');
    this.addClass('jp-GenAILab-panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('GenAI services'));
    const { allowed, consents, folder, gpus, jobs, lab, offers } = this._genai;
    const { history, plan, policy, teacher, timeline, usage, weights } = this._genai;
    const models = [
      allowed,
      consents,
      folder,
      gpus,
      history,
      jobs,
      lab,
      offers,
      plan,
      policy,
      teacher,
      timeline,
      usage,
      weights
    ];
    for (const model of models) {
      model.changed.connect(this.update, this);
    }
    // Who may plan is known only once the Lab has answered.
    lab.changed.connect(this._watch, this);
  }

  /** Unfold a section, and move the focus to where it is worked with. */
  showSection(name: SectionName): void {
    this._focusing = FOCUSES[name] ?? [];
    this._toggle(name, true);
  }

  /** Show the editor of the teacher's word, and move the focus into it. */
  edit(): void {
    this._editing = true;
    this.showSection('notebook');
  }

  /** Show the models of a service, or of any for null, and move the focus there. */
  showModels(service: string | null): void {
    this._modelsService = service;
    this.showSection('models');
  }

  /** Names of the sections that are folded away. */
  get collapsed(): readonly string[] {
    return [...this._collapsed];
  }
  set collapsed(names: readonly string[]) {
    this._collapsed = new Set(names);
    this._watch();
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

  protected onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    if (this._focusing.length > 0) {
      void this.renderPromise?.then(() => this._focus());
    }
  }

  protected onAfterShow(): void {
    this._watch();
  }

  protected onAfterHide(): void {
    this._watch();
  }

  protected render(): JSX.Element {
    return (
      <LabView
        {...panelView(this._genai, {
          editing: this._editing,
          modelsService: this._modelsService
        })}
        actions={this._actions}
        collapsed={this._collapsed}
        onToggle={this._toggle}
        onRefresh={() => this._execute(CommandIDs.refresh)}
        onMode={mode => this._execute(CommandIDs.setMode, { mode })}
        trans={this._trans}
      />
    );
  }

  private _focus(): void {
    const places = this._focusing.map(selector =>
      this.node.querySelector<HTMLElement>(selector)
    );
    const place = places.find(found => found !== null);
    if (place && this.isVisible) {
      this._focusing = [];
      place.focus();
    }
  }

  private _watch(): void {
    watchSections(this._genai, this.isVisible, this._collapsed);
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

  private _actions: ILabViewProps['actions'];
  // A folder may hold a thousand notebooks: nobody waits for them who did not ask.
  private _collapsed: ReadonlySet<string> = new Set([
    'usage',
    'models',
    'plan',
    'timeline',
    'folder'
  ]);
  private _collapsedChanged = new Signal<this, void>(this);
  private _editing = false;
  private _execute: Execute;
  private _focusing: readonly string[] = [];
  private _genai: IGenAILab;
  private _modelsService: string | null = null;
  private _trans: TranslationBundle;
}

export namespace LabPanel {
  export interface IOptions {
    genai: IGenAILab;
    execute: Execute;
    /** Shows what else can be done with a service, below a part of the page. */
    onServiceMenu: (name: string, anchor: HTMLElement) => void;
    trans: TranslationBundle;
  }
}
