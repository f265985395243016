import { Notification, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api/request';
import { said } from '../components/Said';

/** A failure stays on the screen this long (milliseconds), and in the bell until it is read. */
const FAILURE_SHOWN = 10_000;

/** Say that a command failed: what, why, and behind a button what helps. */
export function announceFailure(
  what: string,
  error: unknown,
  trans: TranslationBundle
): void {
  const message = said(error instanceof Error ? error.message : String(error), trans);
  const remedy = said(error instanceof ApiError ? error.remedy : '', trans);
  Notification.error(trans.__('%1: %2', what, message), {
    autoClose: FAILURE_SHOWN,
    actions: [
      {
        label: trans.__('Details'),
        callback: () => void showErrorMessage(what, `${message}\n\n${remedy}`.trim())
      }
    ]
  });
}
