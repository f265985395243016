import type { Requester } from './request';

/** Ask for the image of a service to be built; its state tells how it goes. */
export function buildImage(request: Requester, service: string): Promise<unknown> {
  return request<unknown>(pathOf(service), { method: 'POST', body: {} });
}

/** End a build; nothing of it stays. */
export function cancelBuild(request: Requester, service: string): Promise<unknown> {
  return request<unknown>(pathOf(service), { method: 'DELETE' });
}

function pathOf(service: string): string {
  return `services/${encodeURIComponent(service)}/build`;
}
