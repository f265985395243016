import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

export type Announcements = 'silent' | 'toast' | 'none';

/** What a person set for this page; the defaults hold where there is no settings registry. */
export class Preferences implements IDisposable {
  /** How the start of a service is told. */
  get announcements(): Announcements {
    const value = this._settings?.composite.notifications;
    return value === 'toast' || value === 'none' ? value : 'silent';
  }

  /** Seconds between two looks at the server when no event tells of a change. */
  get pollSeconds(): number {
    const value = this._settings?.composite.pollSeconds;
    return typeof value === 'number' && value >= 5 ? value : 30;
  }

  get showStatusItem(): boolean {
    return this._settings?.composite.statusBar !== false;
  }

  /** Emitted when a setting changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Follow loaded settings from now on. */
  follow(settings: ISettingRegistry.ISettings): void {
    this._settings = settings;
    settings.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _onChanged(): void {
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
  private _settings: ISettingRegistry.ISettings | null = null;
}
