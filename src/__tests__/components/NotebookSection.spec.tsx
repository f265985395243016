import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { INotebookSectionProps } from '../../components/NotebookSection';
import { NotebookSection } from '../../components/NotebookSection';
import { NO_WORD } from '../../model/word';
import {
  aConsent,
  aLaunch,
  aLayer,
  aNotebookView,
  aProfile,
  aQuestion,
  aService,
  aSnapshot
} from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');

function show(fields: Partial<INotebookSectionProps> = {}) {
  const actions = {
    onReveal: jest.fn(),
    onEnable: jest.fn(),
    onConsent: jest.fn(),
    onStartNeeds: jest.fn(),
    onUseCloud: jest.fn(),
    onChoice: jest.fn(),
    onToggleService: jest.fn(),
    onNotebookMode: jest.fn(),
    onFallback: jest.fn(),
    onUndo: jest.fn(),
    onEdit: jest.fn()
  };
  render(
    <NotebookSection
      {...aNotebookView()}
      services={[aService({ state: 'ready' })]}
      mode={aSnapshot().mode}
      trans={trans}
      {...actions}
      {...fields}
    />
  );
  return actions;
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
    // Nothing but the teacher's word, folded.
    const [only, ...others] = screen.getAllByRole('button');
    expect(only.textContent).toContain('Set needs');
    expect(only.getAttribute('aria-expanded')).toBe('false');
    expect(others).toEqual([]);
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

  it('does not deny the evidence of the code where the metadata decides', () => {
    show({ profile: aProfile({ declared: true }) });
    expect(
      screen.getByText('The notebook’s metadata decides, whatever its code shows.')
    ).toBeTruthy();
    expect(screen.getAllByRole('button', { name: /^Cell \d/ }).length).toBeGreaterThan(
      0
    );
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
    expect(line.title).toContain('Calls the route /prompt');
    expect(line.title).toContain('Holds the ComfyUI node KSampler');
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

  it('says in words why a line counts as it does, and where a file nearby decides', () => {
    const [first] = aProfile().evidence;
    show({
      profile: aProfile({
        evidence: [
          { ...first, rule: 'switch:off' },
          {
            ...first,
            cell: -1,
            line: 0,
            rule: 'remote:.env',
            excerpt: 'COMFYUI_API_URL'
          },
          { ...first, cell: -1, line: 0, rule: 'metadata', excerpt: 'metadata.genai' }
        ]
      })
    });
    expect(screen.getByText('Stands behind a switch that is off')).toBeTruthy();
    expect(screen.getByText('The nearest .env file')).toBeTruthy();
    expect(screen.getByText('Names a hosted server for the notebook')).toBeTruthy();
    expect(screen.getByText('Notebook metadata')).toBeTruthy();
  });

  it('says that its metadata turns it off, and what a running kernel keeps', () => {
    const off = { ...NO_WORD, choice: 'off' as const };
    const teacher = { word: off, lock: null, canUndo: false, open: false };
    const profile = aProfile({ type: 'CLASSIC', services: [], evidence: [] });
    show({ profile, teacher });
    expect(screen.getByText(/metadata turns GenAI off/)).toBeTruthy();
    expect(screen.getByText(/keeps what it was given/)).toBeTruthy();
    expect(screen.queryByText('This notebook needs no image service.')).toBeNull();
    cleanup();
    show({ profile, teacher, launch: undefined });
    expect(screen.queryByText(/keeps what it was given/)).toBeNull();
  });

  it('tells optional, hosted and widened services apart', () => {
    show({
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
    show({
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

  it('shows where a notebook turns, and leads there', () => {
    const { onReveal } = show({
      profile: aProfile({
        sections: [
          { kind: 'classic', first_cell: 0, last_cell: 3, services: [] },
          { kind: 'genai', first_cell: 4, last_cell: 4, services: ['comfyui'] }
        ]
      })
    });
    const turns = screen.getByRole('list', { name: 'Where it turns' });
    expect(
      within(turns).getByRole('button', { name: 'Cells 1 to 4 Classic' })
    ).toBeTruthy();
    fireEvent.click(within(turns).getByRole('button', { name: 'Cell 5 ComfyUI' }));
    expect(onReveal).toHaveBeenCalledWith({ cell: 4, line: 1 });
  });

  it('shows no turns where there are none, and the first of many', () => {
    const section = { kind: 'genai' as const, services: ['comfyui'] };
    const sections = Array.from({ length: 20 }, (_, index) => ({
      ...section,
      first_cell: index,
      last_cell: index
    }));
    show({ profile: aProfile({ sections: sections.slice(0, 1) }) });
    expect(screen.queryByRole('list', { name: 'Where it turns' })).toBeNull();
    show({ profile: aProfile({ sections }) });
    const turns = screen.getByRole('list', { name: 'Where it turns' });
    expect(within(turns).getAllByRole('button')).toHaveLength(8);
    fireEvent.click(screen.getByRole('button', { name: 'Show 12 more parts' }));
    expect(within(turns).getAllByRole('button')).toHaveLength(20);
  });

  it('asks before what only the metadata names is started', () => {
    const launch = aLaunch({ consent: aConsent() });
    const { onConsent } = show({ launch });
    expect(screen.getByText('It asks for ComfyUI')).toBeTruthy();
    expect(screen.getByText(/metadata asks for ComfyUI, which its code/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Start it' }));
    fireEvent.click(screen.getByRole('button', { name: 'Not now' }));
    expect(onConsent.mock.calls).toEqual([[true], [false]]);
  });

  it('offers it quietly once it was declined, and not at all once it was given', () => {
    show({ launch: aLaunch({ consent: aConsent() }), consent: 'declined' });
    expect(screen.getByText('Not started: ComfyUI.')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Start it' })).toBeTruthy();
    cleanup();
    show({ launch: aLaunch({ consent: aConsent({ given: true }) }) });
    expect(screen.queryByRole('button', { name: 'Start it' })).toBeNull();
  });

  it('lets nobody answer twice', () => {
    show({ launch: aLaunch({ consent: aConsent() }), consent: 'busy' });
    const start = screen.getByRole('button', {
      name: 'Starting…'
    }) as HTMLButtonElement;
    expect(start.disabled).toBe(true);
  });

  it('says which mode is in force and who set it', () => {
    const mode = { ...aSnapshot().mode, effective: 'demo' as const };
    const person = aLayer({ layer: 'person', value: 'demo', editable: true });
    const operator = aLayer({ value: 'auto' });
    show({ mode: { ...mode, layers: [operator, person] } });
    expect(screen.getByText(/Mode: Demo; you chose it\./)).toBeTruthy();
  });

  it('starts what it needs, and turns GenAI off for it, at a click', () => {
    const { onChoice, onStartNeeds } = show({ services: [aService()] });
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
    show({ services: [aService()], ...fields });
    expect(screen.queryByRole('button', { name: 'Start now' })).toBeNull();
  });

  it('offers the cloud with reason, price and where prompts go', () => {
    const { onUseCloud } = show({ launch: aLaunch({ cloud: aQuestion() }) });
    const offer = within(
      screen.getByRole('region', { name: 'OpenRouter could draw meanwhile, for money' })
    );
    expect(offer.getByText('at most $0.05 a picture')).toBeTruthy();
    expect(offer.getByText(/The service ended while it worked/)).toBeTruthy();
    expect(offer.getByText(/in the United States/)).toBeTruthy();
    expect(
      offer.getByText('every model of OpenRouter, until you withdraw it')
    ).toBeTruthy();
    expect(offer.getByRole('link').getAttribute('href')).toBe(
      'https://openrouter.example/privacy'
    );
    fireEvent.click(offer.getByRole('button', { name: 'Use the cloud' }));
    expect(onUseCloud).toHaveBeenCalledTimes(1);
  });

  it('says why no cloud stands in where a notebook speaks to the engine itself', () => {
    const problem = {
      code: 'raw_calls',
      message: 'This notebook speaks to ComfyUI itself.',
      remedy: 'Draw with `generate(…)`.',
      command: null
    };
    show({ launch: aLaunch({ no_cloud: problem }) });
    expect(screen.getByText('No cloud can stand in for this notebook')).toBeTruthy();
    expect(screen.getByText('Draw with `generate(…)`.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Use the cloud' })).toBeNull();
  });

  it('says of a cloud that draws already what it costs, and asks no more', () => {
    show({
      launch: aLaunch({
        cloud: aQuestion({ given: true }),
        genai_mode: 'cloud',
        fallback_reason: 'local_queue_long'
      })
    });
    expect(screen.queryByRole('button', { name: 'Use the cloud' })).toBeNull();
    expect(
      screen.getByText(/OpenRouter draws while ComfyUI is not to be had/)
    ).toBeTruthy();
    expect(
      screen.getByText('A cloud draws for it: The line for the service is too long.')
    ).toBeTruthy();
  });

  it('gives the line that replaces a fixed address', () => {
    const [first] = aProfile().evidence;
    const literal = {
      ...first,
      rule: 'literal',
      excerpt: 'SERVER = "http://127.0.0.1:8188/prompt"'
    };
    const fields = {
      services: [aService({ door_variable: 'COMFYUI_API_URL' })],
      profile: aProfile({ literal_addresses: [literal] })
    };
    const line = 'SERVER = os.environ["COMFYUI_API_URL"] + "/prompt"';
    show(fields);
    expect(screen.getByText(line)).toBeTruthy();
    cleanup();
    show({ ...fields, notebook: { name: 'a', language: 'csharp', hasKernel: true } });
    expect(screen.queryByText(line)).toBeNull();
  });
});
