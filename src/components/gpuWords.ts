import type { TranslationBundle } from '@jupyterlab/translation';

import type { GPUsView, GPUView } from '../_wire';
import type { IShare } from '../model/gpus';
import { deviceList } from '../model/gpus';

import { nameWords } from './holderWords';
import { decimal } from './when';

/** MiB as GiB, one digit behind its point. */
export function gib(mib: number): string {
  return decimal(mib / 1024, 1);
}

/** What a GPU, or an instance of one, is called in short. */
export function gpuName(gpu: GPUView, trans: TranslationBundle): string {
  return gpu.parent === null
    ? trans.__('GPU %1', gpu.index)
    : trans.__('MIG %1', gpu.index);
}

/** A GPU's model without the words that all of them have. */
export function modelName(gpu: GPUView): string {
  return gpu.name.replace(/^NVIDIA (GeForce )?/, '');
}

/** How much of its memory is used; empty where the driver does not tell. */
export function memoryWords(gpu: GPUView, trans: TranslationBundle): string {
  const { total_mib: total, used_mib: used } = gpu;
  if (total === null) {
    return '';
  }
  return used === null
    ? trans.__('%1 GiB', gib(total))
    : trans.__('%1 of %2 GiB', gib(used), gib(total));
}

/** A GPU that nobody uses, in one line. */
export function idleWords(gpu: GPUView, trans: TranslationBundle): string {
  // In a narrow panel there is no room for zeros that say nothing.
  const memory = memoryWords(gpu, trans).replace(/[.,]0(?=\D)/g, '');
  return [gpuName(gpu, trans), modelName(gpu), trans.__('idle'), memory]
    .filter(Boolean)
    .join(' · ');
}

/** Load, temperature and power, as far as the driver tells them. */
export function figuresWords(gpu: GPUView, trans: TranslationBundle): string {
  const { busy_percent: busy, power_watts: power, temperature_celsius: warmth } = gpu;
  return [
    busy !== null && trans.__('%1 % busy', Math.round(busy)),
    warmth !== null && trans.__('%1 °C', Math.round(warmth)),
    power !== null && trans.__('%1 W', Math.round(power))
  ]
    .filter(Boolean)
    .join(' · ');
}

/** How much power of how much it draws; nothing where the driver does not tell both. */
export function powerWords(gpu: GPUView, trans: TranslationBundle): string | undefined {
  const { power_limit_watts: limit, power_watts: power } = gpu;
  return power === null || limit === null
    ? undefined
    : trans.__('%1 of %2 W', Math.round(power), Math.round(limit));
}

/** Who holds memory. */
export function holderName(
  share: IShare,
  titleOf: (service: string) => string,
  person: string,
  trans: TranslationBundle
): string {
  switch (share.kind) {
    case 'ours':
      return titleOf(share.label);
    case 'lab':
      return trans.__('%1 of another Lab', titleOf(share.label));
    case 'rest':
      return trans.__('The system, or not told');
    case 'other': {
      const name = programWords(share.label, person, trans);
      return share.owner === null || share.owner === share.label
        ? name
        : trans.__('%1 by %2', name, nameWords(share.owner, person, trans));
    }
  }
}

/** A program as the server found it. */
function programWords(label: string, person: string, trans: TranslationBundle): string {
  const container = /^container (\S+)$/.exec(label);
  if (container) {
    return trans.__('container %1', container[1]);
  }
  switch (label) {
    case "another user's program":
      return trans.__('a program of another user');
    case 'a program':
      return trans.__('a program');
    default:
      return nameWords(label, person, trans);
  }
}

/** How much somebody holds, and how much of it is only declared. */
export function amountWords(share: IShare, trans: TranslationBundle): string {
  const { exclusive, reserved, used } = share;
  return [
    used === null
      ? trans.__('use not told')
      : used > 0 && trans.__('%1 GiB', gib(used)),
    reserved > 0 &&
      (used === 0
        ? trans.__('%1 GiB reserved', gib(reserved))
        : trans.__('%1 GiB more reserved', gib(reserved))),
    exclusive && trans.__('for itself alone')
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Memory of all GPUs together, for a heading; nothing while no fresh reading is there. */
export function gpusWords(
  reading: GPUsView | null,
  trans: TranslationBundle
): string | undefined {
  const gpus = reading && reading.stale_since === null ? deviceList(reading.gpus) : [];
  const sum = (field: 'used_mib' | 'total_mib') =>
    gpus.reduce((total, gpu) => total + (gpu[field] ?? 0), 0);
  const [used, total] = [sum('used_mib'), sum('total_mib')];
  return total > 0 ? trans.__('%1 of %2 GiB', gib(used), gib(total)) : undefined;
}
