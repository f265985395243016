import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { ConsentNeeded } from '../_wire';
import type { Execute } from '../commands';
import { CommandIDs } from '../commands';
import type { ILabViewProps, IQuestion, SectionName } from '../components/LabView';
import { LabView } from '../components/LabView';
import type { IMachineView } from '../components/MachineSections';
import type { INotebookView } from '../components/NotebookSection';
import { genaiIcon } from '../icons';
import { askedOf, cloudOf, questionsOf } from '../model/consents';
import { launchOf } from '../model/needs';
import type { IGenAILab } from '../tokens';

import { panelActions } from './panelActions';

/** Where the focus goes, the first that is there. */
const EDITOR = [
  '.jp-GenAILab-editor input:checked:enabled',
  '.jp-GenAILab-editor button'
];
const TIMELINE = ['#jp-GenAILab-section-timeline select'];
const MODELS = ['#jp-GenAILab-section-models select'];
const PLAN = ['#jp-GenAILab-section-plan input'];
const JOBS = ['[aria-controls="jp-GenAILab-section-jobs"]'];
const USAGE = ['[aria-controls="jp-GenAILab-section-usage"]'];
const POLICY = ['[aria-controls="jp-GenAILab-section-mode"]'];
const GPUS = ['[aria-controls="jp-GenAILab-section-gpus"]'];

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
    lab.changed.connect(this._look, this);
  }

  /** Show the editor of the teacher's word, and move the focus into it. */
  edit(): void {
    this._editing = true;
    this._focusing = EDITOR;
    this._toggle('notebook', true);
  }

  /** Show the notebooks of the open folder. */
  showFolder(): void {
    this._toggle('folder', true);
  }

  /** Show what happened, and move the focus there. */
  showTimeline(): void {
    this._focusing = TIMELINE;
    this._toggle('timeline', true);
  }

  /** Show who waits for images, and move the focus there. */
  showJobs(): void {
    this._focusing = JOBS;
    this._toggle('jobs', true);
  }

  /** Show the GPUs, and move the focus there. */
  showGPUs(): void {
    this._focusing = GPUS;
    this._toggle('gpus', true);
  }

  /** Show the models of a service, or of any for null, and move the focus there. */
  showModels(service: string | null): void {
    this._modelsService = service;
    this._focusing = MODELS;
    this._toggle('models', true);
  }

  /** Show what was used and what is left, and move the focus there. */
  showUsage(): void {
    this._focusing = USAGE;
    this._toggle('usage', true);
  }

  /** Show the mode and the policy, and move the focus there. */
  showPolicy(): void {
    this._focusing = POLICY;
    this._toggle('mode', true);
  }

  /** Show what fits on the machine, and move the focus there. */
  showPlan(): void {
    this._focusing = PLAN;
    this._toggle('plan', true);
  }

  /** Names of the sections that are folded away. */
  get collapsed(): readonly string[] {
    return [...this._collapsed];
  }
  set collapsed(names: readonly string[]) {
    this._collapsed = new Set(names);
    this._look();
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
    this._look();
  }

  protected onAfterHide(): void {
    this._look();
  }

  protected render(): JSX.Element {
    const { lab } = this._genai;
    const { folder, index, loading, problem } = this._genai.folder;
    const { allowed, history, offers, policy, usage } = this._genai;
    return (
      <LabView
        connection={lab.connection}
        snapshot={lab.snapshot}
        problem={lab.problem}
        notebook={this._notebook()}
        folder={{ folder, index, loading, problem }}
        timeline={this._timeline()}
        usage={{
          usage: usage.value,
          problem: usage.problem,
          history: {
            rows: history.value,
            loading: history.loading,
            problem: history.problem
          }
        }}
        policy={{ policy: policy.value, problem: policy.problem }}
        consents={{ list: allowed.value, problem: allowed.problem }}
        offers={offers.value}
        questions={this._questions()}
        {...this._machine()}
        actions={this._actions}
        collapsed={this._collapsed}
        onToggle={this._toggle}
        onRefresh={() => this._execute(CommandIDs.refresh)}
        onMode={mode => this._execute(CommandIDs.setMode, { mode })}
        trans={this._trans}
      />
    );
  }

  private _notebook(): INotebookView {
    const { consents, lab, notebook, teacher } = this._genai;
    const kernelId = notebook.kernel?.id;
    const launch = launchOf(lab.snapshot, kernelId);
    const asked = askedOf(launch);
    const offered = cloudOf(launch);
    return {
      notebook: notebook.panel && {
        name: notebook.name,
        language: notebook.language,
        hasKernel: kernelId !== undefined
      },
      profile: notebook.profile,
      problem: notebook.problem,
      launch,
      consent: asked ? this._answerTo(asked) : 'open',
      usingCloud: offered !== null && consents.isBusy(offered),
      teacher: {
        word: teacher.word,
        lock: teacher.lock,
        canUndo: teacher.canUndo,
        open: this._editing
      }
    };
  }

  private _questions(): IQuestion[] {
    const { consents, lab } = this._genai;
    return questionsOf(lab.snapshot).map(asked => ({
      asked,
      busy: consents.isBusy(asked)
    }));
  }

  private _answerTo(asked: ConsentNeeded): INotebookView['consent'] {
    const { consents } = this._genai;
    if (consents.isBusy(asked)) {
      return 'busy';
    }
    return consents.isDeclined(asked) ? 'declined' : 'open';
  }

  private _timeline(): ILabViewProps['timeline'] {
    const { service, entries, more, durable, loading, problem } = this._genai.timeline;
    return { service, entries, more, durable, loading, problem };
  }

  private _machine(): IMachineView {
    const { gpus, jobs, plan, weights } = this._genai;
    return {
      jobs: { list: jobs.value, problem: jobs.problem },
      gpus: { reading: gpus.value, problem: gpus.problem },
      models: {
        list: weights.value,
        loading: weights.loading,
        problem: weights.problem,
        service: this._modelsService
      },
      plan: {
        people: plan.people,
        plan: plan.plan,
        loading: plan.loading,
        problem: plan.problem
      }
    };
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

  /** What costs the server anything is asked for only while somebody looks at it. */
  private _look(): void {
    const { allowed, folder, gpus, jobs, lab, offers } = this._genai;
    const { plan, policy, timeline, usage, weights } = this._genai;
    const looks = (name: SectionName) => this.isVisible && !this._collapsed.has(name);
    const { role } = lab.snapshot ?? {};
    // What is left is told by a closed section, too.
    usage.open = this.isVisible && role !== undefined;
    policy.open = looks('mode') && role !== undefined;
    allowed.open = looks('mode') && role !== undefined;
    offers.open = looks('services') && this._sells();
    folder.open = looks('folder');
    timeline.open = looks('timeline');
    gpus.open = looks('gpus') && role !== undefined;
    jobs.open = looks('jobs') && role !== undefined;
    weights.open = looks('models') && role !== undefined;
    plan.open = looks('plan') && role !== undefined && role !== 'student';
  }

  /** Whether a cloud could be asked: then it has prices. */
  private _sells(): boolean {
    const services = this._genai.lab.snapshot?.services ?? [];
    return services.some(({ kind, state }) => kind === 'cloud' && state === 'ready');
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
