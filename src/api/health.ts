import type { HealthView } from '../_wire';

import type { Requester } from './request';

/** Return how the whole is; the numbers are the caller's own, or everybody's for who may see them. */
export function getHealth(request: Requester): Promise<HealthView> {
  return request<HealthView>('health');
}
