import type { Accepted, LogLines, PinRequest, StatusView } from '../_wire';

import type { Requester } from './request';

/** Return the snapshot that a page loads before it follows events. */
export function getStatus(request: Requester): Promise<StatusView> {
  return request<StatusView>('status');
}

/** Ask for a service to start; the answer names the revision to wait for. */
export function startService(request: Requester, name: string): Promise<Accepted> {
  return command(request, name, 'start', {});
}

/** Ask for a service to stop; `force` breaks active leases, where the caller's role may. */
export function stopService(
  request: Requester,
  name: string,
  force: boolean
): Promise<Accepted> {
  return command(request, name, 'stop', { force });
}

/** Ask for a service to stop and start again. */
export function restartService(
  request: Requester,
  name: string,
  force: boolean
): Promise<Accepted> {
  return command(request, name, 'restart', { force });
}

/** Keep a service for some minutes, whoever uses it; null: until somebody lets it go. */
export function pinService(
  request: Requester,
  name: string,
  minutes: number | null
): Promise<Accepted> {
  const body: PinRequest = { minutes };
  return command(request, name, 'pin', body);
}

/** Let a service go that somebody kept; it then stops as others do. */
export function unpinService(request: Requester, name: string): Promise<Accepted> {
  return command(request, name, 'unpin', {});
}

/** Return the last lines of a service's output. */
export function getLogs(
  request: Requester,
  name: string,
  tail: number
): Promise<LogLines> {
  return request<LogLines>(`services/${encodeURIComponent(name)}/logs`, {
    query: { tail }
  });
}

function command(
  request: Requester,
  name: string,
  verb: 'start' | 'stop' | 'restart' | 'pin' | 'unpin',
  body: object
): Promise<Accepted> {
  const path = `services/${encodeURIComponent(name)}/${verb}`;
  return request<Accepted>(path, { method: 'POST', body });
}
