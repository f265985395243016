import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ServiceView } from '../_wire';

import { Button } from './Button';
import { Notice } from './Notice';
import { problemHeadline } from './problems';

export interface IServiceProblemProps {
  service: ServiceView;
  /** Whether this person may fetch models. */
  mayKeep: boolean;
  /** Whether this person may build images. */
  mayBuild: boolean;
  onBuild: (name: string) => void;
  onShowModels: (name: string) => void;
  trans: TranslationBundle;
}

/** Why a service does not run, and what helps. */
export function ServiceProblem(props: IServiceProblemProps): JSX.Element | null {
  const { service, trans } = props;
  const { problem } = service;
  return (
    problem && (
      <Notice
        kind={service.state === 'failed' ? 'error' : 'warning'}
        headline={problemHeadline(problem.code, trans)}
        message={problem.message}
        remedy={problem.remedy}
        command={problem.command}
        code={problem.code}
        details={
          service.troubleshooting && (
            <details className="jp-GenAILab-details">
              <summary>{trans.__('Known troubles')}</summary>
              <p lang="en">{service.troubleshooting}</p>
            </details>
          )
        }
        trans={trans}
      >
        {remedyOf(props)}
      </Notice>
    )
  );
}

/** The button that mends what keeps a service from running, where the panel has one. */
function remedyOf(props: IServiceProblemProps): JSX.Element | null {
  const { service, trans } = props;
  const { can_build, missing_models, name, problem } = service;
  const [label, act] =
    can_build && props.mayBuild && problem?.code === 'image_missing'
      ? [trans.__('Build image…'), props.onBuild]
      : missing_models.length > 0 && problem?.code === 'models_missing'
        ? props.mayKeep
          ? [trans.__('Fetch models…'), props.onShowModels]
          : [trans.__('Show models'), props.onShowModels]
        : [];
  return act ? <Button onClick={() => act(name)}>{label}</Button> : null;
}
