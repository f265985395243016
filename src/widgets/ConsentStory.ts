import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import type { ConsentNeeded } from '../_wire';
import { consentQuestion } from '../components/ConsentNotice';
import { askedOf, keyOf } from '../model/consents';
import type { IGenAILab } from '../tokens';

/** A question is on the screen this long (milliseconds), and in the bell until it is answered. */
const QUESTION_SHOWN = 15_000;

/** Asks beside the live kernel whether what its notebook's metadata names may start. */
export class ConsentStory implements IDisposable {
  constructor(options: ConsentStory.IOptions) {
    this._options = options;
    this._notifications = options.notifications ?? Notification.manager;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Ask what is open, once each; withdraw what was answered. */
  tell(): void {
    const { consents, lab } = this._options.genai;
    if (this._isDisposed || lab.connection !== 'ready') {
      return;
    }
    const open = new Set<string>();
    for (const [kernel, asked] of this._questions()) {
      const key = keyOf(asked);
      if (consents.isDeclined(asked) || consents.isBusy(asked)) {
        continue;
      }
      open.add(key);
      if (!this._asked.has(key)) {
        this._asked.set(key, this._ask(kernel, asked));
      }
    }
    for (const [key, id] of this._asked) {
      if (!open.has(key)) {
        this._asked.delete(key);
        this._notifications.dismiss(id);
      }
    }
  }

  dispose(): void {
    this._isDisposed = true;
  }

  private _questions(): [string, ConsentNeeded][] {
    const kernels = this._options.kernels();
    const launches = this._options.genai.lab.snapshot?.launches ?? [];
    return launches.flatMap(launch => {
      const asked = askedOf(launch);
      return asked && kernels.has(launch.kernel_id)
        ? [[launch.kernel_id, asked] as [string, ConsentNeeded]]
        : [];
    });
  }

  private _ask(kernel: string, asked: ConsentNeeded): string {
    const { answer, genai, trans } = this._options;
    const title = (name: string) => genai.lab.service(name)?.title ?? name;
    const question = consentQuestion(asked.services.map(title).join(', '), trans);
    return this._notifications.notify(question, 'warning', {
      autoClose: QUESTION_SHOWN,
      actions: [
        {
          label: trans.__('Start it'),
          caption: asked.path,
          displayType: 'accent',
          callback: () => answer(kernel, true)
        },
        { label: trans.__('Not now'), callback: () => answer(kernel, false) }
      ]
    });
  }

  private _asked = new Map<string, string>();
  private _isDisposed = false;
  private _notifications: ConsentStory.INotifications;
  private _options: ConsentStory.IOptions;
}

export namespace ConsentStory {
  export type INotifications = Pick<typeof Notification.manager, 'notify' | 'dismiss'>;

  export interface IOptions {
    genai: Pick<IGenAILab, 'lab' | 'consents'>;
    /** Ids of the kernels of notebooks that are open in this page. */
    kernels: () => ReadonlySet<string>;
    answer: (kernel: string, start: boolean) => void;
    notifications?: INotifications;
    trans: TranslationBundle;
  }
}
