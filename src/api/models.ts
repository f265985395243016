import type { FetchRequest, WeightsList, WeightsView } from '../_wire';

import type { Requester } from './request';

/** Return every model of the catalogue that has files, and what of it is here. */
export function getModels(request: Requester): Promise<WeightsList> {
  return request<WeightsList>('models');
}

/** Bring what is missing of a model; what is here of it stays. */
export function fetchModel(
  request: Requester,
  id: string,
  acceptLicence: boolean
): Promise<WeightsView> {
  const body: FetchRequest = { accept_licence: acceptLicence };
  return request<WeightsView>(pathOf(id, 'fetch'), { method: 'POST', body });
}

/** End a fetch; what has arrived is kept for the next one. */
export function cancelFetch(request: Requester, id: string): Promise<unknown> {
  return request<unknown>(pathOf(id, 'fetch'), { method: 'DELETE' });
}

/** Compare the files of a model with their published hashes. */
export function verifyModel(request: Requester, id: string): Promise<unknown> {
  return request<unknown>(pathOf(id, 'verify'), { method: 'POST', body: {} });
}

function pathOf(id: string, verb: 'fetch' | 'verify'): string {
  return `models/${encodeURIComponent(id)}/${verb}`;
}
