import { nullTranslator } from '@jupyterlab/translation';
import { act, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { IHistory } from '../../api/usage';
import { HistoryList } from '../../components/HistoryList';
import { aRow } from '../fixtures';

/** The observers that wait, each with what it tells. */
const observers = new Map<Element, (seen: boolean) => void>();

class SeenOrNot {
  constructor(private readonly _tell: IntersectionObserverCallback) {}
  observe(element: Element) {
    const told = (isIntersecting: boolean) =>
      this._tell(
        [{ isIntersecting }] as unknown as IntersectionObserverEntry[],
        this as unknown as IntersectionObserver
      );
    observers.set(element, told);
  }
  disconnect() {
    observers.clear();
  }
}

const revoked = jest.fn();
let made = 0;

beforeEach(() => {
  made = 0;
  revoked.mockClear();
  observers.clear();
  Object.assign(globalThis, { IntersectionObserver: SeenOrNot });
  Object.assign(URL, {
    createObjectURL: () => `blob:${(made += 1)}`,
    revokeObjectURL: revoked
  });
});

const download = jest.fn<Promise<Blob>, [string]>(() =>
  Promise.resolve(new Blob(['webp']))
);

function history(fields: Partial<IHistory> = {}) {
  const rows = [aRow({ id: 'first', pictures: 1, outcome: 'done' })];
  const thumbnails = { kept: true, ids: ['first'] };
  const told = { since: 1_700_000_000, person: 'ada', cut: false, rows, thumbnails };
  return (
    <HistoryList
      rows={{ ...told, ...fields }}
      loading={false}
      problem={null}
      download={download}
      now={1_700_000_100}
      onShowHistory={jest.fn()}
      titleOf={name => name}
      trans={nullTranslator.load('coursia_genai_lab')}
    />
  );
}

const see = (seen: boolean) =>
  act(async () => [...observers.values()].forEach(tell => tell(seen)));

describe('the small picture of a generation', () => {
  beforeEach(() => download.mockClear());

  it('is fetched once it is seen, says what made it and when, and is let go', async () => {
    const { unmount } = render(history());
    await see(false);
    expect(download).not.toHaveBeenCalled();
    await see(true);
    expect(download.mock.calls).toEqual([['usage/thumbnails/first']]);
    const row = within(screen.getByRole('listitem'));
    const picture = row.getByRole('img', { name: /^Made by .+, .*20\d\d/ });
    expect(picture.getAttribute('src')).toBe('blob:1');
    expect(screen.getByText(/here you alone see small ones/)).toBeTruthy();
    unmount();
    expect(revoked).toHaveBeenCalledWith('blob:1');
  });

  it('leaves its place empty where it cannot be fetched', async () => {
    download.mockRejectedValueOnce(new ApiError('generation_unknown', '', '', 404));
    render(history());
    await see(true);
    expect(screen.queryByRole('img')).toBeNull();
    expect(screen.getByText(/Made ·/)).toBeTruthy();
  });

  it('is made no address for when the history has gone by then', async () => {
    let arrive: (blob: Blob) => void = () => undefined;
    download.mockReturnValueOnce(new Promise(resolve => (arrive = resolve)));
    const { unmount } = render(history());
    await see(true);
    unmount();
    await act(async () => arrive(new Blob(['webp'])));
    expect(made).toBe(0);
  });

  it('leaves a place that says why, beside rows that have one', async () => {
    const rows = [
      aRow({ id: 'first', pictures: 1 }),
      aRow({ id: 'second', pictures: 1 }),
      aRow({ id: 'third', pictures: 0, outcome: 'failed', code: 'out_of_memory' })
    ];
    render(history({ rows }));
    await see(true);
    expect(screen.getAllByTitle('No small picture was kept of it')).toHaveLength(1);
    expect(screen.getAllByRole('img')).toHaveLength(1);
  });

  it('takes no room where nobody has one', () => {
    const { container } = render(history({ thumbnails: { kept: false, ids: [] } }));
    expect(container.querySelector('.jp-GenAILab-thumbnail')).toBeNull();
    expect(screen.getByText(/none are kept here/)).toBeTruthy();
  });
});
