import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { IDashboardViewProps } from '../../components/DashboardView';
import { DashboardView } from '../../components/DashboardView';
import {
  aHealth,
  aJob,
  anEntry,
  aReading,
  aService,
  aServiceHealth,
  aSnapshot
} from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');

function show(fields: Partial<IDashboardViewProps> = {}) {
  const actions = {
    onRefresh: jest.fn(),
    onRefreshGPUs: jest.fn(),
    onRefreshJobs: jest.fn(),
    onCancelJob: jest.fn()
  };
  render(
    <DashboardView
      connection="ready"
      snapshot={aSnapshot()}
      outage={null}
      health={aHealth()}
      problem={null}
      gpus={{ reading: aReading(), problem: null }}
      jobs={{ list: { jobs: [] }, problem: null }}
      actions={actions}
      trans={trans}
      {...fields}
    />
  );
  return actions;
}

const card = (name: string) => within(screen.getByRole('region', { name }));

describe('the dashboard', () => {
  it('shows grey lines until the first answer, and services at once', () => {
    show({ health: null });
    expect(screen.getByRole('status', { name: 'Loading the overview' })).toBeTruthy();
    expect(card('Services').getByRole('table')).toBeTruthy();
    expect(screen.queryByRole('region', { name: 'Failures' })).toBeNull();
  });

  it('says that all is well where nothing has happened', () => {
    show();
    expect(screen.getByText('All is well').closest('[role="status"]')).toBeTruthy();
    expect(card('Queue').getByText(/^Nothing waits\./)).toBeTruthy();
    expect(card('Failures').getByText('No service has failed.')).toBeTruthy();
    expect(card('Kernel starts').getByText(/^No kernel has been started/)).toBeTruthy();
  });

  it('says in words what is wrong, and what to do about it', () => {
    show({
      health: aHealth({
        overall_status: 'degraded',
        reasons: [
          {
            code: 'disk_full',
            message: 'Full.',
            remedy: 'Make room.',
            service: 'comfyui'
          },
          { code: 'launches_missed', message: 'Two.', remedy: 'Look.', service: null }
        ]
      })
    });
    expect(screen.getByText('Something needs attention')).toBeTruthy();
    expect(screen.getByText('ComfyUI: The disk is full')).toBeTruthy();
    expect(screen.getByText('Make room.')).toBeTruthy();
    expect(screen.getByText('Kernels began without GenAI')).toBeTruthy();
  });

  it('tells when each service answered, with words beside the bar', () => {
    show({
      snapshot: aSnapshot({
        services: [
          aService({ name: 'flux', title: 'FLUX.1', state: 'ready' }),
          aService({ name: 'sd35', title: 'SD', state: 'ready', stand_in: 'flux' }),
          aService({ name: 'openai', title: 'OpenAI', kind: 'cloud' })
        ]
      }),
      health: aHealth({
        services: {
          flux: aServiceHealth({
            up_seconds: 43_200,
            up: [{ began: 1_700_043_200, ended: 1_700_086_400 }]
          }),
          sd35: aServiceHealth(),
          openai: aServiceHealth()
        }
      })
    });
    const rows = card('Services').getAllByRole('row').slice(1);
    expect(rows[0].textContent).toContain('Ready');
    expect(
      within(rows[0]).getByRole('img', { name: 'FLUX.1: Up 12 hours, 50 %' })
    ).toBeTruthy();
    expect(rows[1].textContent).toContain('FLUX.1 stands in');
    expect(rows[1].textContent).toContain('Not up');
    expect(rows[2].textContent).toContain('Not run here');
  });

  it('counts pictures, jobs and kernel starts', () => {
    const { metrics } = aHealth();
    show({
      health: aHealth({
        metrics: {
          ...metrics,
          pictures: 214,
          engine_seconds: 3720,
          waiting: 4,
          classic_executions: 37,
          fallback_executions: 6
        }
      })
    });
    const numbers = card('In numbers');
    expect(numbers.getByText('214').parentElement?.textContent).toContain(
      'Pictures made'
    );
    expect(numbers.getByText('62 minutes')).toBeTruthy();
    expect(numbers.getByText('4').parentElement?.textContent).toContain('Waiting now');
    const starts = card('Kernel starts').getAllByRole('listitem');
    expect(starts.map(item => item.textContent)).toEqual([
      'Without images37',
      'One image service0',
      'Several image services0',
      'Of these, with a stand-in6'
    ]);
  });

  it('tells students whose numbers they see, and nobody else', () => {
    show();
    expect(screen.queryByText(/numbers are your own/)).toBeNull();
    const { metrics } = aHealth();
    show({ health: aHealth({ metrics: { ...metrics, own: true } }) });
    expect(screen.getByText(/numbers are your own/)).toBeTruthy();
  });

  it('lists the last failures, and how many more there were', () => {
    const { metrics } = aHealth();
    show({
      health: aHealth({
        metrics: { ...metrics, errors: 3 },
        failures: [anEntry({ event: 'failed', code: 'disk_full', by: 'ada' })]
      })
    });
    const failures = card('Failures');
    expect(failures.getByText('Failed: The disk is full · by you')).toBeTruthy();
    expect(failures.getByText('and 2 more')).toBeTruthy();
  });

  it('says which promises are not kept', () => {
    show({
      health: aHealth({
        overall_status: 'unhealthy',
        integration: {
          zero_regression_maintained: false,
          genai_available: false,
          fallback_functional: false,
          launches_missed: 2
        }
      })
    });
    const checks = card('Integration').getAllByRole('listitem');
    expect(checks.map(item => item.textContent)).toEqual([
      '2 kernels were held up by GenAI, and began without it',
      'No image can be made',
      'The demo engine cannot stand in'
    ]);
  });

  it('keeps what it knew when the server goes, and tells one outage once', () => {
    const gone = new ApiError('unreachable', 'Failed to fetch', '', 0);
    const actions = show({
      connection: 'unreachable',
      outage: gone,
      problem: gone,
      gpus: { reading: aReading(), problem: gone },
      jobs: { list: { jobs: [aJob()] }, problem: gone }
    });
    expect(screen.getByText('The server does not answer')).toBeTruthy();
    expect(screen.getAllByRole('button', { name: 'Try again' })).toHaveLength(1);
    expect(card('Queue').getByRole('list')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(actions.onRefresh).toHaveBeenCalledTimes(1);
  });

  it('says why the overview is missing while everything else is shown', () => {
    const problem = new ApiError('store_silent', 'It is silent.', 'Wait.', 503);
    const actions = show({ health: null, problem });
    expect(screen.getByText('The overview could not be loaded')).toBeTruthy();
    expect(card('GPUs')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(actions.onRefresh).toHaveBeenCalledTimes(1);
  });

  it('shows nothing but the reason where GenAI is off', () => {
    show({ connection: 'absent', snapshot: null, health: null });
    expect(screen.getByText('GenAI is off on this server')).toBeTruthy();
    expect(screen.queryByRole('region')).toBeNull();
  });
});
