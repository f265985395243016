import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon, listIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ModelInfo, ServiceView, UsageView } from '../_wire';
import { isBarred, MOVING, opensByItself, shownState } from '../model/needs';

import { IconButton } from './IconButton';
import { Progress } from './Progress';
import { ServiceFacts } from './ServiceFacts';
import { ServiceProblem } from './ServiceProblem';
import { StateDot } from './StateDot';
import { outlookWords } from './holderWords';
import { announcedWords, progressWords } from './progressWords';
import { serviceWord } from './serviceWords';
import { useNow } from './when';

/** A countdown is looked at again this often (seconds). */
const COUNTS_EVERY = 5;

export interface IServiceActions {
  onStart: (name: string) => void;
  onStop: (name: string) => void;
  onLogs: (name: string) => void;
  onLetGo: (name: string) => void;
  /** Build the image of a service, after a question. */
  onBuild: (name: string) => void;
  onCancelBuild: (name: string) => void;
  /** Show the models of a service. */
  onShowModels: (name: string) => void;
  /** Show what else can be done, below the given part of the page. */
  onServiceMenu: (name: string, anchor: HTMLElement) => void;
}

export interface IServiceCardProps extends IServiceActions {
  service: ServiceView;
  /** Title of the service that answers in its place, if one does. */
  standIn: string | null;
  /** Whether the notebook in front needs it. */
  needed: boolean;
  /** Who looks. */
  person: string;
  /** Whether this person may keep services and let them go, and fetch models. */
  mayKeep: boolean;
  /** Whether this person may build images. */
  mayBuild: boolean;
  /** What the GPUs are called, by their UUIDs. */
  gpuNames: ReadonlyMap<string, string>;
  /** The models that may be named in a call; null: not known yet. */
  offers: readonly ModelInfo[] | null;
  usage: UsageView | null;
  trans: TranslationBundle;
}

/** One service: what it does now, what can be done with it, what helps if it does not. */
export function ServiceCard(props: IServiceCardProps): JSX.Element {
  const { service, trans } = props;
  const { state, title } = service;
  const moving = MOVING.has(state);
  const [open, setOpen] = React.useState<boolean | null>(null);
  const shown = open ?? opensByItself(service, props.needed);
  // What nobody here needs may be unavailable quietly.
  const pressing =
    !isBarred(service) && (props.needed || state === 'failed' || service.wanted);
  const now = useNow(service.stops_in_seconds === null ? null : COUNTS_EVERY);
  const stopsIn = useCountdown(service, now);
  const factsId = `jp-GenAILab-facts-${service.name}`;
  return (
    <li
      className="jp-GenAILab-card"
      data-state={shownState(service)}
      data-service={service.name}
    >
      <div className="jp-GenAILab-card-head">
        <button
          type="button"
          className="jp-GenAILab-card-toggle"
          aria-expanded={shown}
          aria-controls={factsId}
          onClick={() => setOpen(!shown)}
        >
          <StateDot state={shownState(service)} />
          <span className="jp-GenAILab-card-title">{title}</span>
          <span className="jp-GenAILab-card-state">
            {[
              serviceWord(service, trans),
              outlookWords(service, stopsIn, now, trans),
              props.standIn && trans.__('%1 stands in', props.standIn),
              props.needed && trans.__('needed here')
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </button>
        <Actions {...props} />
      </div>
      {moving && (
        <Progress
          label={trans.__('Progress of %1', title)}
          text={progressWords(service, trans)}
          announced={announcedWords(service, trans)}
          percent={service.percent}
        />
      )}
      {pressing && <ServiceProblem {...props} />}
      <div id={factsId} hidden={!shown}>
        {shown && !pressing && <ServiceProblem {...props} />}
        {shown && <ServiceFacts {...props} now={now} />}
      </div>
    </li>
  );
}

/** Seconds until a service is stopped, counted on since the snapshot; null: it is not. */
function useCountdown(service: ServiceView, now: number): number | null {
  // Each snapshot brings a service object of its own.
  const seen = React.useRef({ service, since: now });
  if (seen.current.service !== service) {
    seen.current = { service, since: Date.now() / 1000 };
  }
  const left = service.stops_in_seconds;
  const passed = Math.max(0, now - seen.current.since);
  return left === null ? null : Math.max(0, left - passed);
}

function Actions(props: IServiceCardProps): JSX.Element {
  const { service, trans } = props;
  const { name, title, state } = service;
  const local = service.kind === 'local';
  const wrote = service.runtime !== 'none' || state === 'failed' || MOVING.has(state);
  const startable = service.can_start && state !== 'ready' && !MOVING.has(state);
  return (
    <div
      className="jp-GenAILab-card-actions"
      role="group"
      aria-label={trans.__('Actions for %1', title)}
    >
      {startable && (
        <IconButton
          icon={runIcon}
          label={trans.__('Start %1', title)}
          onClick={() => props.onStart(name)}
        />
      )}
      {state === 'building' && props.mayBuild && (
        <IconButton
          icon={stopIcon}
          label={trans.__('Cancel the build of %1', title)}
          onClick={() => props.onCancelBuild(name)}
        />
      )}
      {service.can_stop && state !== 'building' && (
        <IconButton
          icon={stopIcon}
          label={trans.__('Stop %1', title)}
          onClick={() => props.onStop(name)}
        />
      )}
      {local && wrote && (
        <IconButton
          icon={listIcon}
          label={trans.__('Show the log of %1', title)}
          onClick={() => props.onLogs(name)}
        />
      )}
      {local && (
        <IconButton
          icon={ellipsesIcon}
          label={trans.__('More about %1', title)}
          menu
          onClick={anchor => props.onServiceMenu(name, anchor)}
        />
      )}
    </div>
  );
}
