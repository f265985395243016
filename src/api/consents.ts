import type { ConsentNeeded, ConsentRequest } from '../_wire';

import type { Requester } from './request';

/** Allow what was asked, just as it was shown; 409 where it says something else by now. */
export function giveConsent(
  request: Requester,
  { digest, kind, path, provider }: ConsentNeeded
): Promise<unknown> {
  const body: ConsentRequest = { kind, path, provider, digest };
  return request<unknown>('consents', { method: 'POST', body });
}
