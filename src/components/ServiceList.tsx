import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ModelInfo, Profile, ServiceView, UsageView } from '../_wire';
import { split } from '../model/needs';

import { Button } from './Button';
import type { IServiceActions } from './ServiceCard';
import { ServiceCard } from './ServiceCard';

export interface IServiceListProps extends IServiceActions {
  services: readonly ServiceView[];
  profile: Profile | null;
  /** Who looks. */
  person: string;
  /** Whether this person may keep services and let them go. */
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

/** The services that matter now, and the rest of the catalogue behind one line. */
export function ServiceList(props: IServiceListProps): JSX.Element {
  const { profile, services, trans, ...rest } = props;
  const [open, setOpen] = React.useState(false);
  if (services.length === 0) {
    return (
      <p className="jp-GenAILab-quiet">
        {trans.__('The catalogue of services is empty.')}
      </p>
    );
  }
  const { here, others } = split(services, profile);
  const titleOf = (name: string | null) =>
    name && (services.find(service => service.name === name)?.title ?? name);
  const cards = (list: readonly ServiceView[]) =>
    list.map(service => (
      <ServiceCard
        key={service.name}
        service={service}
        standIn={titleOf(service.stand_in)}
        needed={profile?.services.includes(service.name) ?? false}
        trans={trans}
        {...rest}
      />
    ));
  return (
    <>
      {here.length > 0 && <ul className="jp-GenAILab-cards">{cards(here)}</ul>}
      {here.length === 0 && <ul className="jp-GenAILab-cards">{cards(others)}</ul>}
      {here.length > 0 && others.length > 0 && (
        <>
          <Button kind="link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open
              ? trans.__('Hide the other services')
              : trans._n(
                  'Show %1 other service',
                  'Show %1 other services',
                  others.length
                )}
          </Button>
          {open && <ul className="jp-GenAILab-cards">{cards(others)}</ul>}
        </>
      )}
    </>
  );
}
