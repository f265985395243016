import { PromiseDelegate } from '@lumino/coreutils';

import type { TimelineView } from '../../_wire';
import { ApiError } from '../../api/request';
import type { ITimelineQuery } from '../../api/timeline';
import { TimelineModel } from '../../model/timeline';
import { anEntry, aService, aSnapshot } from '../fixtures';

function setUp() {
  const asked: { query: ITimelineQuery; answer: PromiseDelegate<TimelineView> }[] = [];
  const model = new TimelineModel({
    load: query => {
      const answer = new PromiseDelegate<TimelineView>();
      asked.push({ query, answer });
      return answer.promise;
    },
    page: 2,
    limit: 1000
  });
  const answer = async (ids: number[], more = false) => {
    const last = asked[asked.length - 1].answer;
    last.resolve({ entries: ids.map(id => anEntry({ id })), more, durable: true });
    await last.promise;
    await Promise.resolve();
  };
  const ids = () => model.entries?.map(entry => entry.id);
  return { answer, asked, ids, model };
}

describe('the model of the timeline', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('asks for nothing while nobody looks', () => {
    const { asked, model } = setUp();
    model.follow(aSnapshot());
    model.follow(aSnapshot({ services: [aService({ state: 'ready' })] }));
    model.service = 'comfyui';
    jest.runOnlyPendingTimers();
    expect(asked).toEqual([]);
  });

  it('asks when somebody looks, and looking again asks only after something happened', async () => {
    const { answer, asked, ids, model } = setUp();
    model.follow(aSnapshot());
    model.open = true;
    await answer([2, 1]);
    expect(ids()).toEqual([2, 1]);
    model.open = false;
    model.open = true;
    expect(asked).toHaveLength(1);
    model.open = false;
    model.follow(aSnapshot({ services: [aService({ state: 'ready' })] }));
    model.open = true;
    expect(asked).toHaveLength(2);
  });

  it('asks once for a burst of changes, and not for mere progress', async () => {
    const { answer, asked, model } = setUp();
    const moving = (fields: object) =>
      model.follow(
        aSnapshot({ services: [aService({ state: 'pulling', ...fields })] })
      );
    moving({ percent: 1 });
    model.open = true;
    await answer([1]);
    moving({ percent: 2 });
    moving({ percent: 3, done_bytes: 10 });
    await jest.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(1);
    for (const state of ['starting', 'ready', 'stopping', 'stopped']) {
      moving({ state });
    }
    await jest.advanceTimersByTimeAsync(1500);
    expect(asked).toHaveLength(2);
  });

  it('adds older entries behind, and keeps them when newer ones come', async () => {
    const { answer, asked, ids, model } = setUp();
    model.open = true;
    await answer([9, 8], true);
    void model.older();
    expect(asked[1].query).toEqual({ service: null, before: 8, limit: 2 });
    await answer([7, 6], true);
    expect(ids()).toEqual([9, 8, 7, 6]);
    void model.refresh();
    await answer([10, 9], true);
    expect(ids()).toEqual([10, 9, 8, 7, 6]);
    expect(model.more).toBe(true);
    void model.older();
    await answer([5]);
    expect(ids()).toEqual([10, 9, 8, 7, 6, 5]);
    expect(model.more).toBe(false);
  });

  it('shows no gap: what does not meet the newest page is forgotten', async () => {
    const { answer, ids, model } = setUp();
    model.open = true;
    await answer([2, 1]);
    void model.refresh();
    await answer([9, 8], true);
    expect(ids()).toEqual([9, 8]);
    expect(model.more).toBe(true);
  });

  it('begins anew with another life of the server', async () => {
    const { answer, ids, model } = setUp();
    model.follow(aSnapshot());
    model.open = true;
    await answer([9, 8]);
    model.follow(aSnapshot({ instance: 'second life' }));
    await jest.advanceTimersByTimeAsync(1500);
    await answer([2, 1], true);
    expect(ids()).toEqual([2, 1]);
  });

  it('drops the answer for a service that is not meant any more', async () => {
    const { answer, asked, ids, model } = setUp();
    model.open = true;
    model.service = 'flux';
    await answer([5]);
    asked[0].answer.resolve({ entries: [anEntry()], more: true, durable: false });
    await asked[0].answer.promise;
    await Promise.resolve();
    expect(ids()).toEqual([5]);
    expect(model.durable).toBe(true);
    expect(asked[1].query.service).toBe('flux');
  });

  it('keeps what it knew when it cannot be loaded again, and says why', async () => {
    const { answer, asked, ids, model } = setUp();
    model.open = true;
    await answer([1]);
    const again = model.refresh();
    asked[1].answer.reject(new ApiError('unreachable', 'gone', '', 0));
    await again;
    expect(model.problem?.code).toBe('unreachable');
    expect(ids()).toEqual([1]);
    expect(model.loading).toBe(false);
  });
});
