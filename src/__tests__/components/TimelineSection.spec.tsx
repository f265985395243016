import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { TimelineEntry } from '../../_wire';
import { ApiError } from '../../api/request';
import type { ITimelineSectionProps } from '../../components/TimelineSection';
import { TimelineSection } from '../../components/TimelineSection';
import { anEntry, aService } from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');
const NOW = Date.now() / 1000;

function show(fields: Partial<ITimelineSectionProps> = {}) {
  const actions = {
    onTimelineService: jest.fn(),
    onOlder: jest.fn(),
    onRefreshTimeline: jest.fn()
  };
  render(
    <TimelineSection
      service={null}
      entries={[]}
      more={false}
      durable
      loading={false}
      problem={null}
      services={[aService(), aService({ name: 'flux', title: 'FLUX' })]}
      person="ada"
      trans={trans}
      {...actions}
      {...fields}
    />
  );
  return actions;
}

/** The line that one entry becomes. */
function line(fields: Partial<TimelineEntry>): string {
  show({ service: 'comfyui', entries: [anEntry({ at: NOW, ...fields })] });
  const items = screen.getAllByRole('listitem');
  return (items[items.length - 1].textContent ?? '').replace(/^now/, '');
}

describe('the timeline', () => {
  it('says when, what, who, why and how long', () => {
    show({
      entries: [
        anEntry({
          id: 2,
          at: NOW - 185,
          event: 'ready',
          by: 'course/image.ipynb',
          seconds: 12
        })
      ]
    });
    const item = screen.getByRole('listitem');
    expect(item.textContent).toContain('ComfyUI');
    expect(item.textContent).toContain('Ready after 10 seconds · for image.ipynb');
    expect(screen.getByTitle('course/image.ipynb')).toBeTruthy();
    const time = screen.getByText('3 min. ago');
    expect(time.getAttribute('title')).toMatch(/\d{4}.*\d:\d\d/);
  });

  it('folds the steps of a start, and of a stop, into one line each', () => {
    const by = 'image.ipynb';
    show({
      entries: [
        anEntry({ id: 6, event: 'stopped', by: 'idle', seconds: 1 }),
        anEntry({ id: 5, event: 'stopping', by: 'idle', reason: 'Unused.' }),
        anEntry({ id: 4, event: 'ready', by, seconds: 4 }),
        anEntry({ id: 3, event: 'asked', by: 'bo', service: 'flux' }),
        anEntry({ id: 2, event: 'started', by }),
        anEntry({ id: 1, event: 'asked', by })
      ]
    });
    const told = screen
      .getAllByRole('listitem')
      .map(item => item.querySelector('.jp-GenAILab-moment-what')?.textContent);
    expect(told).toEqual([
      'Stopped in 1 second · nobody used it',
      'Ready after 4 seconds · for image.ipynb',
      'Asked to start · by bo'
    ]);
  });

  it.each<[Partial<TimelineEntry>, string]>([
    [{ event: 'asked', by: 'ada' }, 'Asked to start · by you'],
    [{ event: 'started', by: 'a request' }, 'Began to start · for a request'],
    [{ event: 'adopted', by: 'an earlier Lab' }, 'Ran on from an earlier server'],
    [
      { event: 'kept', by: 'ada', reason: 'Pinned for 180 minutes.' },
      'Kept for 3 hours · by you'
    ],
    [
      { event: 'kept', by: 'another person', reason: 'Pinned until it is unpinned.' },
      'Kept until let go · by another person'
    ],
    [
      { event: 'kept', by: 'a.ipynb, b.ipynb', reason: 'In use again.' },
      'In use again · for a.ipynb, b.ipynb'
    ],
    [
      { event: 'released', by: 'the Lab', reason: 'Dormant: a.ipynb.' },
      'Not in use any more: a.ipynb only open'
    ],
    [
      { event: 'freed', by: 'flux', seconds: 2 },
      'GPU memory given back in 2 seconds · by flux'
    ],
    [
      { event: 'stopping', by: 'flux', reason: 'Room for FLUX.' },
      'Told to stop · to make room for FLUX'
    ],
    [
      { event: 'stopped', by: 'the mode', reason: 'The mode forbids it.' },
      'Stopped · the mode forbids it'
    ],
    [
      { event: 'stopped', by: 'ada', reason: 'The start was called off.' },
      'Stopped · by you · its start was called off'
    ],
    [
      {
        event: 'waited',
        by: 'the Lab',
        reason: 'For GPU memory that another program used.',
        seconds: 40
      },
      'Waited 40 seconds · for GPU memory that another program used'
    ],
    [{ event: 'engine_away' }, 'Docker went away'],
    [{ event: 'engine_back' }, 'Docker is back']
  ])('has words for %j', (fields, words) => {
    expect(line(fields)).toBe(words);
  });

  it('says of a failure what, and below it the server’s own sentence', () => {
    const reason = 'ComfyUI ended by itself: status 137.';
    expect(line({ event: 'failed', code: 'service_died', reason })).toBe(
      `Failed: The service ended unexpectedly${reason}`
    );
  });

  it('says that nothing has happened yet, to any service or to one', () => {
    show();
    expect(screen.getByText(/^Nothing has happened yet/)).toBeTruthy();
    show({ service: 'flux' });
    expect(screen.getByText('Nothing has happened to FLUX yet.')).toBeTruthy();
  });

  it('shows grey lines while the first page is on its way', () => {
    show({ entries: null, loading: true });
    expect(screen.getByRole('status', { name: 'Loading what happened' })).toBeTruthy();
  });

  it('keeps what it knew when it cannot be loaded again, and says why', () => {
    const { onRefreshTimeline } = show({
      entries: [anEntry({ at: NOW })],
      problem: new ApiError('store_error', 'The disk is away.', 'Look at it.', 503)
    });
    expect(screen.getByText('The disk is away.')).toBeTruthy();
    expect(screen.getByRole('listitem')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRefreshTimeline).toHaveBeenCalledTimes(1);
  });

  it('says so when nothing of it outlives the server', () => {
    show({ durable: false });
    expect(screen.getByText(/it ends with this server/)).toBeTruthy();
  });

  it('asks for older entries, and for one service', () => {
    const { onOlder, onTimelineService } = show({
      entries: [anEntry({ at: NOW })],
      more: true
    });
    fireEvent.click(screen.getByRole('button', { name: 'Show older' }));
    expect(onOlder).toHaveBeenCalledTimes(1);
    const filter = screen.getByRole('combobox', {
      name: 'Services whose story to show'
    });
    fireEvent.change(filter, { target: { value: 'flux' } });
    fireEvent.change(filter, { target: { value: '' } });
    expect(onTimelineService.mock.calls).toEqual([['flux'], [null]]);
  });
});
