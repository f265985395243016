import { cleanup, fireEvent, screen, within } from '@testing-library/react';

import { ApiError } from '../../api/request';
import { NO_WORD } from '../../model/word';
import { aConsent, aLaunch, aLayer, aProfile, aService, aSnapshot } from '../fixtures';

import { showNotebook } from './showNotebook';

describe('the section of the notebook', () => {
  it('invites to open a notebook where there is none', () => {
    showNotebook({ notebook: null, profile: null });
    expect(screen.getByText(/Open a notebook/)).toBeTruthy();
  });

  it('says that it is reading until the needs are known', () => {
    showNotebook({ profile: null });
    expect(screen.getByRole('status', { name: 'Reading the notebook' })).toBeTruthy();
  });

  it('says why a notebook could not be examined, and what helps', () => {
    const problem = new ApiError('invalid_request', 'No JSON.', 'Save it again.', 400);
    showNotebook({ profile: null, problem });
    expect(screen.getByText('No JSON.')).toBeTruthy();
    expect(screen.getByText('Save it again.')).toBeTruthy();
  });

  it('offers nothing to a classic notebook', () => {
    showNotebook({
      profile: aProfile({ type: 'CLASSIC', services: [], evidence: [] }),
      launch: undefined
    });
    expect(screen.getByText('This notebook needs no image service.')).toBeTruthy();
    // Nothing but the teacher's word, folded.
    const [only, ...others] = screen.getAllByRole('button');
    expect(only.textContent).toContain('Change needs…');
    expect(only.getAttribute('aria-expanded')).toBe('false');
    expect(others).toEqual([]);
  });

  it('names the services with their state, and who stands in', () => {
    showNotebook({
      services: [
        aService({ state: 'starting', stand_in: 'demo' }),
        aService({ name: 'demo', title: 'Demo engine' })
      ]
    });
    const needs = screen.getByRole('list', { name: 'Services that it needs' });
    expect(within(needs).getByText('ComfyUI')).toBeTruthy();
    expect(within(needs).getByText('Starting · Demo engine stands in')).toBeTruthy();
  });

  it('names a service that the catalogue does not know', () => {
    showNotebook({ profile: aProfile({ services: ['elsewhere'] }) });
    expect(screen.getByText('elsewhere')).toBeTruthy();
    expect(screen.getByText('Not in the catalogue')).toBeTruthy();
  });

  it('lists what the kernel was given, and why a variable was left alone', () => {
    showNotebook({
      launch: aLaunch({ skipped: { OPENAI_API_KEY: 'Set by yourself.' } })
    });
    expect(screen.getByText('COMFYUI_API_URL')).toBeTruthy();
    expect(screen.getByText('Set by yourself.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Enable GenAI/ })).toBeNull();
  });

  it('offers to tell a kernel that started without', () => {
    const { onEnable } = showNotebook({ launch: undefined });
    fireEvent.click(screen.getByRole('button', { name: /Enable GenAI/ }));
    expect(onEnable).toHaveBeenCalledTimes(1);
  });

  it('offers the same where the notebook needs more than the kernel was told', () => {
    showNotebook({ profile: aProfile({ services: ['comfyui', 'openai'] }) });
    expect(screen.getByText(/needs more than its kernel was told/)).toBeTruthy();
    expect(screen.getByRole('button', { name: /Enable GenAI/ })).toBeTruthy();
  });

  it.each([
    [
      'without a kernel',
      { notebook: { name: 'a', language: '', hasKernel: false } },
      /No kernel/
    ],
    [
      'in mode off',
      { mode: { ...aSnapshot().mode, effective: 'off' as const } },
      /The mode is off/
    ],
    [
      'where it names a hosted server',
      { profile: aProfile({ remote: true }) },
      /hosted/
    ]
  ])('offers nothing %s, and says why', (_, fields, why) => {
    showNotebook({ launch: undefined, ...fields });
    expect(screen.getByText(why)).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Enable GenAI/ })).toBeNull();
  });

  it('says why nothing was injected, and what makes the images instead', () => {
    showNotebook({
      launch: aLaunch({
        reason: 'The port is taken.',
        fallback_reason: 'local_unavailable'
      })
    });
    expect(screen.getByText('The port is taken.')).toBeTruthy();
    expect(screen.getByText(/demo engine draws/)).toBeTruthy();
  });

  it('says that GenAI was off at the start, not that the need came later', () => {
    const reason = 'GenAI was off for this notebook when its kernel started.';
    showNotebook({ launch: aLaunch({ reason, services: [], variables: [] }) });
    expect(screen.getByText(reason)).toBeTruthy();
    expect(screen.getByText('Enabling keeps its variables.')).toBeTruthy();
    expect(screen.getByRole('button', { name: /Enable GenAI/ })).toBeTruthy();
  });

  it('says that its metadata turns it off, and what a running kernel keeps', () => {
    const off = { ...NO_WORD, choice: 'off' as const };
    const teacher = { word: off, lock: null, canUndo: false, open: false };
    const profile = aProfile({ type: 'CLASSIC', services: [], evidence: [] });
    showNotebook({ profile, teacher });
    expect(screen.getByText(/metadata turns GenAI off/)).toBeTruthy();
    expect(screen.getByText(/keeps what it was given/)).toBeTruthy();
    expect(screen.queryByText('This notebook needs no image service.')).toBeNull();
    cleanup();
    showNotebook({ profile, teacher, launch: undefined });
    expect(screen.queryByText(/keeps what it was given/)).toBeNull();
  });

  it('tells optional, hosted and widened services apart', () => {
    showNotebook({
      profile: aProfile({
        services: ['comfyui', 'openai', 'forge'],
        optional: ['openai'],
        remote_services: ['forge'],
        widened: ['comfyui']
      })
    });
    const needs = screen.getByRole('list', { name: 'Services that it needs' });
    const [comfyui, openai, forge] = within(needs).getAllByRole('listitem');
    expect(within(comfyui).getByText('only its metadata')).toBeTruthy();
    expect(within(openai).getByText('optional')).toBeTruthy();
    expect(within(forge).getByText('hosted elsewhere')).toBeTruthy();
    expect(within(forge).queryByText('Not in the catalogue')).toBeNull();
  });

  it('sums what the machine must have, and says what the notebook asks for', () => {
    showNotebook({
      profile: aProfile({
        resources: { gpus: 1, vram_mib: 12288, memory_mib: 1536 },
        mode: 'demo',
        fallback: 'never'
      })
    });
    const words = screen.getByText(/On this machine it takes/).textContent;
    expect(words).toContain('1 GPU, 12 GiB of GPU memory, 1.5 GiB of memory');
    expect(words).toContain('It asks for the mode Demo.');
    expect(words).toContain('If nothing here can run it: Do without.');
  });

  it('says which mode is in force and who set it', () => {
    const mode = { ...aSnapshot().mode, effective: 'demo' as const };
    const person = aLayer({ layer: 'person', value: 'demo', editable: true });
    const operator = aLayer({ value: 'auto' });
    showNotebook({ mode: { ...mode, layers: [operator, person] } });
    expect(screen.getByText(/Mode: Demo; you chose it\./)).toBeTruthy();
  });

  it('tells no need of the machine, and nothing to turn off, where the mode is off', () => {
    const resources = { gpus: 1, vram_mib: 12288, memory_mib: 1536 };
    showNotebook({
      profile: aProfile({ resources, fallback: 'never' }),
      mode: { ...aSnapshot().mode, effective: 'off' }
    });
    expect(screen.getByText(/^The mode is off/)).toBeTruthy();
    expect(screen.queryByText(/On this machine it takes/)).toBeNull();
    expect(screen.queryByText(/If nothing here can run it:/)).toBeNull();
    expect(screen.queryByRole('button', { name: 'Turn off here' })).toBeNull();
  });

  it('starts what it needs, and turns GenAI off for it, at a click', () => {
    const { onChoice, onStartNeeds } = showNotebook({ services: [aService()] });
    fireEvent.click(screen.getByRole('button', { name: 'Start now' }));
    expect(onStartNeeds).toHaveBeenCalledTimes(1);
    fireEvent.click(screen.getByRole('button', { name: 'Turn off here' }));
    expect(onChoice).toHaveBeenCalledWith('off');
  });

  it.each([
    ['runs already', { services: [aService({ state: 'ready' })] }],
    ['cannot run here', { services: [aService({ state: 'unavailable' })] }],
    ['waits for a consent', { launch: aLaunch({ consent: aConsent() }) }]
  ])('does not offer to start what %s', (_, fields) => {
    showNotebook({ services: [aService()], ...fields });
    expect(screen.queryByRole('button', { name: 'Start now' })).toBeNull();
  });
});
