import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Evidence, LaunchView, Mode, Profile, ServiceView } from '../_wire';
import type { ApiError } from '../api/request';

import { EvidenceList } from './EvidenceList';
import { KernelGift } from './KernelGift';
import { Notice } from './Notice';
import { Skeleton } from './Skeleton';
import { StateDot } from './StateDot';
import { problemHeadline } from './problems';
import { stateWord, typeSentence } from './words';

export interface INotebookSectionProps {
  /** The notebook in front, or null. */
  notebook: { name: string; hasKernel: boolean } | null;
  profile: Profile | null;
  problem: ApiError | null;
  launch: LaunchView | undefined;
  services: readonly ServiceView[];
  mode: Mode;
  onReveal: (evidence: Evidence) => void;
  onEnable: () => void;
  trans: TranslationBundle;
}

/** What the notebook in front needs, why, and what its kernel was told. */
export function NotebookSection(props: INotebookSectionProps): JSX.Element {
  const { notebook, profile, problem, trans } = props;
  if (!notebook) {
    return (
      <p className="jp-GenAILab-quiet">
        {trans.__('Open a notebook to see which services it needs.')}
      </p>
    );
  }
  if (problem) {
    return (
      <Notice
        kind="warning"
        headline={trans.__('This notebook could not be examined')}
        message={problem.message || problemHeadline(problem.code, trans)}
        remedy={problem.remedy}
        code={problem.code}
        trans={trans}
      />
    );
  }
  if (!profile) {
    return <Skeleton label={trans.__('Reading the notebook')} lines={2} />;
  }
  return (
    <>
      <p className="jp-GenAILab-notebook-name" title={profile.path}>
        {notebook.name}
      </p>
      {profile.note && <p lang="en">{profile.note}</p>}
      <p className={profile.services.length ? undefined : 'jp-GenAILab-quiet'}>
        {typeSentence(profile.type, trans)}
      </p>
      {profile.services.length > 0 && (
        <Needs {...props} notebook={notebook} profile={profile} />
      )}
    </>
  );
}

function Needs(
  props: INotebookSectionProps & {
    notebook: { hasKernel: boolean };
    profile: Profile;
  }
): JSX.Element {
  const { profile, services, trans } = props;
  const find = (name: string) => services.find(service => service.name === name);
  const titleOf = (name: string) => find(name)?.title ?? name;
  const literal = profile.literal_addresses;
  return (
    <>
      <ul className="jp-GenAILab-needs" aria-label={trans.__('Services that it needs')}>
        {profile.services.map(name => {
          const service = find(name);
          const standIn = service?.stand_in ? titleOf(service.stand_in) : null;
          return <Need key={name} {...{ name, service, standIn, trans }} />;
        })}
      </ul>
      <KernelGift
        profile={profile}
        launch={props.launch}
        hasKernel={props.notebook.hasKernel}
        mode={props.mode}
        onEnable={props.onEnable}
        trans={trans}
      />
      <h4 className="jp-GenAILab-subheading">{trans.__('Why')}</h4>
      {profile.declared && (
        <p>{trans.__("The notebook's metadata says so; its code was not asked.")}</p>
      )}
      <EvidenceList
        evidence={profile.evidence}
        titleOf={titleOf}
        onReveal={props.onReveal}
        trans={trans}
      />
      {literal.length > 0 && (
        <>
          <h4 className="jp-GenAILab-subheading">
            {trans.__('Addresses that no variable can reach')}
          </h4>
          <EvidenceList
            evidence={literal}
            titleOf={titleOf}
            onReveal={props.onReveal}
            trans={trans}
          />
        </>
      )}
    </>
  );
}

function Need(props: {
  name: string;
  service: ServiceView | undefined;
  standIn: string | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { name, service, standIn, trans } = props;
  return (
    <li>
      {service && <StateDot state={service.state} />}
      <span className="jp-GenAILab-needs-title">{service?.title ?? name}</span>
      <span className="jp-GenAILab-needs-state">
        {service
          ? [stateWord(service.state, trans), standIn].filter(Boolean).join(' · ')
          : trans.__('Not in the catalogue')}
      </span>
    </li>
  );
}
