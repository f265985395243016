import { getConsents } from '../api/consents';
import { getGPUs } from '../api/gpus';
import { getHealth } from '../api/health';
import { getJobs } from '../api/jobs';
import { getModels } from '../api/models';
import { getOffers } from '../api/offers';
import { getPolicy } from '../api/policy';
import type { Requester } from '../api/request';
import { getHistory, getUsage } from '../api/usage';
import { gpuInterval } from '../model/gpus';
import { healthInterval } from '../model/health';
import { jobsInterval } from '../model/jobs';
import { offersInterval } from '../model/offers';
import { policyInterval } from '../model/policy';
import { usageInterval } from '../model/usage';
import { WatchedModel } from '../model/watched';
import { weightsInterval } from '../model/weights';
import type { IGenAILab } from '../tokens';

type Figures = Pick<
  IGenAILab,
  | 'gpus'
  | 'jobs'
  | 'health'
  | 'weights'
  | 'usage'
  | 'history'
  | 'policy'
  | 'allowed'
  | 'offers'
>;

/** Return what changes by itself and is loaded while somebody looks; `door` asks the OpenAI API. */
export function watchFigures(request: Requester, door: Requester): Figures {
  const watch = <T>(
    name: string,
    load: () => Promise<T>,
    interval: (value: T | null) => number
  ) => new WatchedModel<T>({ name, load, interval });
  const jobs = watch('jobs', () => getJobs(request), jobsInterval);
  const usage = watch('usage', () => getUsage(request), usageInterval);
  let waited = 0;
  // What a job used counts when it has ended; its person looks then.
  jobs.changed.connect(({ value }) => {
    const waits = value?.jobs.length ?? 0;
    if (waits < waited && usage.open) {
      void usage.refresh();
    }
    waited = waits;
  });
  return {
    gpus: watch('gpus', () => getGPUs(request), gpuInterval),
    jobs,
    health: watch('health', () => getHealth(request), healthInterval),
    weights: watch('models', () => getModels(request), weightsInterval),
    usage,
    // Loaded by hand: each load is noted as an export.
    history: watch('history', () => getHistory(request), policyInterval),
    policy: watch('policy', () => getPolicy(request), policyInterval),
    allowed: watch('consents', () => getConsents(request), policyInterval),
    offers: watch('offers', () => getOffers(door), offersInterval)
  };
}
