import type { Mode, ModeChange, ModeView } from '../_wire';

import type { Requester } from './request';

/** Set the caller's own layer of the mode, or clear it with null. */
export function setMode(request: Requester, value: Mode | null): Promise<ModeView> {
  const body: ModeChange = { layer: 'person', value };
  return request<ModeView>('mode', { method: 'PUT', body });
}
