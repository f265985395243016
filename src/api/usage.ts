import type { ThumbnailList, UsageExport, UsageView } from '../_wire';

import type { Download, Requester } from './request';

/** What a history can be written as. */
export type ExportFormat = 'csv' | 'json';

/** Return what the caller had made, what it cost, and what is left. */
export function getUsage(request: Requester): Promise<UsageView> {
  return request<UsageView>('usage');
}

/** What was made, and what there are small pictures of. */
export interface IHistory extends UsageExport {
  thumbnails: ThumbnailList;
}

/** Return every job of the caller that the record knows of the last week, oldest first. */
export async function getHistory(request: Requester): Promise<IHistory> {
  const told = await request<UsageExport>('usage/export', {
    query: { format: 'json' }
  });
  return { ...told, thumbnails: await request<ThumbnailList>('usage/thumbnails') };
}

/** Return the caller's history as a file. */
export function exportUsage(download: Download, format: ExportFormat): Promise<Blob> {
  return download('usage/export', { query: { format } });
}

/** Take the caller's name and prompts out of the record; the sums stay. */
export function eraseUsage(request: Requester): Promise<unknown> {
  return request<unknown>('usage', { method: 'DELETE' });
}
