import type { GPUsView } from '../_wire';

import type { Requester } from './request';

/** Return the reading of the GPUs that all viewers share. */
export function getGPUs(request: Requester): Promise<GPUsView> {
  return request<GPUsView>('gpus');
}
