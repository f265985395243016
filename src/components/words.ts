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
        ? trans.__('Run by %1', service.external_owner)
        : trans.__('Run by somebody else');
    case 'fake':
      return trans.__('Test runtime');
    case 'none':
      return service.kind === 'cloud' ? trans.__('Cloud service') : '';
  }
}

/** An amount of time, rounded to what a person wants to know. */
export function durationWords(seconds: number, trans: TranslationBundle): string {
  if (seconds < 55) {
    const rounded =
      seconds < 10 ? Math.max(1, Math.round(seconds)) : Math.round(seconds / 5) * 5;
    return trans._n('%1 second', '%1 seconds', rounded);
  }
  return trans._n('%1 minute', '%1 minutes', Math.max(1, Math.round(seconds / 60)));
}

/** What a service does at the moment; a phase that we do not know is shown as told. */
export function phaseWords(service: ServiceView, trans: TranslationBundle): string {
  switch (service.phase) {
    case null:
    case 'stopping':
      return stateWord(service.state, trans);
    case 'starting the process':
      return trans.__('Starting the process');
    case 'waiting for its first answer':
      return trans.__('Waiting for its first answer');
    case 'looking for the image':
      return trans.__('Looking for its image');
    case 'removing the old container':
      return trans.__('Removing the old container');
    case 'creating the container':
      return trans.__('Creating the container');
    case 'starting the container':
      return trans.__('Starting the container');
    case "looking at the operator's server":
      return trans.__('Looking at the server that runs it');
    default:
      return service.phase;
  }
}

/** Phase, percent and what is left of a start, in one line. */
export function progressWords(service: ServiceView, trans: TranslationBundle): string {
  const words = [phaseWords(service, trans)];
  if (service.percent !== null) {
    words.push(trans.__('%1 %', Math.round(service.percent)));
  }
  if (service.estimate_seconds !== null && service.estimate_seconds > 0) {
    words.push(
      trans.__('about %1 left', durationWords(service.estimate_seconds, trans))
    );
  }
  return words.join(' · ');
}

/** Why something else than the services of this machine makes the images. */
export function fallbackSentence(reason: string, trans: TranslationBundle): string {
  return reason === 'local_unavailable'
    ? trans.__(
        'Nothing here can run what it asks for, so the demo engine draws stand-ins marked DEMO.'
      )
    : trans.__('Another service makes the images: %1', reason);
}
