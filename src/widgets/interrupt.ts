import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ServiceView } from '../_wire';
import { ApiError } from '../api/request';
import { nameWords, pinWords } from '../components/holderWords';
import { isHeld, pins, working } from '../model/holders';
import type { LabModel } from '../model/lab';

/** Ends what a service does; `force` breaks what others hold of it. */
export type Interruption = (service: ServiceView, force: boolean) => Promise<unknown>;

/**
 * Stop or restart a service, after a question where it is in use: by what the page knows, or by
 * what the server says when somebody came meanwhile. Quiet notebooks are no reason to ask.
 *
 * Rejects with `ApiError`; a person who says no ends it silently.
 */
export async function interrupt(
  lab: LabModel,
  name: string,
  act: Interruption,
  trans: TranslationBundle
): Promise<void> {
  const service = lab.service(name);
  if (!service) {
    return;
  }
  if (!isHeld(behind(lab, service))) {
    try {
      await act(service, false);
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'in_use') {
        throw error;
      }
      await lab.refresh();
    }
  }
  const known = behind(lab, lab.service(name) ?? service);
  if (await mayBreak(known, lab.snapshot?.person ?? '', trans)) {
    await act(service, true);
  }
}

/** What really stops: the service itself, or what stands in for it. */
function behind(lab: LabModel, service: ServiceView): ServiceView {
  return lab.service(service.stand_in ?? '') ?? service;
}

async function mayBreak(
  service: ServiceView,
  person: string,
  trans: TranslationBundle
): Promise<boolean> {
  const now = Date.now() / 1000;
  const users = [
    ...new Set(working(service).map(holder => nameWords(holder.label, person, trans)))
  ];
  const words = [
    ...pins(service).map(pin => `${pinWords(pin, person, now, trans)}.`),
    users.length > 0 || pins(service).length === 0
      ? trans.__(
          'In use by %1. What it is doing now is lost.',
          users.join(', ') || trans.__('another person')
        )
      : ''
  ];
  const answer = await showDialog({
    title: trans.__('Stop %1?', service.title),
    body: words.filter(Boolean).join('\n'),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Stop Anyway') })
    ],
    defaultButton: 0
  });
  return answer.button.accept;
}
