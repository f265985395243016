import { PromiseDelegate } from '@lumino/coreutils';

import { ApiError } from '../../api/request';
import { WatchedModel } from '../../model/watched';

function setUp(interval = 5) {
  const asked: PromiseDelegate<number>[] = [];
  const model = new WatchedModel<number>({
    name: 'test',
    load: () => {
      const answer = new PromiseDelegate<number>();
      asked.push(answer);
      return answer.promise;
    },
    interval: () => interval
  });
  return { asked, model };
}

/** Wait until something is so, with a bound. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 2000) {
      throw new Error('It never came to be.');
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

describe('figures that are watched', () => {
  it('are asked for by nobody until somebody looks', async () => {
    const { asked, model } = setUp();
    await Promise.resolve();
    expect(asked).toHaveLength(0);
    expect(model.value).toBeNull();
    model.dispose();
  });

  it('are asked for again and again while somebody looks, and no more after', async () => {
    const { asked, model } = setUp();
    model.open = true;
    await until(() => asked.length === 1);
    expect(model.loading).toBe(true);
    asked[0].resolve(1);
    await until(() => asked.length === 2);
    expect(model.value).toBe(1);
    model.open = false;
    asked[1].resolve(2);
    await until(() => model.value === 2);
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(asked).toHaveLength(2);
    model.open = true;
    await until(() => asked.length === 3);
    model.dispose();
  });

  it('are asked for as long as one of several places shows them', async () => {
    const { asked, model } = setUp(10_000);
    model.look('panel', true);
    await until(() => asked.length === 1);
    asked[0].resolve(1);
    await until(() => model.value === 1);
    model.look('dashboard', true);
    model.look('panel', false);
    expect(model.open).toBe(true);
    expect(asked).toHaveLength(1);
    model.look('dashboard', false);
    expect(model.open).toBe(false);
    model.look('dashboard', true);
    await until(() => asked.length === 2);
    asked[1].resolve(2);
    await until(() => model.value === 2);
    model.dispose();
  });

  it('keep the last answer when none comes, and say why', async () => {
    const { asked, model } = setUp();
    const first = model.refresh();
    asked[0].resolve(7);
    await first;
    const second = model.refresh();
    asked[1].reject(new ApiError('unreachable', 'gone', '', 0));
    await second;
    expect(model.value).toBe(7);
    expect(model.problem?.code).toBe('unreachable');
    expect(model.loading).toBe(false);
    const third = model.refresh();
    asked[2].resolve(8);
    await third;
    expect(model.problem).toBeNull();
    model.dispose();
  });

  it('take no answer that a later one has overtaken', async () => {
    const { asked, model } = setUp();
    const calls = [model.refresh(), model.refresh()];
    asked[1].resolve(2);
    asked[0].resolve(1);
    await Promise.all(calls);
    expect(model.value).toBe(2);
    model.dispose();
  });

  it('make an error of anything that goes wrong', async () => {
    const { asked, model } = setUp();
    const call = model.refresh();
    asked[0].reject(new TypeError('odd'));
    await call;
    expect(model.problem).toBeInstanceOf(ApiError);
    model.dispose();
  });
});
