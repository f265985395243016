import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { INotebookSectionProps } from '../../components/NotebookSection';
import { NotebookSection } from '../../components/NotebookSection';
import { aLaunch, aProfile, aService } from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');

function show(fields: Partial<INotebookSectionProps> = {}) {
  const onReveal = jest.fn();
  const onEnable = jest.fn();
  render(
    <NotebookSection
      notebook={{ name: 'image.ipynb', hasKernel: true }}
      profile={aProfile()}
      problem={null}
      launch={aLaunch()}
      services={[aService({ state: 'ready' })]}
      mode="auto"
      onReveal={onReveal}
      onEnable={onEnable}
      trans={trans}
      {...fields}
    />
  );
  return { onReveal, onEnable };
}

describe('the section of the notebook', () => {
  it('invites to open a notebook where there is none', () => {
    show({ notebook: null, profile: null });
    expect(screen.getByText(/Open a notebook/)).toBeTruthy();
  });

  it('says that it is reading until the needs are known', () => {
    show({ profile: null });
    expect(screen.getByRole('status', { name: 'Reading the notebook' })).toBeTruthy();
  });

  it('says why a notebook could not be examined, and what helps', () => {
    const problem = new ApiError('invalid_request', 'No JSON.', 'Save it again.', 400);
    show({ profile: null, problem });
    expect(screen.getByText('No JSON.')).toBeTruthy();
    expect(screen.getByText('Save it again.')).toBeTruthy();
  });

  it('offers nothing to a classic notebook', () => {
    show({
      profile: aProfile({ type: 'CLASSIC', services: [], evidence: [] }),
      launch: undefined
    });
    expect(screen.getByText('This notebook needs no image service.')).toBeTruthy();
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('names the services with their state, and who stands in', () => {
    show({
      services: [
        aService({ state: 'starting', stand_in: 'demo' }),
        aService({ name: 'demo', title: 'Demo engine' })
      ]
    });
    const needs = screen.getByRole('list', { name: 'Services that it needs' });
    expect(within(needs).getByText('ComfyUI')).toBeTruthy();
    expect(within(needs).getByText('Starting · Demo engine')).toBeTruthy();
  });

  it('names a service that the catalogue does not know', () => {
    show({ profile: aProfile({ services: ['elsewhere'] }) });
    expect(screen.getByText('elsewhere')).toBeTruthy();
    expect(screen.getByText('Not in the catalogue')).toBeTruthy();
  });

  it('leads from a piece of evidence to its line', () => {
    const { onReveal } = show();
    fireEvent.click(screen.getByRole('button', { name: /Cell 3, line 4/ }));
    expect(onReveal).toHaveBeenCalledWith(
      expect.objectContaining({ cell: 2, line: 4 })
    );
  });

  it('shows one line once, with all rules that point at it', () => {
    const [first] = aProfile().evidence;
    show({
      profile: aProfile({ evidence: [first, { ...first, rule: 'node:KSampler' }] })
    });
    const line = screen.getByRole('button', { name: /Cell 3, line 4/ });
    expect(line.title).toContain('route:/prompt, node:KSampler');
  });

  it('shows a few places first and all on demand', () => {
    const [first] = aProfile().evidence;
    const evidence = Array.from({ length: 9 }, (_, cell) => ({ ...first, cell }));
    show({ profile: aProfile({ evidence }) });
    expect(screen.getAllByRole('button', { name: /Cell/ })).toHaveLength(5);
    fireEvent.click(screen.getByRole('button', { name: 'Show 4 more places' }));
    expect(screen.getAllByRole('button', { name: /Cell/ })).toHaveLength(9);
  });

  it('lists what the kernel was given, and why a variable was left alone', () => {
    show({ launch: aLaunch({ skipped: { OPENAI_API_KEY: 'Set by yourself.' } }) });
    expect(screen.getByText('COMFYUI_API_URL')).toBeTruthy();
    expect(screen.getByText('Set by yourself.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Enable GenAI/ })).toBeNull();
  });

  it('offers to tell a kernel that started without', () => {
    const { onEnable } = show({ launch: undefined });
    fireEvent.click(screen.getByRole('button', { name: /Enable GenAI/ }));
    expect(onEnable).toHaveBeenCalledTimes(1);
  });

  it('offers the same where the notebook needs more than the kernel was told', () => {
    show({ profile: aProfile({ services: ['comfyui', 'openai'] }) });
    expect(screen.getByText(/needs more than its kernel was told/)).toBeTruthy();
    expect(screen.getByRole('button', { name: /Enable GenAI/ })).toBeTruthy();
  });

  it.each([
    ['without a kernel', { notebook: { name: 'a', hasKernel: false } }, /No kernel/],
    ['in mode off', { mode: 'off' as const }, /The mode is off/],
    [
      'where it names a hosted server',
      { profile: aProfile({ remote: true }) },
      /hosted/
    ]
  ])('offers nothing %s, and says why', (_, fields, why) => {
    show({ launch: undefined, ...fields });
    expect(screen.getByText(why)).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Enable GenAI/ })).toBeNull();
  });

  it('says why nothing was injected, and what makes the images instead', () => {
    show({
      launch: aLaunch({
        reason: 'The port is taken.',
        fallback_reason: 'local_unavailable'
      })
    });
    expect(screen.getByText('The port is taken.')).toBeTruthy();
    expect(screen.getByText(/demo engine draws/)).toBeTruthy();
  });

  it('points at addresses that no variable can reach', () => {
    const [first] = aProfile().evidence;
    show({
      profile: aProfile({ literal_addresses: [{ ...first, cell: 6, line: 0 }] })
    });
    expect(screen.getByText('Addresses that no variable can reach')).toBeTruthy();
    expect(screen.getByRole('button', { name: /Cell 7/ })).toBeTruthy();
  });

  it('shows code from a notebook as text', () => {
    const [first] = aProfile().evidence;
    const excerpt = '<img src=x onerror=alert(1)>';
    show({ profile: aProfile({ evidence: [{ ...first, excerpt }] }) });
    expect(screen.getByText(excerpt)).toBeTruthy();
    expect(document.querySelector('img')).toBeNull();
  });
});
