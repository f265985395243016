import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import type { WeightsView } from '../../_wire';
import { ApiError } from '../../api/request';
import type { IModelsSectionProps } from '../../components/ModelsSection';
import { ModelsSection } from '../../components/ModelsSection';
import { modelPhase } from '../../components/modelWords';
import { aFile, aList, aModel } from '../fixtures';
import { modelPhases } from '../server';

const trans = nullTranslator.load('coursia_genai_lab');

function show(fields: Partial<IModelsSectionProps> = {}) {
  const actions = {
    onFetchModel: jest.fn(),
    onCancelFetch: jest.fn(),
    onVerifyModel: jest.fn(),
    onModelsService: jest.fn(),
    onRefreshModels: jest.fn()
  };
  render(
    <ModelsSection
      list={aList()}
      loading={false}
      problem={null}
      service={null}
      mayFetch
      titleOf={name => (name === 'forge-turbo' ? 'Forge' : name)}
      trans={trans}
      {...actions}
      {...fields}
    />
  );
  return actions;
}

const showModel = (fields: Partial<WeightsView>, mayFetch = true) =>
  show({ list: aList({ models: [aModel(fields)] }), mayFetch });
const button = (name: string | RegExp) => screen.getByRole('button', { name });

describe('the models', () => {
  it('show grey lines until the first answer', () => {
    show({ list: null, loading: true });
    expect(screen.getByRole('status', { name: 'Looking for the models' })).toBeTruthy();
  });

  it('say why they could not be listed, and try again', () => {
    const problem = new ApiError('unreachable', 'TypeError', '', 0);
    const { onRefreshModels } = show({ list: null, problem });
    // What the browser says of it helps nobody.
    expect(screen.getByText('The server does not answer')).toBeTruthy();
    expect(screen.queryByText('TypeError')).toBeNull();
    fireEvent.click(button('Try again'));
    expect(onRefreshModels).toHaveBeenCalledTimes(1);
    expect(screen.queryByRole('status')).toBeNull();
  });

  it('say what is missing, how big, and fetch it', () => {
    const { onFetchModel } = show();
    expect(button(/^SDXL Turbo/).textContent).toContain('Missing · 6.9 GB to fetch');
    fireEvent.click(button('Fetch SDXL Turbo'));
    expect(onFetchModel).toHaveBeenCalledWith('sdxl-turbo');
    expect(screen.getByText('120.0 GB free')).toBeTruthy();
  });

  it('say for what, from where, under which licence, in which files', () => {
    show();
    fireEvent.click(button(/^SDXL Turbo/));
    const link = screen.getByRole('link', { name: 'SAI NC' });
    expect(link.getAttribute('href')).toBe('https://example.org/licence');
    expect(link.getAttribute('rel')).toContain('noopener');
    expect(screen.getByText('huggingface.co stabilityai/sdxl-turbo')).toBeTruthy();
    expect(screen.getByText('checkpoints/turbo.safetensors')).toBeTruthy();
    expect(screen.getAllByText('Forge').length).toBeGreaterThan(0);
  });

  it('make no link of an address that is none of the web', () => {
    showModel({ licence_url: 'javascript:alert(1)' });
    fireEvent.click(button(/^SDXL Turbo/));
    expect(screen.queryByRole('link')).toBeNull();
    expect(screen.getByText('SAI NC')).toBeTruthy();
  });

  it('follow a fetch with bytes, speed and what is left, and end it', () => {
    const { onCancelFetch } = showModel({
      state: 'fetching',
      phase: 'fetching',
      percent: 40.7,
      bytes_per_second: 52e6,
      estimate_seconds: 80,
      files: [aFile({ state: 'fetching', done_bytes: 2.8e9 })]
    });
    expect(
      screen.getByText(
        'On its way · 2.8 of 6.9 GB · 40 % · 52 MB/s · about 1 minute left'
      )
    ).toBeTruthy();
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('41');
    fireEvent.click(button('Cancel the fetch of SDXL Turbo'));
    expect(onCancelFetch).toHaveBeenCalledWith('sdxl-turbo');
    expect(screen.queryByRole('button', { name: 'Fetch SDXL Turbo' })).toBeNull();
  });

  it.each<[Partial<WeightsView>, string]>([
    [{ must_accept: true }, 'Fetch…'],
    [{ state: 'partial' }, 'Resume'],
    [{ state: 'wrong' }, 'Fetch again']
  ])('offer of %j: %s', (fields, label) => {
    showModel(fields);
    expect(button('Fetch SDXL Turbo').textContent).toBe(label);
  });

  it('offer nothing that the server would refuse', () => {
    showModel({ can_fetch: false });
    expect(screen.queryByRole('button', { name: 'Fetch SDXL Turbo' })).toBeNull();
  });

  it('are only to be read by students', () => {
    showModel({ state: 'wrong' }, false);
    expect(screen.queryByRole('button', { name: /Fetch|Check/ })).toBeNull();
    expect(button(/^SDXL Turbo/).textContent).toContain('Damaged');
  });

  it('keep those that are here behind one line, and check them', () => {
    const { onVerifyModel } = showModel({ state: 'present', missing_bytes: 0 });
    fireEvent.click(button('Show 1 model that is here'));
    expect(button(/^SDXL Turbo/).textContent).toContain('Here · 6.9 GB');
    fireEvent.click(button('Check the files of SDXL Turbo'));
    expect(onVerifyModel).toHaveBeenCalledWith('sdxl-turbo');
  });

  it('show what went wrong with its remedy and command', () => {
    showModel({
      state: 'wrong',
      problem: {
        code: 'model_hash_wrong',
        message: 'turbo.safetensors is another file.',
        remedy: 'Fetch it again.',
        command: 'coursia-genai models fetch sdxl-turbo'
      }
    });
    expect(screen.getByRole('alert').textContent).toContain(
      'A model file is not the published one'
    );
    expect(screen.getByText('coursia-genai models fetch sdxl-turbo')).toBeTruthy();
  });

  it('say which file wants which token for a gated one', () => {
    showModel({ gated: true, token_missing: true, can_fetch: false });
    expect(screen.getByText('Its source wants a token')).toBeTruthy();
    expect(screen.getByText(/HF_TOKEN=….*\.env\.genai-extension/)).toBeTruthy();
  });

  it('say what to set where there is no folder for them', () => {
    show({
      list: aList({
        roots: [],
        problem: {
          code: 'model_root_missing',
          message: 'No folder is set.',
          remedy: 'Set GenAILab.model_roots.',
          command: null
        }
      })
    });
    expect(screen.getByText('Set GenAILab.model_roots.')).toBeTruthy();
  });

  it('say why a folder cannot be used', () => {
    const root = {
      path: '/srv/old',
      free_bytes: null,
      writable: false,
      problem: {
        code: 'model_root_readonly',
        message: 'It cannot be written.',
        remedy: 'Change its owner.',
        command: null
      }
    };
    show({ list: aList({ roots: [root] }) });
    expect(screen.getByText('read only')).toBeTruthy();
    expect(screen.getByText('Change its owner.')).toBeTruthy();
  });

  it('say so where there are none, of any service or of one', () => {
    show({ list: aList({ models: [] }) });
    expect(
      screen.getByText('No service of the catalogue has model files.')
    ).toBeTruthy();
    show({ service: 'demo' });
    expect(screen.getByText('This service needs no model files.')).toBeTruthy();
  });

  it('ask for those of one service', () => {
    const { onModelsService } = show();
    const filter = screen.getByRole('combobox', {
      name: 'Services whose models to show'
    });
    fireEvent.change(filter, { target: { value: 'forge-turbo' } });
    expect(onModelsService).toHaveBeenCalledWith('forge-turbo');
  });

  it('have words for every phase that the server reports', () => {
    const phases = modelPhases();
    expect(phases).toContain('putting it in place');
    const unknown = phases.filter(
      phase => modelPhase(aModel({ phase }), trans) === phase
    );
    expect(unknown).toEqual([]);
  });

  it('end a check', () => {
    const { onCancelFetch } = showModel({
      state: 'present',
      phase: 'checking',
      percent: 5
    });
    expect(screen.getByText('Checking · 5 %')).toBeTruthy();
    fireEvent.click(button('Cancel the check of SDXL Turbo'));
    expect(onCancelFetch).toHaveBeenCalledWith('sdxl-turbo');
  });

  it('say who accepted a licence', () => {
    showModel({ accepted_by: 'bo', accepted_at: 1_700_000_000 });
    fireEvent.click(button(/^SDXL Turbo/));
    expect(screen.getByText('Accepted by bo').getAttribute('title')).toContain('2023');
  });
});
