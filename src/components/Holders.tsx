import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { HolderView, ServiceView } from '../_wire';
import { pins, quiet, working } from '../model/holders';

import { Button } from './Button';
import { Fact } from './Fact';
import { nameWords, pinWords } from './holderWords';

export interface IHoldersProps {
  service: ServiceView;
  /** Who looks. */
  person: string;
  /** Unix seconds. */
  now: number;
  /** Whether this person may end what keeps it. */
  canLetGo: boolean;
  onLetGo: (name: string) => void;
  trans: TranslationBundle;
}

/** Who keeps a service by their word, until when, and a way to let it go. */
export function Pins(props: IHoldersProps): JSX.Element | null {
  const { now, person, service, trans } = props;
  const kept = pins(service);
  return kept.length === 0 ? null : (
    <div className="jp-GenAILab-pin">
      <ul>
        {kept.map((pin, index) => (
          <li key={index}>{pinWords(pin, person, now, trans)}</li>
        ))}
      </ul>
      {props.canLetGo && (
        <Button
          kind="link"
          aria-label={trans.__('Let %1 go', service.title)}
          onClick={() => props.onLetGo(service.name)}
        >
          {trans.__('Let go')}
        </Button>
      )}
    </div>
  );
}

/** Who uses a service, and who is only open and keeps nothing. */
export function Users(props: IHoldersProps): JSX.Element {
  const { service, trans } = props;
  const used = working(service);
  const idle = quiet(service);
  return (
    <>
      {used.length > 0 && (
        <Fact term={trans.__('Used by')}>
          <Names holders={used} {...props} />
        </Fact>
      )}
      {idle.length > 0 && (
        <Fact term={trans.__('Open, but quiet')}>
          <Names holders={idle} {...props} />
          {service.external_owner === null && (
            <p>
              {trans.__('It is not kept by them, and starts again when they call it.')}
            </p>
          )}
        </Fact>
      )}
    </>
  );
}

function Names(props: IHoldersProps & { holders: readonly HolderView[] }): JSX.Element {
  const { trans } = props;
  const words = props.holders.map(holder => {
    const name = nameWords(holder.label, props.person, trans);
    if (holder.kind === 'job') {
      return trans.__('%1 (makes an image)', name);
    }
    return holder.strength === 'suspended'
      ? trans.__('%1 (no sign of life)', name)
      : name;
  });
  return (
    <ul>
      {[...new Set(words)].map(word => (
        <li key={word}>{word}</li>
      ))}
    </ul>
  );
}
