import { isActive, launchOf, split, worst } from '../../model/needs';
import { aLaunch, aProfile, aService, aSnapshot } from '../fixtures';

describe('what matters now', () => {
  it('finds the launch of a kernel, if it has one', () => {
    const snapshot = aSnapshot({ launches: [aLaunch()] });
    expect(launchOf(snapshot, 'kernel 1')?.launch_id).toBe('launch 1');
    expect(launchOf(snapshot, 'another')).toBeUndefined();
    expect(launchOf(null, undefined)).toBeUndefined();
  });

  it('is active when wanted, moving, ready, failed or held', () => {
    expect(isActive(aService())).toBe(false);
    expect(isActive(aService({ state: 'unavailable' }))).toBe(false);
    expect(isActive(aService({ wanted: true }))).toBe(true);
    expect(isActive(aService({ state: 'pulling' }))).toBe(true);
    expect(isActive(aService({ state: 'failed' }))).toBe(true);
  });

  it('is worst when it failed, then when it moves, then when it is ready', () => {
    const states = ['ready', 'failed', 'starting', 'stopped'] as const;
    const services = states.map(state => aService({ state }));
    expect(worst(services)?.state).toBe('failed');
    expect(worst(services.filter(({ state }) => state !== 'failed'))?.state).toBe(
      'starting'
    );
    expect(worst([])).toBeUndefined();
  });

  it('puts the needed services before the merely active ones', () => {
    const services = [
      aService({ name: 'idle' }),
      aService({ name: 'active', state: 'ready' }),
      aService({ name: 'comfyui' })
    ];
    const { here, others } = split(services, aProfile());
    expect(here.map(({ name }) => name)).toEqual(['comfyui', 'active']);
    expect(others.map(({ name }) => name)).toEqual(['idle']);
  });
});
