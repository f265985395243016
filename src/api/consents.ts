import type {
  ConsentGiven,
  ConsentList,
  ConsentNeeded,
  ConsentRequest
} from '../_wire';

import type { Requester } from './request';

/** Allow what was asked, just as it was shown; 409 where it says something else by now. */
export function giveConsent(
  request: Requester,
  { digest, kind, path, provider }: ConsentNeeded
): Promise<unknown> {
  const body: ConsentRequest = { kind, path, provider, digest };
  return request<unknown>('consents', { method: 'POST', body });
}

/** Return what the caller has confirmed, and what clouds need of them now. */
export function getConsents(request: Requester): Promise<ConsentList> {
  return request<ConsentList>('consents');
}

/** Take a consent back; what runs goes on. */
export function withdrawConsent(
  request: Requester,
  { kind, path, provider }: Pick<ConsentGiven, 'kind' | 'path' | 'provider'>
): Promise<unknown> {
  const query: Record<string, string> =
    kind === 'metadata' ? { path } : { kind, provider };
  return request<unknown>('consents', { method: 'DELETE', query });
}
