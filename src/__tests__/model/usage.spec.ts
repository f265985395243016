import type { Allowance } from '../../_wire';
import { watchFigures } from '../../plugins/figures';
import { tightest } from '../../model/usage';

const OWN: Allowance = {
  scope: 'person',
  name: 'ada',
  window: 'day',
  renews_at: 1,
  pictures: 20,
  pictures_left: 20,
  gpu_seconds: null,
  gpu_seconds_left: null,
  cents: null,
  cents_left: null
};
const CAP: Allowance = {
  ...OWN,
  scope: 'provider',
  name: 'openai',
  pictures: null,
  pictures_left: null,
  cents: 500,
  cents_left: 497
};

describe('what is left', () => {
  it("is one's own while a provider's cap is far", () => {
    expect(tightest([CAP, OWN])).toMatchObject({ currency: 'pictures', left: 20 });
  });

  it("is the provider's cap where it is near, or the only limit", () => {
    const near = { ...CAP, cents_left: 50 };
    expect(tightest([OWN, near])).toMatchObject({ currency: 'cents', left: 50 });
    expect(tightest([CAP])).toMatchObject({ currency: 'cents', left: 497 });
    expect(tightest([])).toBeUndefined();
  });
});

describe('the figures', () => {
  it('ask for what is left as soon as a job has ended', async () => {
    let jobs: object[] = [{ id: '1' }];
    let asked = 0;
    const request = async (path: string) => {
      asked += path.startsWith('usage') ? 1 : 0;
      return path.startsWith('jobs') ? { jobs } : { left: [], charges: [] };
    };
    const figures = watchFigures(request as never, request as never);
    figures.usage.open = true;
    await figures.usage.refresh();
    await figures.jobs.refresh();
    const before = asked;
    jobs = [];
    await figures.jobs.refresh();
    expect(asked).toBe(before + 1);
    figures.usage.dispose();
    figures.jobs.dispose();
  });
});
