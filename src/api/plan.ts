import type { PlanView } from '../_wire';

import type { Requester } from './request';

/** Return what fits on this host, and what a class of so many people would wait. */
export function getPlan(request: Requester, people: number): Promise<PlanView> {
  return request<PlanView>('plan', { query: { people } });
}
