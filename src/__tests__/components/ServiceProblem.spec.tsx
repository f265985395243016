import { fireEvent, screen } from '@testing-library/react';

import { aProfile, aService } from '../fixtures';

import { button, FAILED, showServices } from './showServices';

describe('the problem of a service', () => {
  it('says of a failure what happened, why and what to do, with its log at hand', () => {
    const problem = {
      code: 'service_died',
      message: 'It ended with status 1.',
      remedy: 'Read its log.',
      command: 'coursia-genai logs comfyui'
    };
    showServices([aService({ state: 'failed', problem })]);
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('The service ended unexpectedly');
    expect(alert.textContent).toContain(problem.message);
    expect(alert.textContent).toContain(problem.remedy);
    expect(button('Copy the command')).toBeTruthy();
    expect(button('Show the log of ComfyUI')).toBeTruthy();
  });

  it('tells the troubles that its service file knows, as text', () => {
    const troubleshooting = 'The disk is full: <b>make room</b>.\nIt is slow: wait.';
    showServices([aService({ state: 'failed', problem: FAILED, troubleshooting })]);
    const known = screen.getByText(/^The disk is full: <b>make room<\/b>\./);
    expect(known.textContent).toBe(troubleshooting);
    expect(known.lang).toBe('en');
    expect(screen.getByText('Known troubles')).toBeTruthy();
  });

  it('says nothing of troubles that nobody knows', () => {
    showServices([aService({ state: 'failed', problem: FAILED })]);
    expect(screen.queryByText('Known troubles')).toBeNull();
  });

  it('keeps the reason of an unavailable service at hand, not in the way', () => {
    const problem = {
      code: 'runtime_unavailable',
      message: 'Docker does not answer.',
      remedy: 'Start it.',
      command: null
    };
    showServices([aService({ state: 'unavailable', can_start: false, problem })]);
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
    showServices([aService({ state: 'unavailable', problem })], aProfile());
    expect(screen.getByText('Docker does not answer.')).toBeTruthy();
  });
});

describe('a service that lacks its image or its models', () => {
  const UNBUILT = {
    code: 'image_missing',
    message: 'The image is not here.',
    remedy: 'Build it.',
    command: 'coursia-genai build comfyui'
  };

  it('offers to build a missing image to those who may', () => {
    const service = aService({
      state: 'unavailable',
      can_start: false,
      can_build: true,
      problem: UNBUILT
    });
    const { onBuild } = showServices([service], aProfile());
    fireEvent.click(button('Build image…'));
    expect(onBuild).toHaveBeenCalledWith('comfyui');
  });

  it('offers no build to a teacher, who has the words to pass on', () => {
    const service = aService({
      state: 'unavailable',
      can_build: true,
      problem: UNBUILT
    });
    showServices([service], aProfile(), true, false);
    expect(screen.queryByRole('button', { name: 'Build image…' })).toBeNull();
    expect(screen.getByText('coursia-genai build comfyui')).toBeTruthy();
  });

  it('shows how a build goes, and ends it', () => {
    const { onCancelBuild, onLogs } = showServices(
      [aService({ state: 'building', phase: 'step 3 of 12', percent: 25 })],
      aProfile()
    );
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
    fireEvent.click(button('Cancel the build of ComfyUI'));
    expect(onCancelBuild).toHaveBeenCalledWith('comfyui');
    fireEvent.click(button('Show the log of ComfyUI'));
    expect(onLogs).toHaveBeenCalledWith('comfyui');
  });

  it('leads from missing models to the models, where students only look', () => {
    const service = aService({
      state: 'unavailable',
      missing_models: ['qwen'],
      problem: { code: 'models_missing', message: 'm', remedy: 'r', command: null }
    });
    const { onShowModels } = showServices([service], aProfile());
    fireEvent.click(button('Fetch models…'));
    expect(onShowModels).toHaveBeenCalledWith('comfyui');
    showServices([service], aProfile(), false);
    expect(button('Show models')).toBeTruthy();
  });

  it('names the GPUs that a service runs on, by their ids where no reading is there', () => {
    showServices(
      [
        aService({
          state: 'ready',
          gpus: ['GPU-1', 'GPU-89abcdef-0123'],
          models: [{ id: 'qwen', title: 'Qwen', available: false, size_mib: null }],
          missing_models: ['qwen']
        })
      ],
      aProfile()
    );
    expect(screen.getByText('GPU 0, GPU 89abcdef…')).toBeTruthy();
    expect(screen.getByText('Qwen (missing)')).toBeTruthy();
  });
});
