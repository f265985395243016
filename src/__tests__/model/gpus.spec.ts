import type { GPUClaim, GPUUser } from '../../_wire';
import { deviceList, gpuInterval, groupsOf, hasNone, sharesOf } from '../../model/gpus';
import { aGPU, aReading } from '../fixtures';

const claim = (fields: Partial<GPUClaim> = {}): GPUClaim => ({
  service: 'comfyui',
  mib: 12_000,
  exclusive: false,
  ours: true,
  since: 0,
  ...fields
});
const user = (fields: Partial<GPUUser> = {}): GPUUser => ({
  pid: 1,
  used_mib: 1000,
  label: 'python',
  service: null,
  owner: null,
  ...fields
});
/** Kind, label, MiB in use and MiB reserved of each share. */
const told = (...given: Parameters<typeof sharesOf>) =>
  sharesOf(...given).map(({ kind, label, reserved, used }) => [
    kind,
    label,
    used,
    reserved
  ]);

describe('who holds the memory of a GPU', () => {
  it('is nobody but the system on an idle one', () => {
    expect(told(aGPU())).toEqual([['rest', '', 512, 0]]);
  });

  it('tells what a service uses, and what it has declared beyond that', () => {
    const gpu = aGPU({
      used_mib: 9000,
      claims: [claim()],
      users: [
        user({ service: 'comfyui', used_mib: 5000 }),
        user({ service: 'comfyui', used_mib: 3000 })
      ]
    });
    expect(told(gpu)).toEqual([
      ['ours', 'comfyui', 8000, 4000],
      ['rest', '', 1000, 0]
    ]);
  });

  it('reserves nothing for a service that uses more than it declared', () => {
    const gpu = aGPU({
      used_mib: 13_000,
      claims: [claim()],
      users: [user({ service: 'comfyui', used_mib: 13_000 })]
    });
    expect(told(gpu)).toEqual([['ours', 'comfyui', 13_000, 0]]);
  });

  it('counts nothing twice where the driver does not say who uses how much', () => {
    const gpu = aGPU({
      used_mib: 9000,
      claims: [claim()],
      users: [user({ service: 'comfyui', used_mib: null })]
    });
    expect(told(gpu)).toEqual([
      ['ours', 'comfyui', null, 3000],
      ['rest', '', 9000, 0]
    ]);
  });

  it('counts another Lab’s use once, be it told as a claim or as a program', () => {
    const gpu = aGPU({
      used_mib: 8000,
      claims: [claim({ service: 'flux', ours: false })],
      users: [user({ label: 'container flux', used_mib: 8000 })]
    });
    expect(told(gpu)).toEqual([
      ['lab', 'flux', 0, 4000],
      ['other', 'container flux', 8000, 0]
    ]);
  });

  it('joins the processes of one program and person, the largest first', () => {
    const gpu = aGPU({
      used_mib: 6000,
      users: [
        user({ owner: 'bo' }),
        user({ label: 'ollama', owner: 'eve', used_mib: 3000 }),
        user({ owner: 'bo', used_mib: 1000 }),
        user({ owner: 'cy', used_mib: 1000 })
      ]
    });
    expect(told(gpu)).toEqual([
      ['other', 'ollama', 3000, 0],
      ['other', 'python', 2000, 0],
      ['other', 'python', 1000, 0]
    ]);
  });

  it('never fills more than a whole GPU with what was declared within it', () => {
    for (const used of [0, 500, 6000, 24_000]) {
      const gpu = aGPU({
        used_mib: used,
        claims: [claim({ mib: 10_000 }), claim({ service: 'flux', mib: 14_000 })],
        users: [user({ service: 'flux', used_mib: Math.min(used, 13_000) })]
      });
      const shares = sharesOf(gpu);
      const sum = shares.reduce((all, share) => all + (share.used ?? 0), 0);
      expect(sum).toBe(used);
    }
  });
});

describe('the GPUs of a machine', () => {
  it('keep their MIG instances below them, and an orphan by itself', () => {
    const whole = aGPU({ id: 'GPU-1', mig: 'on' });
    const part = aGPU({ id: 'MIG-1', parent: 'GPU-1' });
    const orphan = aGPU({ id: 'MIG-2', parent: 'GPU-gone' });
    expect(groupsOf([whole, part, orphan])).toEqual([
      { gpu: whole, instances: [part] },
      { gpu: orphan, instances: [] }
    ]);
  });

  it('are counted where they answer', () => {
    const gpus = [aGPU(), aGPU({ id: 'GPU-2', state: 'lost' })];
    expect(deviceList(gpus).map(({ id }) => id)).toEqual(['GPU-1']);
  });

  it.each([
    ['no_driver', true],
    ['no_gpu', true],
    ['driver_hangs', false],
    ['no_permission', false]
  ])('with the problem %s are none at all: %s', (code, none) => {
    const problem = { code, message: '', remedy: '', command: null };
    expect(hasNone(aReading({ gpus: [], problem }))).toBe(none);
  });

  it('are looked at every other second, and seldom where there are none', () => {
    expect(gpuInterval(null)).toBe(2000);
    expect(gpuInterval(aReading())).toBe(2000);
    expect(gpuInterval(aReading({ gpus: [] }))).toBe(60_000);
  });
});
