import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { LaunchView, ServiceView } from '../_wire';
import { said } from '../components/Said';
import { problemHeadline } from '../components/problems';
import { progressWords } from '../components/progressWords';
import { askedOf, cloudOf } from '../model/consents';
import { MOVING, wasGiven } from '../model/needs';
import type { IGenAILab } from '../tokens';

/** A success leaves by itself after this long (milliseconds). */
const SUCCESS_STAYS = 6000;

/** A failure is on the screen this long (milliseconds), and in the bell until it is read. */
const FAILURE_SHOWN = 10_000;

/** Tells how the services that open notebooks wait for come up: one notification each. */
export class LaunchStory implements IDisposable {
  constructor(options: LaunchStory.IOptions) {
    this._genai = options.genai;
    this._kernels = options.kernels;
    this._notifications = options.notifications ?? Notification.manager;
    this._openPanel = options.openPanel;
    this._useCloud = options.useCloud;
    this._trans = options.trans;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Bring the notifications up to date. */
  tell(): void {
    const { lab, preferences } = this._genai;
    if (lab.connection !== 'ready' || !lab.snapshot || this._isDisposed) {
      return;
    }
    const silenced = preferences.announcements === 'none';
    const awaited = this._awaited();
    for (const service of lab.snapshot.services) {
      const told = this._stories.get(service.name);
      if (told && service.state === 'ready') {
        this._end(service.name, told, service);
      } else if (told && service.problem && !MOVING.has(service.state)) {
        this._fail(service.name, told, service);
      } else if (told && !MOVING.has(service.state)) {
        // Stopped by somebody before it was ready: no news for whoever opened the notebook.
        this._drop(service.name, told);
      } else if (told) {
        this._progress(told, service);
      } else if (!silenced && awaited.has(service.name) && isComingUp(service)) {
        this._begin(service);
      }
    }
    this._tellHopeless();
  }

  dispose(): void {
    this._isDisposed = true;
    for (const timer of this._timers) {
      clearTimeout(timer);
    }
    Signal.clearData(this);
  }

  private _launches(): LaunchView[] {
    const kernels = this._kernels();
    const launches = this._genai.lab.snapshot?.launches ?? [];
    return launches.filter(launch => kernels.has(launch.kernel_id) && wasGiven(launch));
  }

  /** The services that the kernels of open notebooks were promised. */
  private _awaited(): Set<string> {
    return new Set(this._launches().flatMap(promised));
  }

  /** Say once a launch what cannot even begin to start. */
  private _tellHopeless(): void {
    for (const launch of this._launches()) {
      for (const name of promised(launch)) {
        const key = `${launch.launch_id} ${name}`;
        const service = this._genai.lab.service(name);
        if (!service || this._told.has(key) || this._stories.has(name)) {
          continue;
        }
        this._told.add(key);
        if (service.problem && !MOVING.has(service.state)) {
          this._announce(service);
        }
      }
    }
  }

  private _begin(service: ServiceView): void {
    const toast = this._genai.preferences.announcements === 'toast';
    const id = this._notifications.notify(this._line(service), 'in-progress', {
      // 0 is the bell only; false is a toast until the story ends.
      autoClose: toast ? false : 0,
      progress: progressOf(service),
      actions: this._actions(service)
    });
    this._stories.set(service.name, id);
  }

  private _progress(id: string, service: ServiceView): void {
    if (!this._notifications.has(id)) {
      // Dismissed: whoever did so has heard enough of this start.
      return;
    }
    this._notifications.update({
      id,
      message: this._line(service),
      progress: progressOf(service),
      actions: this._actions(service)
    });
  }

  private _end(name: string, id: string, service: ServiceView): void {
    this._stories.delete(name);
    if (!this._notifications.has(id)) {
      return;
    }
    const toast = this._genai.preferences.announcements === 'toast';
    this._notifications.update({
      id,
      type: 'success',
      message: this._trans.__('%1 is ready.', service.title),
      autoClose: toast ? SUCCESS_STAYS : 0,
      actions: this._actions()
    });
    const timer = setTimeout(() => {
      this._timers.delete(timer);
      this._notifications.dismiss(id);
    }, SUCCESS_STAYS);
    this._timers.add(timer);
  }

  private _fail(name: string, id: string, service: ServiceView): void {
    this._stories.delete(name);
    // Replaced, not updated: a failure has to show itself where progress was silent.
    this._notifications.dismiss(id);
    for (const launch of this._launches()) {
      this._told.add(`${launch.launch_id} ${name}`);
    }
    this._announce(service);
  }

  private _announce(service: ServiceView): void {
    const { code, remedy } = service.problem ?? { code: '', remedy: '' };
    const headline = problemHeadline(code, this._trans);
    const words = this._trans.__(
      '%1: %2. %3',
      service.title,
      headline,
      said(remedy, this._trans)
    );
    this._notifications.notify(words, 'error', {
      autoClose: FAILURE_SHOWN,
      actions: this._actions(service)
    });
  }

  private _drop(name: string, id: string): void {
    this._stories.delete(name);
    this._notifications.dismiss(id);
  }

  private _line(service: ServiceView): string {
    return this._trans.__('%1: %2', service.title, progressWords(service, this._trans));
  }

  /** What can be done: look, and where a cloud could draw meanwhile, let it. */
  private _actions(service?: ServiceView): Notification.IAction[] {
    const waiting = this._launches().find(
      launch =>
        service && launch.services.includes(service.name) && cloudOf(launch) !== null
    );
    const cloud = waiting && {
      label: this._trans.__('Use the cloud'),
      caption: this._trans.__('What it costs is shown first'),
      callback: () => this._useCloud(waiting.kernel_id)
    };
    return [
      ...(cloud ? [cloud] : []),
      {
        label: this._trans.__('Details'),
        caption: this._trans.__('Show the GenAI panel'),
        callback: () => this._openPanel()
      }
    ];
  }

  private _genai: LaunchStory.IOptions['genai'];
  private _isDisposed = false;
  private _kernels: () => ReadonlySet<string>;
  private _notifications: LaunchStory.INotifications;
  private _openPanel: () => void;
  private _stories = new Map<string, string>();
  private _told = new Set<string>();
  private _timers = new Set<ReturnType<typeof setTimeout>>();
  private _trans: TranslationBundle;
  private _useCloud: (kernel: string) => void;
}

export namespace LaunchStory {
  export type INotifications = Pick<
    typeof Notification.manager,
    'notify' | 'update' | 'dismiss' | 'has'
  >;

  export interface IOptions {
    genai: Pick<IGenAILab, 'lab' | 'preferences'>;
    /** Ids of the kernels of notebooks that are open in this page. */
    kernels: () => ReadonlySet<string>;
    openPanel: () => void;
    /** Let the cloud draw that is offered for the launch of a kernel. */
    useCloud: (kernel: string) => void;
    notifications?: INotifications;
    trans: TranslationBundle;
  }
}

/** The services of a launch, without those that wait for somebody's consent. */
function promised(launch: LaunchView): string[] {
  const asked = askedOf(launch)?.services ?? [];
  return launch.services.filter(name => !asked.includes(name));
}

function isComingUp(service: ServiceView): boolean {
  return MOVING.has(service.state) && service.state !== 'stopping';
}

function progressOf(service: ServiceView): number | undefined {
  return service.percent === null ? undefined : service.percent / 100;
}
