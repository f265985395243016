import type { ConsentNeeded, ConsentRequest } from '../_wire';

import type { Requester } from './request';

/** Confirm what a notebook's metadata asks for; 409 where it says something else by now. */
export function giveConsent(
  request: Requester,
  { digest, kind, path }: ConsentNeeded
): Promise<unknown> {
  const body: ConsentRequest = { kind, path, digest };
  return request<unknown>('consents', { method: 'POST', body });
}
