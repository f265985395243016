import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../../api/request';
import type { IFolderSectionProps } from '../../components/FolderSection';
import { FolderSection } from '../../components/FolderSection';
import { anIndex, aProfile, NO_DOCKER } from '../fixtures';

function show(fields: Partial<IFolderSectionProps> = {}) {
  const actions = { onOpenNotebook: jest.fn(), onRefreshFolder: jest.fn() };
  const { container } = render(
    <FolderSection
      folder="course"
      index={anIndex()}
      loading={false}
      problem={null}
      titleOf={name => name.toUpperCase()}
      trans={nullTranslator.load('coursia_genai_lab')}
      {...actions}
      {...fields}
    />
  );
  return { ...actions, container };
}

const entries = () => {
  const list = screen.getByRole('list', { name: 'Notebooks of this folder' });
  return within(list)
    .queryAllByRole('button')
    .map(entry => entry.textContent);
};

describe('the notebooks of a folder', () => {
  it('shows grey lines until they are read', () => {
    show({ index: null, loading: true });
    expect(screen.getByRole('status', { name: /Reading the notebooks/ })).toBeTruthy();
    const again = screen.getByRole('button', { name: 'Read this folder again' });
    expect((again as HTMLButtonElement).disabled).toBe(true);
  });

  it('says that a folder is empty', () => {
    show({ index: anIndex({ notebooks: [] }) });
    expect(screen.getByText('There is no notebook in this folder.')).toBeTruthy();
  });

  it('says why it could not be read, and tries again', () => {
    const problem = new ApiError(
      'not_found',
      'No folder.',
      'Refresh the browser.',
      404
    );
    const { onRefreshFolder } = show({ index: null, problem });
    expect(screen.getByText('No folder.')).toBeTruthy();
    expect(screen.getByText('Refresh the browser.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRefreshFolder).toHaveBeenCalledTimes(1);
  });

  it('counts by kind and by service', () => {
    show();
    expect(screen.getByText('2 notebooks · 1 needs images')).toBeTruthy();
    const kinds = screen.getByRole('list', { name: 'Kinds' });
    expect(kinds.textContent).toBe('Advanced 1Classic 1');
    expect(screen.getByRole('list', { name: 'Services' }).textContent).toBe(
      'COMFYUI 1'
    );
  });

  it('lists those that need something, and all on demand', () => {
    show();
    expect(entries()).toEqual(['images.ipynbAdvanced: COMFYUICan run here']);
    fireEvent.click(screen.getByRole('checkbox', { name: /Only those/ }));
    expect(entries()).toHaveLength(2);
    expect(entries()[1]).toBe('lists.ipynbNeeds nothing');
  });

  it('opens a notebook', () => {
    const { onOpenNotebook } = show();
    fireEvent.click(screen.getByRole('button', { name: /images.ipynb/ }));
    expect(onOpenNotebook).toHaveBeenCalledWith('course/images.ipynb');
  });

  it('puts first what cannot run here, and says why and what helps', () => {
    show({
      index: anIndex({
        notebooks: [
          aProfile({ path: 'course/b.ipynb' }),
          aProfile({ path: 'course/part/a.ipynb', services: ['forge'] })
        ],
        unavailable: { forge: NO_DOCKER }
      })
    });
    expect(entries()[0]).toBe(
      'part/a.ipynbAdvanced: FORGECannot run here – FORGE: Docker is needed'
    );
    expect(screen.getByText('Install Docker.')).toBeTruthy();
  });

  it('names who stands in, and does not call that blocked', () => {
    show({
      index: anIndex({
        unavailable: { comfyui: NO_DOCKER },
        stand_ins: { comfyui: 'demo' }
      })
    });
    expect(entries()[0]).toContain('Runs with a stand-in: DEMO');
    expect(screen.queryByText('Install Docker.')).toBeNull();
  });

  it('tells what could not be read', () => {
    const broken = aProfile({
      path: 'course/broken.ipynb',
      type: 'CLASSIC',
      services: [],
      note: 'It is not valid JSON.',
      unreadable: true
    });
    show({ index: anIndex({ notebooks: [broken] }) });
    expect(entries()).toEqual(['broken.ipynbCould not be read: It is not valid JSON.']);
  });

  it('shows the first of many and more on demand, and says when there are more still', () => {
    const notebooks = Array.from({ length: 1200 }, (_, index) =>
      aProfile({ path: `course/${index}.ipynb` })
    );
    show({ index: anIndex({ notebooks, truncated: true }) });
    expect(entries()).toHaveLength(60);
    fireEvent.click(screen.getByRole('button', { name: '1140 more notebooks' }));
    expect(entries()).toHaveLength(300);
    expect(screen.getByText(/holds more notebooks than the 1200/)).toBeTruthy();
  });

  it('shows the words of a notebook as text', () => {
    const path = 'course/<img src=x onerror=alert(1)>.ipynb';
    const { container } = show({ index: anIndex({ notebooks: [aProfile({ path })] }) });
    expect(container.querySelector('img')).toBeNull();
  });
});
