import type { INotebookTracker } from '@jupyterlab/notebook';

import type {
  LaunchView,
  Profile,
  ServiceState,
  ServiceView,
  StatusView
} from '../_wire';

/** States that pass by themselves. */
export const MOVING: ReadonlySet<ServiceState> = new Set([
  'building',
  'pulling',
  'starting',
  'stopping'
]);

/** How bad a state is for somebody who waits; the worst is the one to tell. */
const SEVERITY: readonly ServiceState[] = [
  'ready',
  'stopped',
  'absent',
  'stopping',
  'starting',
  'pulling',
  'building',
  'unavailable',
  'failed'
];

/** Ids of the kernels of the notebooks that are open in this page. */
export function kernelsOf(tracker: Pick<INotebookTracker, 'forEach'>): Set<string> {
  const ids = new Set<string>();
  tracker.forEach(({ sessionContext }) => {
    const id = sessionContext.session?.kernel?.id;
    if (id) {
      ids.add(id);
    }
  });
  return ids;
}

/** The launch of a kernel, if it was launched with GenAI. */
export function launchOf(
  snapshot: StatusView | null,
  kernelId: string | undefined
): LaunchView | undefined {
  return snapshot?.launches.find(launch => launch.kernel_id === kernelId);
}

/** Whether a kernel was told anything; in mode off, say, a launch is noted and given nothing. */
export function wasGiven(launch: LaunchView): boolean {
  return launch.variables.length > 0;
}

/** Whether the mode lets nobody use a service, once nothing of it moves any more. */
export function isBarred(service: ServiceView): boolean {
  return service.barred_by !== null && !MOVING.has(service.state);
}

/** The state to show of a service: what nobody may use is not ready for anybody. */
export function shownState(service: ServiceView): ServiceState {
  return isBarred(service) ? 'stopped' : service.state;
}

/** Whether a service runs, moves, is wanted, or failed while it was; or somebody uses it. */
export function isAtWork(service: ServiceView): boolean {
  if (isBarred(service)) {
    return false;
  }
  if (service.stand_in !== null || service.kind === 'cloud') {
    // Its state is its stand-in's, which has an entry of its own; and that a provider could be
    // asked is no work of this machine.
    return service.holders.length > 0;
  }
  return (
    service.wanted ||
    service.state === 'ready' ||
    service.state === 'failed' ||
    MOVING.has(service.state) ||
    service.holders.length > 0
  );
}

/** The service in the worst state. */
export function worst(services: readonly ServiceView[]): ServiceView | undefined {
  const rank = (service: ServiceView) => SEVERITY.indexOf(shownState(service));
  return [...services].sort((a, b) => rank(b) - rank(a))[0];
}

/** The service whose state the status bar tells: the worst of those at work. */
export function toTell(services: readonly ServiceView[]): ServiceView | undefined {
  return worst(services.filter(isAtWork));
}

/** Whether a card opens by itself: its notebook works with what is in it. */
export function opensByItself(service: ServiceView, needed: boolean): boolean {
  return needed && isAtWork(service) && service.state !== 'failed';
}

/** Whether a card is put away: its service concerns neither this notebook nor anybody now. */
function isPutAway(service: ServiceView, needed: boolean): boolean {
  return !needed && !isAtWork(service);
}

/** The services split into those with a card in sight and the rest, each in catalogue order. */
export function split(
  services: readonly ServiceView[],
  profile: Profile | null
): { here: ServiceView[]; others: ServiceView[] } {
  const needed = new Set(profile?.services ?? []);
  const others = services.filter(service =>
    isPutAway(service, needed.has(service.name))
  );
  const here = services.filter(service => !others.includes(service));
  here.sort((a, b) => Number(needed.has(b.name)) - Number(needed.has(a.name)));
  return { here, others };
}
