import { PromiseDelegate } from '@lumino/coreutils';

import type { PlanView } from '../../_wire';
import { ApiError } from '../../api/request';
import { PlanModel } from '../../model/plan';
import { aPlan } from '../fixtures';

function setUp() {
  const asked: { people: number; answer: PromiseDelegate<PlanView> }[] = [];
  const model = new PlanModel({
    load: people => {
      const answer = new PromiseDelegate<PlanView>();
      asked.push({ people, answer });
      return answer.promise;
    }
  });
  return { asked, model };
}

describe('the plan of a class', () => {
  it('is asked for when somebody looks, and anew when they come back', async () => {
    const { asked, model } = setUp();
    model.people = 30;
    expect(asked).toEqual([]);
    model.open = true;
    asked[0].answer.resolve(aPlan());
    await asked[0].answer.promise;
    await Promise.resolve();
    expect(model.plan).not.toBeNull();
    model.open = false;
    model.open = true;
    expect(asked.map(({ people }) => people)).toEqual([30, 30]);
  });

  it('keeps only the answer for the last number of people', async () => {
    const { asked, model } = setUp();
    model.open = true;
    model.people = 12;
    asked[1].answer.resolve(aPlan({ apart: [['a', 'b']] }));
    asked[0].answer.resolve(aPlan());
    await Promise.all(asked.map(({ answer }) => answer.promise));
    await Promise.resolve();
    expect(asked[1].people).toBe(12);
    expect(model.plan?.apart).toEqual([['a', 'b']]);
  });

  it.each([0, -3, 2.5, NaN, 501])('takes no class of %d people', people => {
    const { model } = setUp();
    model.people = people;
    expect(model.people).toBe(24);
  });

  it('says why there is none', async () => {
    const { asked, model } = setUp();
    const call = model.refresh();
    asked[0].answer.reject(new ApiError('unreachable', 'gone', '', 0));
    await call;
    expect(model.problem?.code).toBe('unreachable');
    expect(model.loading).toBe(false);
  });
});
