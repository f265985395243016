import type { FolderIndex, Profile } from '../_wire';

import type { Requester } from './request';

/** The part of a notebook that detection reads: no outputs, which may be large. */
export interface INotebookSource {
  metadata: object;
  cells: ReadonlyArray<{ cell_type: string; source: string }>;
}

/** Return what a notebook needs as it stands in the editor, saved or not. */
export function profileNotebook(
  request: Requester,
  path: string,
  source: INotebookSource
): Promise<Profile> {
  const cells = source.cells.map(cell => ({ ...cell, metadata: {}, outputs: [] }));
  return request<Profile>('notebooks/profile', {
    method: 'POST',
    query: { path },
    body: { nbformat: 4, nbformat_minor: 5, metadata: source.metadata, cells }
  });
}

/**
 * Return what the notebooks below a folder need, and what of it cannot run here: all of them,
 * or those that were read after `wait` seconds.
 */
export function indexFolder(
  request: Requester,
  folder: string,
  wait: number
): Promise<FolderIndex> {
  return request<FolderIndex>('notebooks', { query: { folder, wait } });
}
