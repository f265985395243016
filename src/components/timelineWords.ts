import type { TranslationBundle } from '@jupyterlab/translation';

import type { ServiceState, TimelineEntry } from '../_wire';

import { nameWords } from './holderWords';
import { holderWords } from './machinePhases';
import { problemHeadline } from './problems';
import { durationWords } from './words';

/** What the words of an entry need to know. */
export interface ITimelineWords {
  /** Who looks. */
  person: string;
  trans: TranslationBundle;
}

/** What happened, for whom or by whom, and why, in one line. */
export function entrySentence(entry: TimelineEntry, words: ITimelineWords): string {
  const why = whyWords(entry, words.trans);
  return [eventWords(entry, words.trans), causeWords(entry, words), why]
    .filter(Boolean)
    .join(' · ');
}

/** The server's own sentence, where ours do not say as much; else empty. */
export function entryDetail(entry: TimelineEntry): string {
  const known = REASONS.some(pattern => pattern.test(entry.reason));
  return known ? '' : entry.reason;
}

/** The state whose mark fits an entry. */
export function entryMark({ event }: TimelineEntry): ServiceState {
  switch (event) {
    case 'ready':
    case 'adopted':
    case 'kept':
      return 'ready';
    case 'failed':
      return 'failed';
    case 'drifted':
    case 'engine_away':
      return 'unavailable';
    default:
      return 'stopped';
  }
}

const PINNED = /^Pinned (?:for ([\d.e+]+) minutes|until it is unpinned)\.$/;
const DORMANT = /^Dormant: (.+)\.$/;
const ROOM = /^Room for (.+)\.$/;
const WAITED = /^For GPU memory that (.+) used\.$/;
const UNUSED = /^Unused\.$/;
const CALLED_OFF = /^The start was called off\.$/;
const ANEW = /^Asked to start anew\.$/;
/** Said by the event or by its cause already. */
const REDUNDANT =
  /^(Asked to stop|The mode forbids it|In use again|Nobody holds it any more)\.$/;
const REASONS = [PINNED, DORMANT, ROOM, WAITED, UNUSED, CALLED_OFF, ANEW, REDUNDANT];

function eventWords(entry: TimelineEntry, trans: TranslationBundle): string {
  const took = entry.seconds === null ? '' : durationWords(entry.seconds, trans);
  switch (entry.event) {
    case 'asked':
      return trans.__('Asked to start');
    case 'started':
      return trans.__('Began to start');
    case 'ready':
      return took ? trans.__('Ready after %1', took) : trans.__('Ready');
    case 'adopted':
      return trans.__('Ran on from an earlier server');
    case 'kept':
      return keptWords(entry.reason, trans);
    case 'released':
      return releasedWords(entry.reason, trans);
    case 'freed':
      return took
        ? trans.__('GPU memory given back in %1', took)
        : trans.__('GPU memory given back');
    case 'waited':
      return took ? trans.__('Waited %1', took) : trans.__('Waited');
    case 'stopping':
      return trans.__('Told to stop');
    case 'stopped':
      return took ? trans.__('Stopped in %1', took) : trans.__('Stopped');
    case 'failed':
      return trans.__('Failed: %1', problemHeadline(entry.code ?? '', trans));
    case 'reaped':
      return trans.__('Removed what an earlier server left');
    case 'drifted':
      return trans.__('Runs in an outdated form');
    case 'engine_away':
      return trans.__('Docker went away');
    case 'engine_back':
      return trans.__('Docker is back');
  }
}

function keptWords(reason: string, trans: TranslationBundle): string {
  const pinned = PINNED.exec(reason);
  if (!pinned) {
    return trans.__('In use again');
  }
  return pinned[1]
    ? trans.__('Kept for %1', durationWords(60 * Number(pinned[1]), trans))
    : trans.__('Kept until let go');
}

function releasedWords(reason: string, trans: TranslationBundle): string {
  const dormant = DORMANT.exec(reason);
  return dormant
    ? trans.__('Not in use any more: %1 only open', dormant[1])
    : trans.__('Not in use any more');
}

function causeWords(entry: TimelineEntry, { person, trans }: ITimelineWords): string {
  const { by } = entry;
  switch (by) {
    case '':
    case 'idle':
    case 'the Lab':
    case 'an earlier Lab':
      return '';
    case 'the mode':
      return trans.__('the mode forbids it');
    case 'a request':
      return trans.__('for a request');
  }
  if (ROOM.test(entry.reason)) {
    // Who came is said by the reason.
    return '';
  }
  if (by.endsWith('.ipynb')) {
    return trans.__('for %1', by.split(', ').map(basename).join(', '));
  }
  return trans.__('by %1', nameWords(by, person, trans));
}

function whyWords(entry: TimelineEntry, trans: TranslationBundle): string {
  const { reason } = entry;
  const room = ROOM.exec(reason);
  if (room) {
    return trans.__('to make room for %1', room[1]);
  }
  const holder = WAITED.exec(reason);
  if (holder) {
    return trans.__('for GPU memory that %1 used', holderWords(holder[1], trans));
  }
  if (UNUSED.test(reason)) {
    return trans.__('nobody used it');
  }
  if (CALLED_OFF.test(reason)) {
    return trans.__('its start was called off');
  }
  return ANEW.test(reason) ? trans.__('to start anew') : '';
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
