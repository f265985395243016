import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Evidence, LaunchView, ModeView, Profile, ServiceView } from '../_wire';
import type { ApiError } from '../api/request';
import { askedOf, cloudOf } from '../model/consents';
import { MOVING, wasGiven } from '../model/needs';
import { decidingLayer } from '../model/policy';
import type { Lock } from '../model/teacher';
import type { IWord } from '../model/word';

import { Button } from './Button';
import { CloudNotice } from './CloudNotice';
import { ConsentNotice } from './ConsentNotice';
import { EvidenceList } from './EvidenceList';
import { KernelGift } from './KernelGift';
import { LiteralAddresses } from './LiteralAddresses';
import { Need } from './Need';
import type { INeedsActions } from './NeedsEditor';
import { NeedsEditor } from './NeedsEditor';
import { Notice } from './Notice';
import { Said } from './Said';
import { SectionList } from './SectionList';
import { Skeleton } from './Skeleton';
import { fallbackWord, resourcesSentence } from './needsWords';
import { decidedWords } from './policyWords';
import { problemHeadline } from './problems';
import { modeWord, typeSentence } from './words';

export interface INotebookActions extends INeedsActions {
  onReveal: (place: Pick<Evidence, 'cell' | 'line'>) => void;
  onEnable: () => void;
  /** Answer what the notebook's metadata asks for. */
  onConsent: (start: boolean) => void;
  /** Start the services that it needs. */
  onStartNeeds: () => void;
  /** Let the cloud draw that is offered for its launch. */
  onUseCloud: () => void;
}

/** The teacher's word, and how its editor stands. */
export interface ITeacherView {
  word: IWord;
  lock: Lock;
  canUndo: boolean;
  open: boolean;
}

/** What the panel shows of the notebook in front. */
export interface INotebookView {
  /** The notebook in front, or null. */
  notebook: { name: string; language: string; hasKernel: boolean } | null;
  profile: Profile | null;
  problem: ApiError | null;
  launch: LaunchView | undefined;
  /** How the question of the launch, if it asks one, was answered in this page. */
  consent: 'open' | 'declined' | 'busy';
  /** Whether the word that lets a cloud draw is on its way. */
  usingCloud: boolean;
  teacher: ITeacherView;
}

export interface INotebookSectionProps extends INotebookView, INotebookActions {
  services: readonly ServiceView[];
  mode: ModeView;
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
  return (
    <>
      <p className="jp-GenAILab-notebook-name" title={profile?.path}>
        {notebook.name}
      </p>
      {problem && problem.code !== 'unreachable' ? (
        <Notice
          kind="warning"
          headline={trans.__('This notebook could not be examined')}
          message={problem.message || problemHeadline(problem.code, trans)}
          remedy={problem.remedy}
          code={problem.code}
          own={!problem.message}
          trans={trans}
        />
      ) : profile ? (
        <Examined {...props} notebook={notebook} profile={profile} />
      ) : (
        <Skeleton label={trans.__('Reading the notebook')} lines={2} />
      )}
    </>
  );
}

type IExaminedProps = INotebookSectionProps & {
  notebook: { language: string; hasKernel: boolean };
  profile: Profile;
};

function Examined(props: IExaminedProps): JSX.Element {
  const { profile, services, trans } = props;
  return (
    <>
      {props.teacher.word.choice === 'off' ? (
        <>
          <p>{trans.__('Its metadata turns GenAI off for this notebook.')}</p>
          {props.launch && wasGiven(props.launch) && (
            <p className="jp-GenAILab-small">
              {trans.__('Its kernel keeps what it was given until it is restarted.')}
            </p>
          )}
        </>
      ) : (
        <>
          {profile.note && (
            <p>
              <Said text={profile.note} trans={trans} />
            </p>
          )}
          <p className={profile.services.length ? undefined : 'jp-GenAILab-quiet'}>
            {typeSentence(profile.type, trans)}
          </p>
        </>
      )}
      {profile.services.length > 0 && <Needs {...props} />}
      <NeedsEditor
        {...props.teacher}
        services={services}
        onChoice={props.onChoice}
        onToggleService={props.onToggleService}
        onNotebookMode={props.onNotebookMode}
        onFallback={props.onFallback}
        onUndo={props.onUndo}
        onEdit={props.onEdit}
        trans={trans}
      />
      {profile.services.length > 0 && <Reasons {...props} />}
    </>
  );
}

function finder(services: readonly ServiceView[]) {
  const find = (name: string) => services.find(service => service.name === name);
  return { find, titleOf: (name: string) => find(name)?.title ?? name };
}

