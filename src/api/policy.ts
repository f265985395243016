import type { PolicyView } from '../_wire';

import type { Requester } from './request';

/** Return what holds besides the mode, and where it comes from. */
export function getPolicy(request: Requester): Promise<PolicyView> {
  return request<PolicyView>('policy');
}
