import type { EnabledKernel } from '../_wire';

import type { Requester } from './request';

/** Give a running kernel its token and its lease; the answer's code sets the variables. */
export function enableKernel(
  request: Requester,
  kernelId: string
): Promise<EnabledKernel> {
  const path = `kernels/${encodeURIComponent(kernelId)}/enable`;
  return request<EnabledKernel>(path, { method: 'POST', body: {} });
}
