import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { FolderIndex } from '../_wire';
import type { ApiError } from '../api/request';

import { CourseList } from './CourseList';
import { CourseTotals } from './CourseTotals';
import { IconButton } from './IconButton';
import { LoadProblem } from './LoadProblem';
import { Skeleton } from './Skeleton';

export interface IFolderActions {
  onOpenNotebook: (path: string) => void;
  onRefreshFolder: () => void;
}

export interface IFolderView {
  /** API path; empty for the server's root. */
  folder: string;
  index: FolderIndex | null;
  loading: boolean;
  problem: ApiError | null;
}

export interface IFolderSectionProps extends IFolderActions, IFolderView {
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** A course at a glance: which notebooks need what, and which cannot run here. */
export function FolderSection(props: IFolderSectionProps): JSX.Element {
  const { folder, index, loading, problem, trans } = props;
  return (
    <>
      <div className="jp-GenAILab-folder-head">
        <span className="jp-GenAILab-folder-name" title={folder || '/'}>
          {folder || trans.__('All notebooks of this server')}
        </span>
        <IconButton
          icon={refreshIcon}
          label={trans.__('Read this folder again')}
          disabled={loading}
          onClick={props.onRefreshFolder}
        />
      </div>
      <LoadProblem
        headline={trans.__('This folder could not be read')}
        problem={problem}
        onRetry={props.onRefreshFolder}
        trans={trans}
      />
      {loading && !index && (
        <Skeleton label={trans.__('Reading the notebooks of this folder')} lines={6} />
      )}
      {index && <Course {...props} index={index} />}
    </>
  );
}

function Course(props: IFolderSectionProps & { index: FolderIndex }): JSX.Element {
  const { index, loading, trans } = props;
  if (index.notebooks.length === 0 && index.complete) {
    return (
      <p className="jp-GenAILab-quiet">
        {trans.__('There is no notebook in this folder.')}
      </p>
    );
  }
  return (
    <div className="jp-GenAILab-course" aria-busy={loading}>
      <CourseTotals index={index} titleOf={props.titleOf} trans={trans} />
      {!index.complete && loading && (
        <p className="jp-GenAILab-small" role="status">
          {trans.__('Still reading: more will follow.')}
        </p>
      )}
      {index.truncated && (
        <p className="jp-GenAILab-small" role="note">
          {trans.__(
            'The folder holds more notebooks than the %1 that are listed: open a smaller one.',
            index.notebooks.length
          )}
        </p>
      )}
      <CourseList
        index={index}
        titleOf={props.titleOf}
        onOpen={props.onOpenNotebook}
        trans={trans}
      />
    </div>
  );
}
