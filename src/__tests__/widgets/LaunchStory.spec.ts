import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';

import type { IDisposable } from '@lumino/disposable';

import type { ServiceView, StatusView } from '../../_wire';
import { LabModel } from '../../model/lab';
import { Preferences } from '../../model/preferences';
import { LaunchStory } from '../../widgets/LaunchStory';
import { aConsent, aLaunch, aQuestion, aService, aSnapshot } from '../fixtures';

const { manager } = Notification;

/** A page with one open notebook, whose kernel is `kernel 1`. */
function setUp() {
  let answer: StatusView = aSnapshot();
  let revision = 10;
  const lab = new LabModel({ fetch: async () => answer });
  const preferences = new Preferences();
  const openPanel = jest.fn();
  const useCloud = jest.fn();
  const story = new LaunchStory({
    genai: { lab, preferences },
    kernels: () => new Set(['kernel 1']),
    openPanel,
    useCloud,
    trans: nullTranslator.load('coursia_genai_lab')
  });
  lab.changed.connect(story.tell, story);
  ended.push(story, preferences, lab);
  const become = async (service: Partial<ServiceView>, launch = aLaunch()) => {
    revision += 1;
    answer = aSnapshot({ revision, services: [aService(service)], launches: [launch] });
    await lab.refresh();
  };
  return { become, openPanel, useCloud };
}

const ended: IDisposable[] = [];

afterEach(() => {
  ended.splice(0).forEach(part => part.dispose());
  manager.dismiss();
});

describe('the story of a launch', () => {
  it('tells nothing while the service is ready already', async () => {
    const { become } = setUp();
    await become({ state: 'ready' });
    expect(manager.count).toBe(0);
  });

  it('tells one silent story with progress, and its happy end', async () => {
    const { become } = setUp();
    await become({ state: 'starting', phase: 'loading', percent: 10 });
    await become({ state: 'starting', phase: 'loading', percent: 60 });
    expect(manager.count).toBe(1);
    const [told] = manager.notifications;
    expect(told.type).toBe('in-progress');
    expect(told.message).toBe('ComfyUI: loading · 60 %');
    expect(told.options.progress).toBe(0.6);
    expect(told.options.autoClose).toBe(0);
    await become({ state: 'ready' });
    expect(manager.notifications.map(({ message, type }) => [type, message])).toEqual([
      ['success', 'ComfyUI is ready.']
    ]);
  });

  it('offers the cloud that could draw meanwhile, until it does', async () => {
    const { become, useCloud } = setUp();
    await become({ state: 'starting' }, aLaunch({ cloud: aQuestion() }));
    const labels = () =>
      manager.notifications[0].options.actions?.map(({ label }) => label);
    expect(labels()).toEqual(['Use the cloud', 'Details']);
    manager.notifications[0].options.actions?.[0].callback(new MouseEvent('click'));
    expect(useCloud).toHaveBeenCalledWith('kernel 1');
    await become({ state: 'starting' }, aLaunch({ cloud: aQuestion({ given: true }) }));
    expect(labels()).toEqual(['Details']);
  });

  it('ends in a sentence that helps, and shows it', async () => {
    const { become, openPanel } = setUp();
    await become({ state: 'starting' });
    const problem = {
      code: 'service_died',
      message: 'Status 1.',
      remedy: 'Read its log.',
      command: null
    };
    await become({ state: 'failed', problem });
    const [told] = manager.notifications;
    expect(manager.count).toBe(1);
    expect(told.type).toBe('error');
    expect(told.message).toContain('The service ended unexpectedly. Read its log.');
    expect(told.options.autoClose).toBeGreaterThan(0);
    told.options.actions?.[0].callback(new MouseEvent('click'));
    expect(openPanel).toHaveBeenCalledTimes(1);
  });

  it('says once what cannot even begin to start', async () => {
    const { become } = setUp();
    const problem = {
      code: 'runtime_unavailable',
      message: 'No Docker.',
      remedy: 'Install it.',
      command: null
    };
    await become({ state: 'unavailable', problem });
    await become({ state: 'unavailable', problem });
    expect(manager.notifications.map(({ type }) => type)).toEqual(['error']);
  });

  it('tells nothing of what waits for a consent', async () => {
    const { become } = setUp();
    const problem = { code: 'docker_absent', message: '', remedy: '', command: null };
    await become({ state: 'unavailable', problem }, aLaunch({ consent: aConsent() }));
    expect(manager.count).toBe(0);
    await become({ state: 'unavailable', problem });
    expect(manager.count).toBe(1);
  });

  it('tells nothing of services that other kernels wait for', async () => {
    const { become } = setUp();
    await become({ state: 'starting' }, aLaunch({ kernel_id: 'elsewhere' }));
    expect(manager.count).toBe(0);
  });

  it('stays away once somebody dismissed it', async () => {
    const { become } = setUp();
    await become({ state: 'starting', percent: 10 });
    manager.dismiss();
    await become({ state: 'starting', percent: 50 });
    await become({ state: 'ready' });
    expect(manager.count).toBe(0);
  });

  it('drops the story of a service that somebody stopped', async () => {
    const { become } = setUp();
    await become({ state: 'starting' });
    await become({ state: 'stopped' });
    expect(manager.count).toBe(0);
  });
});
