import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import type { ConsentNeeded } from '../_wire';
import { consentQuestion } from '../components/ConsentNotice';
import { cloudLine } from '../components/cloudWords';
import { askedOf, keyOf, questionsOf } from '../model/consents';
import type { IGenAILab } from '../tokens';

/** A question is on the screen this long (milliseconds), and in the bell until it is answered. */
const QUESTION_SHOWN = 15_000;

/**
 * Asks beside the live kernel what only a person decides: whether what its notebook's metadata
 * names may start, whether a cloud may draw, whether pictures may be sent to it.
 */
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
    for (const question of this._questions()) {
      const { asked } = question;
      const key = keyOf(asked);
      if (consents.isDeclined(asked) || consents.isBusy(asked)) {
        continue;
      }
      open.add(key);
      if (!this._asked.has(key)) {
        this._asked.set(key, this._ask(question));
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

  private _questions(): IQuestion[] {
    const kernels = this._options.kernels();
    const { snapshot } = this._options.genai.lab;
    const ofNotebooks = (snapshot?.launches ?? []).flatMap(launch => {
      const asked = askedOf(launch);
      return asked && kernels.has(launch.kernel_id)
        ? [{ kernel: launch.kernel_id, asked }]
        : [];
    });
    // A call that is held may come from a script: each page of its person asks.
    const ofClouds = questionsOf(snapshot).map(asked => ({ kernel: null, asked }));
    return [...ofNotebooks, ...ofClouds];
  }

  private _ask({ asked, kernel }: IQuestion): string {
    const { answer, answerCloud, trans } = this._options;
    const act =
      kernel === null
        ? (yes: boolean) => answerCloud(asked, yes)
        : (yes: boolean) => answer(kernel, yes);
    return this._notifications.notify(this._words(asked), 'warning', {
      autoClose: QUESTION_SHOWN,
      actions: [
        {
          // Where the data goes does not fit into one line: a dialog tells before it is allowed.
          label: kernel === null ? trans.__('Allow…') : trans.__('Start it'),
          caption: asked.path,
          displayType: 'accent',
          callback: () => act(true)
        },
        { label: trans.__('Not now'), callback: () => act(false) }
      ]
    });
  }

  private _words(asked: ConsentNeeded): string {
    const { genai, trans } = this._options;
    const title = (name: string) => genai.lab.service(name)?.title ?? name;
    return asked.kind === 'metadata'
      ? consentQuestion(asked.services.map(title).join(', '), trans)
      : cloudLine(asked, trans);
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
    answerCloud: (asked: ConsentNeeded, allow: boolean) => void;
    notifications?: INotifications;
    trans: TranslationBundle;
  }
}

interface IQuestion {
  asked: ConsentNeeded;
  /** Of the notebook that asks; null: a cloud does. */
  kernel: string | null;
}
