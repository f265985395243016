import type { TranslationBundle } from '@jupyterlab/translation';

import type { Mode, NotebookType, ServiceState, ServiceView } from '../_wire';

/** A service's state in one or two words. */
export function stateWord(state: ServiceState, trans: TranslationBundle): string {
  switch (state) {
    case 'absent':
      return trans.__('Not running');
    case 'building':
      return trans.__('Being built');
    case 'pulling':
      return trans.__('Downloading');
    case 'starting':
      return trans.__('Starting');
    case 'ready':
      return trans.__('Ready');
    case 'stopping':
      return trans.__('Stopping');
    case 'stopped':
      return trans.__('Stopped');
    case 'failed':
      return trans.__('Failed');
    case 'unavailable':
      return trans.__('Not available');
  }
}

/** A mode's name. */
export function modeWord(mode: Mode, trans: TranslationBundle): string {
  switch (mode) {
    case 'auto':
      return trans.__('Automatic');
    case 'local':
      return trans.__('Local');
    case 'cloud':
      return trans.__('Cloud');
    case 'demo':
      return trans.__('Demo');
    case 'off':
      return trans.__('Off');
  }
}

/** What a mode does, in one sentence. */
export function modeMeaning(mode: Mode, trans: TranslationBundle): string {
  switch (mode) {
    case 'auto':
      return trans.__('Services of this machine first; else what the policy allows.');
    case 'local':
      return trans.__('Only services of this machine.');
    case 'cloud':
      return trans.__('Only cloud services; nothing is started here.');
    case 'demo':
      return trans.__('Every service is played by the demo engine; pictures say DEMO.');
    case 'off':
      return trans.__('Nothing is started and no kernel is given an address.');
  }
}

/** What kind of notebook this is, in a sentence. */
export function typeSentence(type: NotebookType, trans: TranslationBundle): string {
  switch (type) {
    case 'CLASSIC':
      return trans.__('This notebook needs no image service.');
    case 'GENAI_BASIC':
      return trans.__('This notebook makes images with one service.');
    case 'GENAI_ADVANCED':
      return trans.__('This notebook drives an image service directly.');
    case 'HYBRID':
      return trans.__('This notebook uses several image services.');
  }
}

/** What runs a service. */
export function runtimeWord(service: ServiceView, trans: TranslationBundle): string {
  switch (service.runtime) {
    case 'docker':
      return trans.__('Docker container');
    case 'process':
      return trans.__('Process of this server');
    case 'external':
      return service.external_owner
        ? trans.__(
            'Run by %1; used, never stopped',
            ownerWords(service.external_owner, trans)
          )
        : trans.__('Run by somebody else');
    case 'fake':
      return trans.__('Test runtime');
    case 'none':
      return service.kind === 'cloud' ? trans.__('Cloud service') : '';
  }
}

/** Who runs a server that is not ours, as the server found them. */
export function ownerWords(owner: string, trans: TranslationBundle): string {
  const container = /^the container (\S+)(?: of the project (.+))?$/.exec(owner);
  if (container) {
    const [, name, project] = container;
    return project
      ? trans.__('the container %1 of the project %2', name, project)
      : trans.__('the container %1', name);
  }
  const user = /^the user (.+) on port (\d+)$/.exec(owner);
  if (user) {
    return trans.__('the user %1 on port %2', user[1], user[2]);
  }
  return owner === 'operator' ? trans.__('whoever administers this server') : owner;
}

/** An amount of time, rounded to what a person wants to know. */
export function durationWords(seconds: number, trans: TranslationBundle): string {
  if (seconds < 55) {
    const rounded =
      seconds < 10 ? Math.max(1, Math.round(seconds)) : Math.round(seconds / 5) * 5;
    return trans._n('%1 second', '%1 seconds', rounded);
  }
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 120 && minutes !== 60) {
    return trans._n('%1 minute', '%1 minutes', minutes);
  }
  return trans._n('%1 hour', '%1 hours', Math.round(minutes / 60));
}
