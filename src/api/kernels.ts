import type { EnabledKernel, EnableKernel, Profile } from '../_wire';

import type { Requester } from './request';

/**
 * Give a running kernel its token and its lease; the answer's code sets the variables.
 *
 * `profile` is what the notebook needs as it stands in the editor; null: what its file says.
 */
export function enableKernel(
  request: Requester,
  kernelId: string,
  profile: Profile | null
): Promise<EnabledKernel> {
  const body: EnableKernel = { profile };
  const path = `kernels/${encodeURIComponent(kernelId)}/enable`;
  return request<EnabledKernel>(path, { method: 'POST', body });
}
