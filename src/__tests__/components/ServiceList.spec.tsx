import { fireEvent, screen } from '@testing-library/react';

import { aProfile, aService } from '../fixtures';

import { button, FAILED, showServices } from './showServices';

describe('the services', () => {
  it('says so where the catalogue is empty', () => {
    showServices([]);
    expect(screen.getByText('The catalogue of services is empty.')).toBeTruthy();
  });

  it('shows all of them while none matters more than another', () => {
    showServices([aService(), aService({ name: 'forge', title: 'Forge' })]);
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
  });

  it('keeps those that nobody needs behind one line', () => {
    const others = ['forge', 'flux'].map(name => aService({ name, title: name }));
    showServices([...others, aService()], aProfile());
    expect(button(/ComfyUI.*needed here/)).toBeTruthy();
    expect(screen.queryByText('forge')).toBeNull();
    fireEvent.click(button('Show 2 other services'));
    expect(screen.getByText('forge')).toBeTruthy();
  });

  it('does not call a service busy only because its stand-in is', () => {
    const demo = aService({
      name: 'demo',
      title: 'Demo',
      state: 'ready',
      wanted: true
    });
    const played = aService({
      name: 'flux',
      title: 'Flux',
      state: 'ready',
      stand_in: 'demo'
    });
    showServices([demo, played]);
    expect(screen.getByText('Demo')).toBeTruthy();
    expect(screen.queryByText('Flux')).toBeNull();
  });

  it('says why a stand-in answers, and what would bring the service itself', () => {
    const reason = {
      code: 'docker_not_running',
      message: 'Docker does not answer.',
      remedy: 'Start Docker.',
      command: 'systemctl start docker'
    };
    const demo = aService({ name: 'demo', title: 'Demo' });
    showServices([aService({ stand_in: 'demo', stand_in_reason: reason }), demo]);
    fireEvent.click(button(/^ComfyUI/));
    expect(screen.getByText('Demo answers in its place.')).toBeTruthy();
    expect(screen.getByText('Start Docker.')).toBeTruthy();
    expect(screen.getByText('systemctl start docker')).toBeTruthy();
  });

  it('tells phase, percent and estimate of a start, to the eye and to a screen reader', () => {
    const phase = 'waiting for its first answer';
    showServices([
      aService({ state: 'starting', phase, percent: 40.4, estimate_seconds: 18 })
    ]);
    const bar = screen.getByRole('progressbar', { name: 'Progress of ComfyUI' });
    expect(bar.getAttribute('aria-valuenow')).toBe('40');
    const words = 'Waiting for its first answer · 40 % · about 20 seconds left';
    expect(bar.getAttribute('aria-valuetext')).toBe(words);
    expect(screen.getByText(words)).toBeTruthy();
    // Heard by quarters: each percent would be a flood.
    const heard = 'Waiting for its first answer · 25 %';
    expect(screen.getByRole('status').textContent).toBe(heard);
  });

  it('claims no percent that is not known', () => {
    showServices([aService({ state: 'pulling' })]);
    expect(screen.getByRole('progressbar').hasAttribute('aria-valuenow')).toBe(false);
    expect(screen.getByRole('status').textContent).toBe('Downloading');
  });

  it('shows a phase that it has no words for as it was told', () => {
    showServices([aService({ state: 'starting', phase: 'loading layers 3/7' })]);
    expect(screen.getByRole('status').textContent).toBe('loading layers 3/7');
  });

  it('starts a service that stands still', () => {
    const { onStart } = showServices([aService()]);
    fireEvent.click(button('Start ComfyUI'));
    expect(onStart).toHaveBeenCalledWith('comfyui');
    expect(screen.queryByRole('button', { name: /^Stop/ })).toBeNull();
  });

  it('stops one that runs, opens its log, and offers the rest in a menu', () => {
    const { onLogs, onServiceMenu, onStop } = showServices([
      aService({ state: 'ready', runtime: 'process', can_start: false, can_stop: true })
    ]);
    fireEvent.click(button('Stop ComfyUI'));
    fireEvent.click(button('Show the log of ComfyUI'));
    const more = button('More about ComfyUI');
    fireEvent.click(more);
    expect(onStop).toHaveBeenCalledWith('comfyui');
    expect(onLogs).toHaveBeenCalledWith('comfyui');
    expect(onServiceMenu).toHaveBeenCalledWith('comfyui', more);
    expect(more.getAttribute('aria-haspopup')).toBe('menu');
  });

  it('offers no stop of what belongs to somebody else', () => {
    const owner = 'the container comfyui-teacher';
    showServices([
      aService({ state: 'ready', runtime: 'external', external_owner: owner })
    ]);
    fireEvent.click(button(/^ComfyUI/));
    expect(screen.getByText(`Run by ${owner}; used, never stopped`)).toBeTruthy();
    expect(button(/^ComfyUI Ready · run by others/)).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Stop/ })).toBeNull();
  });
});

describe('a mode that lets nobody use a service', () => {
  it.each([
    ['off', { kind: 'local', state: 'ready' }, 'Off'],
    ['off', { kind: 'cloud', state: 'ready' }, 'Off'],
    ['off', { kind: 'local', state: 'failed', problem: FAILED }, 'Off'],
    ['local', { kind: 'cloud', state: 'ready' }, 'The mode does not allow it'],
    ['off', { kind: 'local', state: 'stopping' }, 'Stopping']
  ] as const)('is told on its card (%s, %j)', (barred_by, fields, word) => {
    showServices([aService({ ...fields, barred_by, can_start: false })], aProfile());
    const card = button(/^ComfyUI/);
    expect(card.textContent).toBe(`ComfyUI${word} · needed here`);
    expect(screen.queryByRole('button', { name: 'Start ComfyUI' })).toBeNull();
    expect(screen.queryByRole('alert')).toBeNull();
  });
});
