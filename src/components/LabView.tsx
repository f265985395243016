import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ConsentNeeded, Mode, ModelInfo, StatusView } from '../_wire';
import type { ApiError } from '../api/request';
import { keyOf } from '../model/consents';
import type { Connection } from '../model/lab';

import { CloudNotice } from './CloudNotice';
import { ConnectionNotice } from './ConnectionNotice';
import type { IConsentsActions, IConsentsPart } from './ConsentsGiven';
import { ConsentsGiven } from './ConsentsGiven';
import type { IFolderActions, IFolderView } from './FolderSection';
import { FolderSection } from './FolderSection';
import { IconButton } from './IconButton';
import type { IMachineActions, IMachineView } from './MachineSections';
import { MachineSections } from './MachineSections';
import { ModeSection } from './ModeSection';
import type { INotebookActions, INotebookView } from './NotebookSection';
import { NotebookSection } from './NotebookSection';
import { Notice } from './Notice';
import type { IPolicyActions, IPolicyPart } from './PolicySection';
import { PolicySection } from './PolicySection';
import { Section } from './Section';
import type { IServiceActions } from './ServiceCard';
import { ServiceList } from './ServiceList';
import type { ITimelineActions, ITimelineView } from './TimelineSection';
import { TimelineSection } from './TimelineSection';
import type { IUsageActions, IUsageSectionView } from './UsageSection';
import { UsageSection } from './UsageSection';
import { gpuName } from './gpuWords';
import { problemHeadline } from './problems';
import { usageSummary } from './usageWords';
import { modeWord } from './words';

export type SectionName =
  | 'notebook'
  | 'services'
  | 'usage'
  | 'jobs'
  | 'gpus'
  | 'models'
  | 'plan'
  | 'timeline'
  | 'folder'
  | 'mode';

export interface ILabViewProps extends IMachineView {
  connection: Connection;
  snapshot: StatusView | null;
  problem: ApiError | null;
  notebook: INotebookView;
  folder: IFolderView;
  timeline: ITimelineView;
  usage: IUsageSectionView;
  policy: IPolicyPart;
  consents: IConsentsPart;
  /** The models that may be named in a call; null: not known yet. */
  offers: readonly ModelInfo[] | null;
  /** What clouds need of this caller now. */
  questions: readonly IQuestion[];
  /** What the buttons do. */
  actions: IServiceActions &
    INotebookActions &
    IFolderActions &
    ITimelineActions &
    IUsageActions &
    IPolicyActions &
    IConsentsActions &
    ICloudActions &
    IMachineActions;
  /** Names of the sections that are folded away. */
  collapsed: ReadonlySet<string>;
  onToggle: (name: string, open: boolean) => void;
  onRefresh: () => void;
  onMode: (mode: Mode | null) => void;
  trans: TranslationBundle;
}

/** A question of a cloud, and whether its answer is on its way. */
export interface IQuestion {
  asked: ConsentNeeded;
  busy: boolean;
}

export interface ICloudActions {
  /** Let a cloud draw, or be sent pictures. */
  onAllowCloud: (asked: ConsentNeeded) => void;
  onDeclineCloud: (asked: ConsentNeeded) => void;
}

/** Everything in the side panel. */
export function LabView(props: ILabViewProps): JSX.Element {
  const { snapshot, trans } = props;
  return (
    <div className="jp-GenAILab-view">
      <header className="jp-GenAILab-header">
        <h2>{trans.__('GenAI services')}</h2>
        <IconButton
          icon={refreshIcon}
          label={trans.__('Refresh')}
          onClick={props.onRefresh}
        />
      </header>
      <ConnectionNotice
        connection={props.connection}
        problem={props.problem}
        onRetry={props.onRefresh}
        trans={trans}
      />
      {snapshot && <Sections {...props} snapshot={snapshot} />}
    </div>
  );
}

function Sections(props: ILabViewProps & { snapshot: StatusView }): JSX.Element {
  const { actions, collapsed, snapshot, trans, onToggle } = props;
  const titleOf = (name: string) =>
    snapshot.services.find(service => service.name === name)?.title ?? name;
  const gpuNames = new Map(
    props.gpus.reading?.gpus.map(gpu => [gpu.id, gpuName(gpu, trans)])
  );
  const mayManage = snapshot.role !== 'student';
  // One outage is told once.
  const told = props.connection === 'ready' ? {} : { problem: null };
  const section = (name: SectionName, title: string, summary?: string) => ({
    name,
    title,
    summary,
    open: !collapsed.has(name),
    onToggle
  });
  return (
    <>
      {props.questions.map(({ asked, busy }) => (
        <CloudNotice
          key={keyOf(asked)}
          asked={asked}
          busy={busy}
          onAllow={actions.onAllowCloud}
          onLater={actions.onDeclineCloud}
          titleOf={titleOf}
          trans={trans}
        />
      ))}
      {snapshot.warnings.map((warning, index) => (
        <Notice
          key={`${index}-${warning.code}`}
          kind="warning"
          folded
          headline={problemHeadline(warning.code, trans)}
          message={warning.message}
          remedy={warning.remedy}
          command={warning.command}
          code={warning.code}
          trans={trans}
        />
      ))}
      <Section {...section('notebook', trans.__('This notebook'))}>
        <NotebookSection
          {...props.notebook}
          {...actions}
          services={snapshot.services}
          mode={snapshot.mode}
          trans={trans}
        />
      </Section>
      <Section {...section('services', trans.__('Services'))}>
        <ServiceList
          services={snapshot.services}
          profile={props.notebook.profile}
          person={snapshot.person}
          mayKeep={mayManage}
          mayBuild={snapshot.role === 'admin'}
          gpuNames={gpuNames}
          offers={props.offers}
          usage={props.usage.usage}
          {...actions}
          trans={trans}
        />
      </Section>
      <Section
        {...section('usage', trans.__('Usage'), usageSummary(props.usage.usage, trans))}
      >
        <UsageSection
          {...props.usage}
          {...told}
          {...actions}
          person={snapshot.person}
          titleOf={titleOf}
          trans={trans}
        />
      </Section>
      <MachineSections
        {...props}
        outage={props.connection !== 'ready'}
        section={section}
        titleOf={titleOf}
        gpuNames={gpuNames}
      />
      <Section {...section('timeline', trans.__('What happened'))}>
        <TimelineSection
          {...props.timeline}
          {...actions}
          services={snapshot.services}
          person={snapshot.person}
          trans={trans}
        />
      </Section>
      <Section {...section('folder', trans.__('This folder'))}>
        <FolderSection
          {...props.folder}
          titleOf={titleOf}
          onOpenNotebook={actions.onOpenNotebook}
          onRefreshFolder={actions.onRefreshFolder}
          trans={trans}
        />
      </Section>
      <Section
        {...section(
          'mode',
          trans.__('Mode and policy'),
          modeWord(snapshot.mode.effective, trans)
        )}
      >
        <ModeSection
          mode={snapshot.mode}
          notebookMode={props.notebook.profile?.mode ?? null}
          onChoose={props.onMode}
          trans={trans}
        />
        <PolicySection
          {...props.policy}
          {...told}
          enforced={snapshot.mode.enforced}
          onRefreshPolicy={actions.onRefreshPolicy}
          titleOf={titleOf}
          trans={trans}
        />
        <ConsentsGiven
          {...props.consents}
          {...told}
          onWithdraw={actions.onWithdraw}
          onRefreshConsents={actions.onRefreshConsents}
          titleOf={titleOf}
          trans={trans}
        />
      </Section>
    </>
  );
}
