import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { IJobsSectionProps } from '../../components/JobsSection';
import { JobsSection, jobsWords } from '../../components/JobsSection';
import { jobsInterval } from '../../model/jobs';
import { aJob } from '../fixtures';

const trans = nullTranslator.load('coursia_genai_lab');

function shown(): IJobsSectionProps {
  return {
    list: { jobs: [aJob()] },
    problem: null,
    titleOf: name => (name === 'flux' ? 'FLUX.1' : name),
    mayEndAll: false,
    onCancelJob: jest.fn(),
    onRefreshJobs: jest.fn(),
    trans
  };
}

function show(fields: Partial<IJobsSectionProps> = {}) {
  const onCancelJob = jest.fn();
  render(<JobsSection {...shown()} onCancelJob={onCancelJob} {...fields} />);
  return onCancelJob;
}

describe('the queue', () => {
  it('shows grey lines first, then that nothing waits', () => {
    show({ list: null });
    expect(screen.getByRole('status', { name: 'Loading the queue' })).toBeTruthy();
    show({ list: { jobs: [] } });
    expect(screen.getByText(/^Nothing waits\./)).toBeTruthy();
  });

  it('tells place, estimate and model, service by service', () => {
    show({
      list: {
        jobs: [
          aJob({ id: '2', position: 3, seconds: 40 }),
          aJob({ id: '1', state: 'working', position: 0, seconds: 0 }),
          aJob({ id: '3', service: 'demo', position: 1, seconds: null })
        ]
      }
    });
    const rows = within(
      screen.getByRole('list', { name: 'Queue of FLUX.1' })
    ).getAllByRole('listitem');
    expect(rows.map(row => row.textContent)).toEqual([
      'first.ipynb · flux-1-devBeing made',
      'first.ipynb · flux-1-devPlace 3 in line, about 40 seconds'
    ]);
    expect(screen.getByRole('list', { name: 'Queue of demo' }).textContent).toContain(
      'Next'
    );
  });

  it('cancels what is one’s own, and nothing else', () => {
    const onCancelJob = show({
      list: { jobs: [aJob(), aJob({ id: 'theirs', mine: false, label: '' })] }
    });
    expect(screen.getByText('Somebody else’s')).toBeTruthy();
    const [button, ...others] = screen.getAllByRole('button');
    expect(others).toHaveLength(0);
    fireEvent.click(button);
    expect(onCancelJob).toHaveBeenCalledWith('job-1');
  });

  it('lets a teacher end what others wait for', () => {
    const onCancelJob = show({
      list: { jobs: [aJob({ id: 'theirs', mine: false, label: '' })] },
      mayEndAll: true
    });
    fireEvent.click(
      screen.getByRole('button', { name: 'Cancel the image of Somebody else’s' })
    );
    expect(onCancelJob).toHaveBeenCalledWith('theirs');
  });

  it('does not show a hundred jobs of a batch', () => {
    const jobs = Array.from({ length: 100 }, (_, n) =>
      aJob({ id: `${n}`, position: n + 1 })
    );
    show({ list: { jobs } });
    expect(screen.getAllByRole('listitem')).toHaveLength(20);
    expect(screen.getByText('and 80 more')).toBeTruthy();
  });

  it('keeps what it knows while the server does not answer', () => {
    show({ problem: new ApiError('unreachable', 'gone', '', 0) });
    expect(screen.getByText('The queue could not be loaded')).toBeTruthy();
    expect(screen.getAllByRole('listitem')).toHaveLength(1);
  });

  it('says politely how many of one’s own wait, and when none does', () => {
    const view = { ...shown(), mayEndAll: true };
    const others = aJob({ id: 'theirs', mine: false });
    const { rerender } = render(<JobsSection {...view} list={{ jobs: [others] }} />);
    const said = screen.getByRole('status');
    expect(said.textContent).toBe('');
    rerender(<JobsSection {...view} list={{ jobs: [others, aJob()] }} />);
    expect(said.textContent).toBe('1 of yours waits');
    rerender(<JobsSection {...view} list={{ jobs: [aJob({ state: 'working' })] }} />);
    expect(said.textContent).toBe('Being made');
    rerender(<JobsSection {...view} list={{ jobs: [others] }} />);
    expect(said.textContent).toBe('None of yours waits any more');
  });

  it('keeps the focus when the row that has it goes', () => {
    const view = shown();
    const jobs = ['a', 'b', 'c'].map((id, n) =>
      aJob({ id, label: `${id}.ipynb`, position: n + 1 })
    );
    const { container, rerender } = render(<JobsSection {...view} list={{ jobs }} />);
    const button = (id: string) =>
      screen.getByRole('button', { name: `Cancel the image of ${id}.ipynb` });
    button('b').focus();
    rerender(<JobsSection {...view} list={{ jobs: [jobs[0], jobs[2]] }} />);
    expect(document.activeElement).toBe(button('c'));
    rerender(<JobsSection {...view} list={{ jobs: [jobs[0]] }} />);
    expect(document.activeElement).toBe(button('a'));
    rerender(<JobsSection {...view} list={{ jobs: [] }} />);
    expect(document.activeElement).toBe(container.firstElementChild);
  });

  it('takes the focus from nowhere else', () => {
    const view = shown();
    const { rerender } = render(<JobsSection {...view} list={{ jobs: [aJob()] }} />);
    rerender(<JobsSection {...view} list={{ jobs: [] }} />);
    expect(document.activeElement).toBe(document.body);
  });

  it('is told in a few words beside its title', () => {
    expect(jobsWords(null, trans)).toBeUndefined();
    expect(jobsWords({ jobs: [aJob({ mine: false })] }, trans)).toBeUndefined();
    expect(jobsWords({ jobs: [aJob(), aJob({ id: '2' })] }, trans)).toBe(
      '2 of yours wait'
    );
    expect(jobsWords({ jobs: [aJob({ state: 'working' })] }, trans)).toBe('Being made');
  });

  it('is looked at more often while it moves', () => {
    expect(jobsInterval({ jobs: [aJob()] })).toBeLessThan(jobsInterval({ jobs: [] }));
  });
});
