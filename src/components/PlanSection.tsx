import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { PlannedService, PlanView } from '../_wire';
import type { ApiError } from '../api/request';
import { PlanModel } from '../model/plan';

import { IconButton } from './IconButton';
import { LoadProblem } from './LoadProblem';
import { Notice } from './Notice';
import { Skeleton } from './Skeleton';
import { fitWord, rivals, takesWords, waitWords } from './planWords';
import { problemHeadline } from './problems';

export interface IPlanActions {
  onPeople: (people: number) => void;
  onRefreshPlan: () => void;
}

/** What was loaded of the plan, and how. */
export interface IPlanView {
  people: number;
  plan: PlanView | null;
  loading: boolean;
  problem: ApiError | null;
}

export interface IPlanSectionProps extends IPlanActions, IPlanView {
  /** The title of a service. */
  titleOf: (service: string) => string;
  /** What the GPUs are called, by their UUIDs. */
  gpuNames: ReadonlyMap<string, string>;
  trans: TranslationBundle;
}

/** Before class: what fits on this machine, what fits together, and what a class would wait. */
export function PlanSection(props: IPlanSectionProps): JSX.Element {
  const { loading, plan, problem, trans } = props;
  return (
    <>
      <div className="jp-GenAILab-folder-head">
        <People {...props} />
        <IconButton
          icon={refreshIcon}
          label={trans.__('Plan again')}
          disabled={loading}
          onClick={props.onRefreshPlan}
        />
      </div>
      <LoadProblem
        headline={trans.__('The plan could not be made')}
        problem={problem}
        onRetry={props.onRefreshPlan}
        trans={trans}
      />
      {loading && !plan && <Skeleton label={trans.__('Planning')} lines={5} />}
      {plan && <Plan {...props} plan={plan} />}
    </>
  );
}

/** How many people; the plan follows once the number is whole and left, or Enter pressed. */
function People(props: IPlanSectionProps): JSX.Element {
  const { people, trans } = props;
  const [text, setText] = React.useState(String(people));
  React.useEffect(() => setText(String(people)), [people]);
  const valid = PlanModel.isPeople(Number(text));
  const take = () => {
    if (valid) {
      props.onPeople(Number(text));
    } else {
      setText(String(people));
    }
  };
  return (
    <form
      className="jp-GenAILab-people"
      onSubmit={event => {
        event.preventDefault();
        take();
      }}
    >
      <label>
        <span>{trans.__('People in class')}</span>
        <input
          type="number"
          min={1}
          max={PlanModel.MOST_PEOPLE}
          step={1}
          value={text}
          aria-invalid={!valid}
          onChange={event => setText(event.target.value)}
          onBlur={take}
        />
      </label>
    </form>
  );
}

function Plan(props: IPlanSectionProps & { plan: PlanView }): JSX.Element {
  const { loading, plan, titleOf, trans } = props;
  const sets = plan.together.filter(names => names.length > 1);
  const words = (names: readonly string[]) => names.map(titleOf).join(' + ');
  return (
    <div className="jp-GenAILab-plan" aria-busy={loading}>
      {plan.services.length === 0 && (
        <p className="jp-GenAILab-quiet">
          {trans.__('The catalogue of services is empty.')}
        </p>
      )}
      <ul aria-label={trans.__('What fits')}>
        {plan.services.map(service => (
          <Planned key={service.service} {...props} service={service} />
        ))}
      </ul>
      {sets.length > 0 && (
        <>
          <h4>{trans.__('These run at one time')}</h4>
          <ul aria-label={trans.__('These run at one time')}>
            {sets.map(names => (
              <li key={names.join()}>{words(names)}</li>
            ))}
          </ul>
        </>
      )}
      {plan.apart.length > 0 && (
        <>
          <h4>{trans.__('These take turns')}</h4>
          <ul aria-label={trans.__('These take turns')}>
            {rivals(plan.apart).map(([name, others]) => (
              <li key={name}>
                {trans.__(
                  '%1: not beside %2',
                  titleOf(name),
                  others.map(titleOf).join(', ')
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {plan.notes.map((note, index) => (
        <Notice
          key={`${index}-${note.code}`}
          kind="info"
          headline={problemHeadline(note.code, trans)}
          message={note.message}
          remedy={note.remedy}
          command={note.command}
          code={note.code}
          trans={trans}
        />
      ))}
    </div>
  );
}

function Planned(
  props: IPlanSectionProps & { plan: PlanView; service: PlannedService }
): JSX.Element {
  const { gpuNames, plan, service, trans } = props;
  const { fit, problem } = service;
  const takes = takesWords(service, gpuNames, trans);
  const wait = plan.waits.find(known => known.service === service.service);
  return (
    <li className="jp-GenAILab-planned">
      <span
        className="jp-GenAILab-mark"
        data-mark={problem ? 'missing' : fit}
        aria-hidden="true"
      />
      <span className="jp-GenAILab-card-title">{service.title}</span>
      <span className="jp-GenAILab-card-state">{fitWord(service, trans)}</span>
      {takes && <span className="jp-GenAILab-card-state">{takes}</span>}
      {fit !== 'never' && (
        <span className="jp-GenAILab-card-state">{waitWords(wait, trans)}</span>
      )}
      {problem && (
        <details className="jp-GenAILab-details">
          <summary>{problemHeadline(problem.code, trans)}</summary>
          <Notice
            kind="warning"
            headline={problemHeadline(problem.code, trans)}
            message={problem.message}
            remedy={problem.remedy}
            command={problem.command}
            code={problem.code}
            trans={trans}
          />
        </details>
      )}
    </li>
  );
}
