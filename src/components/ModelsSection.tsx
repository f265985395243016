import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ModelRoot, WeightsList } from '../_wire';
import type { ApiError } from '../api/request';
import { splitModels } from '../model/weights';

import { Button } from './Button';
import { IconButton } from './IconButton';
import { LoadProblem } from './LoadProblem';
import type { IModelActions } from './ModelCard';
import { ModelCard } from './ModelCard';
import { Notice } from './Notice';
import { Skeleton } from './Skeleton';
import { bytesWords } from './bytes';
import { problemHeadline } from './problems';

export interface IModelsActions extends IModelActions {
  /** Show only the models of a service; null: of any. */
  onModelsService: (service: string | null) => void;
  onRefreshModels: () => void;
}

/** What was loaded of the models, and how. */
export interface IModelsView {
  list: WeightsList | null;
  loading: boolean;
  problem: ApiError | null;
  /** The service whose models are shown; null: any. */
  service: string | null;
}

export interface IModelsSectionProps extends IModelsActions, IModelsView {
  /** The title of a service. */
  titleOf: (service: string) => string;
  /** Whether this person may fetch. */
  mayFetch: boolean;
  trans: TranslationBundle;
}

/** The files of the models: what is here, what is missing, and how it comes. */
export function ModelsSection(props: IModelsSectionProps): JSX.Element {
  const { list, loading, problem, trans } = props;
  return (
    <>
      <div className="jp-GenAILab-folder-head">
        <ServiceFilter {...props} />
        <IconButton
          icon={refreshIcon}
          label={trans.__('Look for the models again')}
          disabled={loading && !list}
          onClick={props.onRefreshModels}
        />
      </div>
      <LoadProblem
        headline={trans.__('The models could not be listed')}
        problem={problem}
        onRetry={props.onRefreshModels}
        trans={trans}
      />
      {!list && !problem && (
        <Skeleton label={trans.__('Looking for the models')} lines={5} />
      )}
      {list && <Models {...props} list={list} />}
    </>
  );
}

function ServiceFilter(props: IModelsSectionProps): JSX.Element {
  const { list, service, titleOf, trans } = props;
  const names = new Set((list?.models ?? []).flatMap(({ services }) => services));
  if (service !== null) {
    names.add(service);
  }
  return (
    <select
      className="jp-GenAILab-select"
      aria-label={trans.__('Services whose models to show')}
      value={service ?? ''}
      onChange={event => props.onModelsService(event.target.value || null)}
    >
      <option value="">{trans.__('All services')}</option>
      {[...names].map(name => (
        <option key={name} value={name}>
          {titleOf(name)}
        </option>
      ))}
    </select>
  );
}

function Models(props: IModelsSectionProps & { list: WeightsList }): JSX.Element {
  const { list, service, trans } = props;
  const { here, open } = splitModels(list.models, service);
  const [shown, setShown] = React.useState(false);
  const cards = (models: typeof open) => (
    <ul className="jp-GenAILab-cards" aria-label={trans.__('Models')}>
      {models.map(model => (
        <ModelCard key={model.id} {...props} model={model} />
      ))}
    </ul>
  );
  return (
    <>
      {list.problem && (
        <Notice
          kind="info"
          headline={problemHeadline(list.problem.code, trans)}
          message={list.problem.message}
          remedy={list.problem.remedy}
          command={list.problem.command}
          code={list.problem.code}
          trans={trans}
        />
      )}
      {open.length + here.length === 0 && (
        <p className="jp-GenAILab-quiet">
          {service === null
            ? trans.__('No service of the catalogue has model files.')
            : trans.__('This service needs no model files.')}
        </p>
      )}
      {open.length > 0 && cards(open)}
      {here.length > 0 && (
        <Button kind="link" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown
            ? trans.__('Hide what is here')
            : trans._n(
                'Show %1 model that is here',
                'Show %1 models that are here',
                here.length
              )}
        </Button>
      )}
      {shown && here.length > 0 && cards(here)}
      <Roots {...props} roots={list.roots} />
    </>
  );
}

/** The folders that hold the files, and how much room they have. */
function Roots(
  props: IModelsSectionProps & { roots: readonly ModelRoot[] }
): JSX.Element | null {
  const { roots, trans } = props;
  return roots.length === 0 ? null : (
    <ul className="jp-GenAILab-roots" aria-label={trans.__('Folders of the models')}>
      {roots.map(({ free_bytes: free, path, problem, writable }) => (
        <li key={path}>
          <code>{path}</code>{' '}
          <span className="jp-GenAILab-small">
            {[
              free !== null && trans.__('%1 free', bytesWords(free, trans)),
              !writable && trans.__('read only')
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
          {problem && (
            <Notice
              kind="warning"
              headline={problemHeadline(problem.code, trans)}
              message={problem.message}
              remedy={problem.remedy}
              command={problem.command}
              code={problem.code}
              trans={trans}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
