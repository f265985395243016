import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { Profile, ServiceView } from '../../_wire';
import { ServiceList } from '../../components/ServiceList';
import { aProfile, aService } from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');

function show(services: ServiceView[], profile: Profile | null = null) {
  const actions = {
    onStart: jest.fn(),
    onStop: jest.fn(),
    onRestart: jest.fn(),
    onLogs: jest.fn()
  };
  render(
    <ServiceList services={services} profile={profile} trans={trans} {...actions} />
  );
  return actions;
}

const button = (name: string | RegExp) => screen.getByRole('button', { name });

describe('the services', () => {
  it('says so where the catalogue is empty', () => {
    show([]);
    expect(screen.getByText('The catalogue of services is empty.')).toBeTruthy();
  });

  it('shows all of them while none matters more than another', () => {
    show([aService(), aService({ name: 'forge', title: 'Forge' })]);
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
  });

  it('keeps those that nobody needs behind one line', () => {
    const others = ['forge', 'flux'].map(name => aService({ name, title: name }));
    show([...others, aService()], aProfile());
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
    show([demo, played]);
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
    show([aService({ stand_in: 'demo', stand_in_reason: reason }), demo]);
    fireEvent.click(button(/^ComfyUI/));
    expect(screen.getByText('Demo answers in its place.')).toBeTruthy();
    expect(screen.getByText('Start Docker.')).toBeTruthy();
    expect(screen.getByText('systemctl start docker')).toBeTruthy();
  });

  it('tells phase, percent and estimate of a start, to the eye and to a screen reader', () => {
    const phase = 'waiting for its first answer';
    show([aService({ state: 'starting', phase, percent: 40.4, estimate_seconds: 18 })]);
    const bar = screen.getByRole('progressbar', { name: 'Progress of ComfyUI' });
    expect(bar.getAttribute('aria-valuenow')).toBe('40');
    const words = 'Waiting for its first answer · 40 % · about 20 seconds left';
    expect(bar.getAttribute('aria-valuetext')).toBe(words);
    expect(screen.getByRole('status').textContent).toBe(words);
  });

  it('claims no percent that is not known', () => {
    show([aService({ state: 'pulling' })]);
    expect(screen.getByRole('progressbar').hasAttribute('aria-valuenow')).toBe(false);
    expect(screen.getByRole('status').textContent).toBe('Downloading');
  });

  it('shows a phase that it has no words for as it was told', () => {
    show([aService({ state: 'starting', phase: 'loading layers 3/7' })]);
    expect(screen.getByRole('status').textContent).toBe('loading layers 3/7');
  });

  it('starts a service that stands still', () => {
    const { onStart } = show([aService()]);
    fireEvent.click(button('Start ComfyUI'));
    expect(onStart).toHaveBeenCalledWith('comfyui');
    expect(screen.queryByRole('button', { name: /^Stop/ })).toBeNull();
  });

  it('stops, restarts and opens the log of one that runs', () => {
    const { onLogs, onRestart, onStop } = show([
      aService({ state: 'ready', runtime: 'process', can_start: false, can_stop: true })
    ]);
    fireEvent.click(button('Stop ComfyUI'));
    fireEvent.click(button('Restart ComfyUI'));
    fireEvent.click(button('Show the log of ComfyUI'));
    for (const called of [onStop, onRestart, onLogs]) {
      expect(called).toHaveBeenCalledWith('comfyui');
    }
  });

  it('offers no stop of what belongs to somebody else', () => {
    const owner = 'the container comfyui-teacher';
    show([aService({ state: 'ready', runtime: 'external', external_owner: owner })]);
    fireEvent.click(button(/^ComfyUI/));
    expect(screen.getByText(`Run by ${owner}`)).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Stop/ })).toBeNull();
  });

  it('says of a failure what happened, why and what to do, with its log at hand', () => {
    const problem = {
      code: 'service_died',
      message: 'It ended with status 1.',
      remedy: 'Read its log.',
      command: 'coursia-genai logs comfyui'
    };
    show([aService({ state: 'failed', problem })]);
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('The service ended unexpectedly');
    expect(alert.textContent).toContain(problem.message);
    expect(alert.textContent).toContain(problem.remedy);
    expect(button('Copy the command')).toBeTruthy();
    expect(button('Show the log of ComfyUI')).toBeTruthy();
  });

  it('keeps the reason of an unavailable service at hand, not in the way', () => {
    const problem = {
      code: 'runtime_unavailable',
      message: 'Docker does not answer.',
      remedy: 'Start it.',
      command: null
    };
    show([aService({ state: 'unavailable', can_start: false, problem })]);
    expect(screen.queryByText('Docker does not answer.')).toBeNull();
    fireEvent.click(button(/ComfyUI.*Not available/));
    expect(screen.getByText('Docker does not answer.')).toBeTruthy();
  });

  it('shows that reason at once to whose notebook needs the service', () => {
    const problem = {
      code: 'runtime_unavailable',
      message: 'Docker does not answer.',
      remedy: 'Start it.',
      command: null
    };
    show([aService({ state: 'unavailable', problem })], aProfile());
    expect(screen.getByText('Docker does not answer.')).toBeTruthy();
  });

  it('shows address, runtime, models and users of a service that is in use', () => {
    const holder = { kernel_id: null, since: 1, active: true };
    show(
      [
        aService({
          state: 'ready',
          runtime: 'docker',
          door: 'http://127.0.0.1:8188',
          gpu_vram_mib: 12288,
          stops_in_seconds: 240,
          models: [{ id: 'flux-1', title: 'FLUX.1', available: true, size_mib: null }],
          holders: [
            { ...holder, kind: 'kernel', label: 'a.ipynb' },
            { ...holder, kind: 'kernel', label: 'b.ipynb', active: false },
            { ...holder, kind: 'pin', label: 'ada' }
          ]
        })
      ],
      aProfile()
    );
    for (const fact of [
      '127.0.0.1:8188',
      'Docker container',
      '12.0 GiB',
      'FLUX.1',
      'a.ipynb',
      'b.ipynb (idle)',
      'Kept by ada',
      '4 minutes'
    ]) {
      expect(screen.getByText(fact)).toBeTruthy();
    }
    expect(button('Copy the address')).toBeTruthy();
  });
});
