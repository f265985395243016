import type { HolderView, ServiceView } from '../_wire';

/** Those that keep a service by using it. */
export function working(service: ServiceView): HolderView[] {
  return service.holders.filter(holder => holder.active && holder.kind !== 'pin');
}

/** Those that are open and keep nothing. */
export function quiet(service: ServiceView): HolderView[] {
  return service.holders.filter(holder => !holder.active);
}

/** Who keeps a service by their word, whoever uses it; the last to end first. */
export function pins(service: ServiceView): HolderView[] {
  const end = (holder: HolderView) => holder.ends_at ?? Infinity;
  return service.holders
    .filter(holder => holder.kind === 'pin')
    .sort((one, other) => (end(other) > end(one) ? 1 : -1));
}

/** Whether stopping a service would break what somebody does or wants. */
export function isHeld(service: ServiceView): boolean {
  return service.holders.some(holder => holder.active);
}

/** The services whose pins keep this one: itself, and those that it stands in for. */
export function pinned(
  service: ServiceView,
  services: readonly ServiceView[]
): ServiceView[] {
  return services.filter(
    other =>
      (other.name === service.name || other.stand_in === service.name) &&
      pins(other).length > 0
  );
}

/** Whether a pin makes sense: the service is ours to run, and can run. */
export function canBeKept(service: ServiceView): boolean {
  return (
    service.kind === 'local' &&
    service.external_owner === null &&
    (service.can_start || service.wanted)
  );
}
