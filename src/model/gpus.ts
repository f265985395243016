import type { GPUsView, GPUUser, GPUView } from '../_wire';

/** The server reads the GPUs once a second; a person follows figures at half of that (milliseconds). */
const LOOK = 2000;

/** Where there is no GPU, none will appear soon (milliseconds). */
const SELDOM = 60_000;

/** Codes that say that this machine simply has no GPU to show. */
const NONE: ReadonlySet<string> = new Set(['no_driver', 'no_gpu']);

/** Whether the reading says that there is no GPU here, which is no fault. */
export function hasNone(reading: GPUsView): boolean {
  const { gpus, problem } = reading;
  return gpus.length === 0 && (problem === null || NONE.has(problem.code));
}

/** Milliseconds until the GPUs are looked at again. */
export function gpuInterval(reading: GPUsView | null): number {
  return reading && reading.at !== null && hasNone(reading) ? SELDOM : LOOK;
}

/** The GPUs that memory is counted of: whole ones that answer. */
export function deviceList(gpus: readonly GPUView[]): GPUView[] {
  return groupsOf(gpus)
    .map(({ gpu }) => gpu)
    .filter(({ state }) => state === 'ok');
}

/** A GPU and the MIG instances that it is cut into. */
export interface IGPUGroup {
  gpu: GPUView;
  instances: GPUView[];
}

/** The GPUs in the driver's order, each with its instances; an orphaned one stands alone. */
export function groupsOf(gpus: readonly GPUView[]): IGPUGroup[] {
  const known = new Set(gpus.map(({ id }) => id));
  return gpus
    .filter(({ parent }) => parent === null || !known.has(parent))
    .map(gpu => ({ gpu, instances: gpus.filter(({ parent }) => parent === gpu.id) }));
}

/** So many percent of load are nobody's work. */
const IDLE = 5;

/** Whether nobody holds memory of a GPU in one part, and nothing works on it. */
export function isIdle({ gpu, instances }: IGPUGroup): boolean {
  return (
    instances.length === 0 &&
    gpu.state === 'ok' &&
    (gpu.busy_percent ?? 0) < IDLE &&
    sharesOf(gpu).every(({ kind }) => kind === 'rest')
  );
}

/** Who holds memory of a GPU, and how much of it. */
export interface IShare {
  /** `ours`: a service of this Lab; `lab`: another Lab's; `rest`: nobody is known for it. */
  kind: 'ours' | 'lab' | 'other' | 'rest';
  /** The name of a service, a container or a program; empty for `rest`. */
  label: string;
  /** The Unix user's name, where it is known. */
  owner: string | null;
  /** MiB in use; null: the driver does not tell. */
  used: number | null;
  /** MiB that are declared and not in use yet. */
  reserved: number;
  exclusive: boolean;
}

/**
 * Who holds how much of a GPU: our services first, then other Labs, then everybody else, the
 * largest first, and last what is in use and told of nobody.
 */
export function sharesOf(gpu: GPUView): IShare[] {
  const ours = ourShares(gpu);
  const others = otherShares(gpu.users.filter(user => user.service === null));
  const sum = (shares: readonly IShare[]) =>
    shares.reduce((total, { used }) => total + (used ?? 0), 0);
  const rest = Math.max(0, (gpu.used_mib ?? 0) - sum(ours) - sum(others));
  // What nobody is told for may be what a service uses whose use is not told, and what another
  // Lab's services use is among the others: neither is counted twice.
  cover(
    ours.filter(({ used }) => used === null),
    rest
  );
  const labs = labShares(gpu);
  cover(labs, sum(others) + (ours.some(({ used }) => used === null) ? 0 : rest));
  const shares = [...ours, ...labs, ...others];
  if (rest > 0) {
    shares.push({ ...EMPTY, kind: 'rest', used: rest });
  }
  return shares;
}

const EMPTY: IShare = {
  kind: 'other',
  label: '',
  owner: null,
  used: 0,
  reserved: 0,
  exclusive: false
};

function ourShares({ claims, users }: GPUView): IShare[] {
  const names = new Set([
    ...claims.filter(({ ours }) => ours).map(({ service }) => service),
    ...users.flatMap(({ service }) => service ?? [])
  ]);
  return bySize(
    [...names].map(name => {
      const used = usedBy(users.filter(({ service }) => service === name));
      const own = claims.filter(({ ours, service }) => ours && service === name);
      const declared = own.reduce((total, { mib }) => total + mib, 0);
      return {
        ...EMPTY,
        kind: 'ours',
        label: name,
        used,
        reserved: Math.max(0, declared - (used ?? 0)),
        exclusive: own.some(({ exclusive }) => exclusive)
      };
    })
  );
}

function labShares({ claims }: GPUView): IShare[] {
  return bySize(
    claims
      .filter(({ ours }) => !ours)
      .map(({ exclusive, mib, service }) => ({
        ...EMPTY,
        kind: 'lab',
        label: service,
        reserved: mib,
        exclusive
      }))
  );
}

function otherShares(users: readonly GPUUser[]): IShare[] {
  const names = new Map<string, GPUUser[]>();
  for (const user of users) {
    const key = `${user.label}\n${user.owner ?? ''}`;
    names.set(key, [...(names.get(key) ?? []), user]);
  }
  return bySize(
    [...names.values()].map(same => ({
      ...EMPTY,
      label: same[0].label,
      owner: same[0].owner,
      used: usedBy(same)
    }))
  );
}

/** MiB that processes use together; null where one of them is not told. 0 for none. */
function usedBy(users: readonly GPUUser[]): number | null {
  return users.reduce<number | null>(
    (total, { used_mib }) =>
      total === null || used_mib === null ? null : total + used_mib,
    0
  );
}

/** Take from what is reserved what is in use already, one after the other. */
function cover(shares: readonly IShare[], used: number): void {
  let left = used;
  for (const share of shares) {
    const covered = Math.min(left, share.reserved);
    share.reserved -= covered;
    left -= covered;
  }
}

function bySize(shares: IShare[]): IShare[] {
  const size = ({ reserved, used }: IShare) => (used ?? 0) + reserved;
  return shares.sort((one, other) => size(other) - size(one));
}
