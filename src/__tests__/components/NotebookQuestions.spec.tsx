import { cleanup, fireEvent, screen, within } from '@testing-library/react';

import { aConsent, aLaunch, aQuestion } from '../fixtures';

import { showNotebook } from './showNotebook';

describe('what a notebook asks a person', () => {
  it('asks before what only the metadata names is started', () => {
    const launch = aLaunch({ consent: aConsent() });
    const { onConsent } = showNotebook({ launch });
    expect(screen.getByText('It asks for ComfyUI')).toBeTruthy();
    expect(screen.getByText(/metadata asks for ComfyUI, which its code/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Start it' }));
    fireEvent.click(screen.getByRole('button', { name: 'Not now' }));
    expect(onConsent.mock.calls).toEqual([[true], [false]]);
  });

  it('offers it quietly once it was declined, and not at all once it was given', () => {
    showNotebook({ launch: aLaunch({ consent: aConsent() }), consent: 'declined' });
    expect(screen.getByText('Not started: ComfyUI.')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Start it' })).toBeTruthy();
    cleanup();
    showNotebook({ launch: aLaunch({ consent: aConsent({ given: true }) }) });
    expect(screen.queryByRole('button', { name: 'Start it' })).toBeNull();
  });

  it('lets nobody answer twice', () => {
    showNotebook({ launch: aLaunch({ consent: aConsent() }), consent: 'busy' });
    const start = screen.getByRole('button', {
      name: 'Starting…'
    }) as HTMLButtonElement;
    expect(start.disabled).toBe(true);
  });

  it('offers the cloud with reason, price and where prompts go', () => {
    const { onUseCloud } = showNotebook({ launch: aLaunch({ cloud: aQuestion() }) });
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
    showNotebook({ launch: aLaunch({ no_cloud: problem }) });
    expect(screen.getByText('No cloud can stand in for this notebook')).toBeTruthy();
    expect(screen.getByText('generate(…)').tagName).toBe('CODE');
    expect(screen.queryByRole('button', { name: 'Use the cloud' })).toBeNull();
  });

  it('says of a cloud that draws already what it costs, and asks no more', () => {
    showNotebook({
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
});
