import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { HealthView, ServiceView } from '../_wire';
import { partsOf, upPercent } from '../model/health';
import { isBarred, shownState } from '../model/needs';

import { StateDot } from './StateDot';
import { UptimeBar } from './UptimeBar';
import { windowWords } from './healthWords';
import { problemHeadline } from './problems';
import { serviceWord } from './serviceWords';
import { ago, decimal, useNow } from './when';
import { durationWords } from './words';

/** "3 min. ago" is looked at again this often (seconds). */
const AGES_EVERY = 20;

export interface IDashboardServicesProps {
  services: readonly ServiceView[];
  /** What is known of the time before; null while that is on its way. */
  health: HealthView | null;
  /** The title of a service. */
  titleOf: (service: string) => string;
  trans: TranslationBundle;
}

/** The services: how each is now, and when it answered lately. */
export function DashboardServices(props: IDashboardServicesProps): JSX.Element {
  const { health, services, trans } = props;
  const now = useNow(AGES_EVERY);
  const window = health && windowWords(health, trans);
  return (
    <table className="jp-GenAILab-uptimes">
      <thead>
        <tr>
          <th scope="col">{trans.__('Service')}</th>
          <th scope="col">{trans.__('State')}</th>
          <th scope="col">
            {window ? trans.__('Up in %1', window) : trans.__('Up lately')}
          </th>
        </tr>
      </thead>
      <tbody>
        {services.map(service => (
          <Row key={service.name} {...props} service={service} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function Row(
  props: IDashboardServicesProps & { service: ServiceView; now: number }
): JSX.Element {
  const { now, service, titleOf, trans } = props;
  const standIn = service.stand_in;
  return (
    <tr data-service={service.name}>
      <th scope="row">
        <StateDot state={shownState(service)} />
        <span>{service.title}</span>
      </th>
      <td>
        {serviceWord(service, trans)}
        {standIn === null && service.problem && !isBarred(service) && (
          <span> · {problemHeadline(service.problem.code, trans)}</span>
        )}
        <span className="jp-GenAILab-small">
          {' · '}
          {standIn === null
            ? ago(service.since, now)
            : trans.__('%1 stands in', titleOf(standIn))}
        </span>
      </td>
      <td>
        <Uptime {...props} />
      </td>
    </tr>
  );
}

function Uptime(
  props: IDashboardServicesProps & { service: ServiceView }
): JSX.Element | null {
  const { health, service, trans } = props;
  const known = health?.services[service.name];
  if (!health || !known) {
    return null;
  }
  if (service.kind === 'cloud') {
    return <span className="jp-GenAILab-small">{trans.__('Not run here')}</span>;
  }
  const percent = upPercent(known.up_seconds, health);
  const duration = durationWords(known.up_seconds, trans);
  const words =
    known.up.length === 0
      ? trans.__('Not up')
      : percent < 1
        ? trans.__('Up %1', duration)
        : trans.__('Up %1, %2 %', duration, decimal(percent, 0));
  return (
    <div className="jp-GenAILab-uptime-line">
      <UptimeBar
        parts={partsOf(known.up, health.window_began, health.at)}
        label={`${service.title}: ${words}`}
      />
      <span className="jp-GenAILab-small" aria-hidden="true">
        {words}
      </span>
    </div>
  );
}