function Needs(props: IExaminedProps): JSX.Element {
  const { launch, profile, services, trans } = props;
  const { find, titleOf } = finder(services);
  const asked = askedOf(launch);
  const offered = cloudOf(launch);
  const off = props.mode.effective === 'off';
  const wishes = [
    decidedWords(decidingLayer(props.mode), props.mode.effective, trans),
    !off && resourcesSentence(profile.resources, trans),
    profile.mode !== null &&
      trans.__('It asks for the mode %1.', modeWord(profile.mode, trans)),
    !off &&
      profile.fallback !== null &&
      trans.__('If nothing here can run it: %1.', fallbackWord(profile.fallback, trans))
  ].filter(Boolean);
  return (
    <>
      <ul className="jp-GenAILab-needs" aria-label={trans.__('Services that it needs')}>
        {profile.services.map(name => {
          const service = find(name);
          const standIn = service?.stand_in ? titleOf(service.stand_in) : null;
          return <Need key={name} {...{ name, service, standIn, profile, trans }} />;
        })}
      </ul>
      {wishes.length > 0 && <p className="jp-GenAILab-small">{wishes.join(' ')}</p>}
      {asked && (
        <ConsentNotice
          asked={asked}
          declined={props.consent === 'declined'}
          busy={props.consent === 'busy'}
          titleOf={titleOf}
          onStart={() => props.onConsent(true)}
          onLater={() => props.onConsent(false)}
          trans={trans}
        />
      )}
      {offered && (
        <CloudNotice
          offer
          asked={offered}
          busy={props.usingCloud}
          onAllow={props.onUseCloud}
          titleOf={titleOf}
          trans={trans}
        />
      )}
      {launch?.no_cloud && (
        <Notice
          kind="info"
          headline={problemHeadline(launch.no_cloud.code, trans)}
          message={launch.no_cloud.message}
          remedy={launch.no_cloud.remedy}
          code={launch.no_cloud.code}
          trans={trans}
        />
      )}
      <KernelGift
        profile={profile}
        launch={launch}
        hasKernel={props.notebook.hasKernel}
        mode={props.mode.effective}
        titleOf={titleOf}
        onEnable={props.onEnable}
        trans={trans}
      />
      <WaysOn {...props} />
    </>
  );
}

/** What can be done now: start what it needs, or do without. */
function WaysOn(props: IExaminedProps): JSX.Element | null {
  const { launch, profile, services, teacher, trans } = props;
  const open = askedOf(launch)?.services ?? [];
  const startable = services.some(
    ({ can_start, name, state }) =>
      profile.services.includes(name) &&
      !profile.remote_services.includes(name) &&
      !open.includes(name) &&
      can_start &&
      // Where it is unavailable its card says what helps: a start alone does not.
      !['ready', 'unavailable'].includes(state) &&
      !MOVING.has(state)
  );
  const canTurnOff =
    teacher.lock === null &&
    teacher.word.choice !== 'off' &&
    props.mode.effective !== 'off';
  if (!startable && !canTurnOff) {
    return null;
  }
  return (
    <div
      className="jp-GenAILab-row"
      role="group"
      aria-label={trans.__('What can be done for this notebook')}
    >
      {startable && (
        <Button kind="accept" onClick={props.onStartNeeds}>
          {trans.__('Start now')}
        </Button>
      )}
      {canTurnOff && (
        <Button
          title={trans.__('Write into its metadata that it needs no service')}
          onClick={() => props.onChoice('off')}
        >
          {trans.__('Turn off here')}
        </Button>
      )}
    </div>
  );
}

function Reasons(props: IExaminedProps): JSX.Element {
  const { profile, trans } = props;
  const { titleOf } = finder(props.services);
  const literal = profile.literal_addresses;
  return (
    <>
      {profile.sections.length > 1 && (
        <>
          <h4 className="jp-GenAILab-subheading">{trans.__('Where it turns')}</h4>
          <SectionList
            sections={profile.sections}
            titleOf={titleOf}
            onReveal={section => props.onReveal({ cell: section.first_cell, line: 1 })}
            trans={trans}
          />
        </>
      )}
      <h4 className="jp-GenAILab-subheading">{trans.__('Why')}</h4>
      {profile.declared && (
        <p>{trans.__('The notebook’s metadata decides, whatever its code shows.')}</p>
      )}
      <EvidenceList
        evidence={profile.evidence}
        titleOf={titleOf}
        onReveal={props.onReveal}
        trans={trans}
      />
      {literal.length > 0 && (
        <LiteralAddresses
          addresses={literal}
          services={props.services}
          language={props.notebook.language}
          onReveal={props.onReveal}
          trans={trans}
        />
      )}
    </>
  );
}
