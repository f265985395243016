import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { StatusView } from '../_wire';

import type { IGPUActions, IGPUSectionView } from './GPUSection';
import { GPUSection } from './GPUSection';
import type { IJobsActions, IJobsView } from './JobsSection';
import { JobsSection, jobsWords } from './JobsSection';
import type { IModelsActions, IModelsView } from './ModelsSection';
import { ModelsSection } from './ModelsSection';
import type { IPlanActions, IPlanView } from './PlanSection';
import { PlanSection } from './PlanSection';
import type { ISectionProps } from './Section';
import { Section } from './Section';
import { gpusWords } from './gpuWords';

export type IMachineActions = IGPUActions &
  IJobsActions &
  IModelsActions &
  IPlanActions;

/** What is known of the machine. */
export interface IMachineView {
  gpus: IGPUSectionView;
  jobs: IJobsView;
  models: IModelsView;
  plan: IPlanView;
}

export interface IMachineSectionsProps extends IMachineView {
  snapshot: StatusView;
  /** Whether the whole panel says already that the server does not answer. */
  outage: boolean;
  actions: IMachineActions;
  /** What a section needs to be one. */
  section: (
    name: 'jobs' | 'gpus' | 'models' | 'plan',
    title: string,
    summary?: string
  ) => Omit<ISectionProps, 'children'>;
  /** The title of a service. */
  titleOf: (service: string) => string;
  /** What the GPUs are called, by their UUIDs. */
  gpuNames: ReadonlyMap<string, string>;
  trans: TranslationBundle;
}

/** The machine that the services run on: who waits for it, its GPUs, its models, what fits on it. */
export function MachineSections(props: IMachineSectionsProps): JSX.Element {
  const { actions, gpuNames, section, snapshot, titleOf, trans } = props;
  // One outage is told once.
  const told = props.outage ? { problem: null } : {};
  const mayManage = snapshot.role !== 'student';
  return (
    <>
      <Section
        {...section('jobs', trans.__('Queue'), jobsWords(props.jobs.list, trans))}
      >
        <JobsSection
          {...props.jobs}
          {...told}
          onCancelJob={actions.onCancelJob}
          onRefreshJobs={actions.onRefreshJobs}
          titleOf={titleOf}
          mayEndAll={mayManage}
          trans={trans}
        />
      </Section>
      <Section
        {...section('gpus', trans.__('GPUs'), gpusWords(props.gpus.reading, trans))}
      >
        <GPUSection
          {...props.gpus}
          {...told}
          onRefreshGPUs={actions.onRefreshGPUs}
          titleOf={titleOf}
          person={snapshot.person}
          off={snapshot.mode.effective === 'off'}
          trans={trans}
        />
      </Section>
      <Section {...section('models', trans.__('Models'))}>
        <ModelsSection
          {...props.models}
          {...told}
          {...actions}
          titleOf={titleOf}
          mayFetch={mayManage}
          trans={trans}
        />
      </Section>
      {mayManage && (
        <Section {...section('plan', trans.__('Before class'))}>
          <PlanSection
            {...props.plan}
            {...told}
            onPeople={actions.onPeople}
            onRefreshPlan={actions.onRefreshPlan}
            titleOf={titleOf}
            gpuNames={gpuNames}
            trans={trans}
          />
        </Section>
      )}
    </>
  );
}
