import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { IUsageSectionProps } from '../../components/UsageSection';
import { UsageSection } from '../../components/UsageSection';
import { anAllowance, aCharge, aRow, aUsage } from '../fixtures';

const download = jest.fn(() => Promise.resolve(new Blob(['webp'])));
const NO_HISTORY = { rows: null, loading: false, problem: null, download };
const NO_THUMBNAILS = { kept: false, ids: [] };

function show(fields: Partial<IUsageSectionProps> = {}) {
  const actions = {
    onRefreshUsage: jest.fn(),
    onExportUsage: jest.fn(),
    onShowHistory: jest.fn(),
    onEraseUsage: jest.fn()
  };
  render(
    <UsageSection
      usage={aUsage()}
      problem={null}
      history={NO_HISTORY}
      person="ada"
      titleOf={name => (name === 'openai' ? 'OpenAI' : name)}
      trans={nullTranslator.load('coursia_genai_lab')}
      {...actions}
      {...fields}
    />
  );
  return actions;
}

const meter = (name: string) => screen.getByRole('meter', { name });

describe('the usage', () => {
  it('shows grey lines until the first answer', () => {
    show({ usage: null });
    expect(screen.getByRole('status', { name: 'Loading what you used' })).toBeTruthy();
  });

  it('says why it could not be loaded, and tries again', () => {
    const problem = new ApiError('store_error', 'The disk is gone.', 'Wait.', 503);
    const { onRefreshUsage } = show({ usage: null, problem });
    expect(screen.getByText('The disk is gone.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRefreshUsage).toHaveBeenCalledTimes(1);
  });

  it('says so where nothing limits it and nothing was made', () => {
    show();
    expect(screen.getByText('Nothing limits your use here.')).toBeTruthy();
    expect(screen.getByText(/^Nothing since/)).toBeTruthy();
  });

  it('measures what is left in pictures, time and money, in words too', () => {
    const left = [
      anAllowance({
        gpu_seconds: 3600,
        gpu_seconds_left: 600,
        cents: 300,
        cents_left: 0
      })
    ];
    show({ usage: aUsage({ left }) });
    expect(screen.getByText('You, per day')).toBeTruthy();
    expect(meter('Pictures').getAttribute('aria-valuenow')).toBe('12');
    expect(meter('Pictures').getAttribute('aria-valuemax')).toBe('20');
    expect(meter('Time on GPUs').getAttribute('aria-valuetext')).toContain(
      'nearly used up'
    );
    expect(meter('Money').getAttribute('aria-valuetext')).toBe('Nothing left of $3.00');
  });

  it('tells whose quota it is and when it begins anew', () => {
    const left = [
      anAllowance({ scope: 'group', name: 'blue', window: 'week' }),
      anAllowance({ scope: 'provider', name: 'openai', renews_at: 1_700_000_000 }),
      anAllowance({ scope: 'course', name: '', window: 'course' })
    ];
    show({ usage: aUsage({ left }) });
    expect(screen.getByText('Group blue, per week')).toBeTruthy();
    expect(screen.getByText('Everybody together, at OpenAI, per day')).toBeTruthy();
    expect(screen.getByText('The whole course, until the course ends')).toBeTruthy();
    expect(screen.getAllByText('It does not begin anew.')).toHaveLength(2);
    expect(screen.getByText(/^It begins anew: .*\d/)).toBeTruthy();
  });

  it('explains a charge whose end nobody heard', () => {
    show({ usage: aUsage({ unknown: 1 }) });
    expect(screen.getByText(/the end is not known/)).toBeTruthy();
    expect(screen.getByText(/its answer did not arrive/)).toBeTruthy();
  });

  it('lists the latest charges with state, cost and why a cloud stood in', () => {
    const charges = [
      aCharge({ fallback: 'local_died' }),
      aCharge({ id: '2', state: 'unknown', cents: 8 }),
      aCharge({ id: '3', service: 'flux', model: '', gpu_seconds: 30, cents: 0 })
    ];
    show({ usage: aUsage({ charges }) });
    const rows = within(
      screen.getByRole('list', { name: 'Latest charges' })
    ).getAllByRole('listitem');
    const [bought, unknown, drawn] = rows.map(row => row.textContent);
    expect(bought).toContain('$0.04');
    expect(bought).toContain('OpenAI stood in: The service ended while it worked');
    expect(unknown).toContain('End not known');
    expect(drawn).toContain('flux');
    expect(drawn).not.toContain('$');
  });

  it('shows the first few charges, and the rest when asked', () => {
    const charges = Array.from({ length: 9 }, (_, id) => aCharge({ id: String(id) }));
    show({ usage: aUsage({ charges }) });
    expect(screen.getAllByText('gpt-image-2')).toHaveLength(5);
    fireEvent.click(screen.getByRole('button', { name: /^Show .* more/ }));
    expect(screen.getAllByText('gpt-image-2')).toHaveLength(9);
  });

  it('shows the history when asked, the newest first, and says where pictures are', () => {
    const { onShowHistory } = show();
    fireEvent.click(screen.getByRole('button', { name: 'Show my history' }));
    expect(onShowHistory).toHaveBeenCalledTimes(1);
    cleanup();
    const rows = [
      aRow({ id: 'old', outcome: 'failed', code: 'out_of_memory', pictures: 0 }),
      aRow({ id: 'new', seconds: 20, cents: 4 })
    ];
    const thumbnails = NO_THUMBNAILS;
    const told = { since: 1_700_000_000, person: 'ada', cut: false, rows, thumbnails };
    show({ history: { ...NO_HISTORY, rows: told } });
    const list = within(screen.getByRole('list', { name: 'Your history' }));
    const [newest, oldest] = list.getAllByRole('listitem').map(row => row.textContent);
    expect(newest).toContain('Made · ');
    expect(newest).toContain('$0.04');
    expect(oldest).not.toContain('Made');
    expect(screen.getByText(/none are kept here/)).toBeTruthy();
  });

  it('says so where the history is empty, goes on, or could not be loaded', () => {
    const thumbnails = NO_THUMBNAILS;
    const none = {
      since: 1_700_000_000,
      person: 'ada',
      cut: true,
      rows: [],
      thumbnails
    };
    show({ history: { ...NO_HISTORY, rows: none } });
    expect(screen.getByText('Nothing was made.')).toBeTruthy();
    expect(screen.getByText(/only the first part/)).toBeTruthy();
    cleanup();
    const problem = new ApiError('store_error', 'The disk is gone.', '', 503);
    show({ history: { ...NO_HISTORY, problem } });
    expect(screen.getByText('Your history could not be loaded')).toBeTruthy();
  });

  it('exports and erases one’s own history', () => {
    const { onEraseUsage, onExportUsage } = show();
    const history = within(screen.getByRole('group', { name: 'Your history' }));
    fireEvent.click(history.getByRole('button', { name: 'Export as CSV' }));
    fireEvent.click(history.getByRole('button', { name: 'Export as JSON' }));
    fireEvent.click(history.getByRole('button', { name: 'Erase mine…' }));
    expect(onExportUsage.mock.calls).toEqual([['csv'], ['json']]);
    expect(onEraseUsage).toHaveBeenCalledTimes(1);
  });
});
