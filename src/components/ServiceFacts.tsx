import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { HolderView, ServiceView } from '../_wire';

import { CopyButton } from './CopyButton';
import { Notice } from './Notice';
import { problemHeadline } from './problems';
import { durationWords, runtimeWord } from './words';

export interface IServiceFactsProps {
  service: ServiceView;
  /** Title of the service that answers in its place, if one does. */
  standIn: string | null;
  trans: TranslationBundle;
}

/** The facts of a service that one looks up: what it is, where, for whom. */
export function ServiceFacts(props: IServiceFactsProps): JSX.Element {
  const { service, trans } = props;
  const runtime = runtimeWord(service, trans);
  const vram = service.stand_in === null ? service.gpu_vram_mib : null;
  const stops = service.stops_in_seconds;
  return (
    <div className="jp-GenAILab-facts">
      {service.summary && <p lang="en">{service.summary}</p>}
      {props.standIn && (
        <>
          <p>{trans.__('%1 answers in its place.', props.standIn)}</p>
          {service.stand_in_reason && (
            <Notice
              kind="info"
              headline={problemHeadline(service.stand_in_reason.code, trans)}
              message={service.stand_in_reason.message}
              remedy={service.stand_in_reason.remedy}
              command={service.stand_in_reason.command}
              code={service.stand_in_reason.code}
              trans={trans}
            />
          )}
        </>
      )}
      <dl>
        {service.door && (
          <Fact term={trans.__('Address')}>
            <code title={service.door}>{service.door.replace(/^https?:\/\//, '')}</code>
            <CopyButton
              text={service.door}
              label={trans.__('Copy the address')}
              trans={trans}
            />
          </Fact>
        )}
        {runtime && <Fact term={trans.__('Runs as')}>{runtime}</Fact>}
        {vram !== null && (
          <Fact term={trans.__('GPU memory')}>
            {trans.__('%1 GiB', (vram / 1024).toFixed(1))}
          </Fact>
        )}
        {service.models.length > 0 && (
          <Fact term={trans.__('Models')}>
            <ul>
              {service.models.map(model => (
                <li key={model.id} title={model.id}>
                  {model.title}
                </li>
              ))}
            </ul>
          </Fact>
        )}
        {service.holders.length > 0 && (
          <Fact term={trans.__('Used by')}>
            <ul>
              {service.holders.map((holder, index) => (
                <li key={index}>{holderWords(holder, trans)}</li>
              ))}
            </ul>
          </Fact>
        )}
        {stops !== null && (
          <Fact term={trans.__('Stops in')}>{durationWords(stops, trans)}</Fact>
        )}
      </dl>
    </div>
  );
}

function Fact(props: { term: string; children: React.ReactNode }): JSX.Element {
  return (
    <div className="jp-GenAILab-fact">
      <dt>{props.term}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function holderWords(holder: HolderView, trans: TranslationBundle): string {
  if (holder.kind === 'pin') {
    return trans.__('Kept by %1', holder.label);
  }
  return holder.active ? holder.label : trans.__('%1 (idle)', holder.label);
}
