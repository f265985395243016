import {
  isAtWork,
  launchOf,
  opensByItself,
  split,
  toTell,
  worst
} from '../../model/needs';
import { aLaunch, aProfile, aService, aSnapshot } from '../fixtures';

describe('what matters now', () => {
  it('finds the launch of a kernel, if it has one', () => {
    const snapshot = aSnapshot({ launches: [aLaunch()] });
    expect(launchOf(snapshot, 'kernel 1')?.launch_id).toBe('launch 1');
    expect(launchOf(snapshot, 'another')).toBeUndefined();
    expect(launchOf(null, undefined)).toBeUndefined();
  });

  it('is at work when wanted, moving, ready, failed or held', () => {
    expect(isAtWork(aService())).toBe(false);
    expect(isAtWork(aService({ state: 'unavailable' }))).toBe(false);
    expect(isAtWork(aService({ wanted: true }))).toBe(true);
    expect(isAtWork(aService({ state: 'pulling' }))).toBe(true);
    expect(isAtWork(aService({ state: 'failed' }))).toBe(true);
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

  it('tells the worst of the services at work, and nothing where none is', () => {
    const idle = aService({ name: 'idle', state: 'unavailable' });
    const ready = aService({ name: 'ready', state: 'ready' });
    const moving = aService({ name: 'moving', state: 'starting' });
    expect(toTell([idle, ready, moving])?.name).toBe('moving');
    expect(toTell([idle, ready])?.name).toBe('ready');
    expect(toTell([idle])).toBeUndefined();
  });

  it('opens a card by itself when its notebook works with the service', () => {
    expect(opensByItself(aService({ state: 'ready' }), true)).toBe(true);
    expect(opensByItself(aService({ state: 'ready' }), false)).toBe(false);
    expect(opensByItself(aService({ state: 'failed' }), true)).toBe(false);
    expect(opensByItself(aService({ state: 'stopped' }), true)).toBe(false);
  });

  it('puts the needed services before those that are merely at work', () => {
    const services = [
      aService({ name: 'idle' }),
      aService({ name: 'busy', state: 'ready' }),
      aService({ name: 'comfyui' })
    ];
    const { here, others } = split(services, aProfile());
    expect(here.map(({ name }) => name)).toEqual(['comfyui', 'busy']);
    expect(others.map(({ name }) => name)).toEqual(['idle']);
  });
});
