import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ModelInfo, ServiceView, UsageView } from '../_wire';

import { CloudFacts } from './CloudFacts';
import { CopyButton } from './CopyButton';
import { Fact } from './Fact';
import { Pins, Users } from './Holders';
import { Notice } from './Notice';
import { Said } from './Said';
import { sizeWords } from './needsWords';
import { shortId } from './planWords';
import { problemHeadline } from './problems';
import { runtimeWord } from './words';

export interface IServiceFactsProps {
  service: ServiceView;
  /** Title of the service that answers in its place, if one does. */
  standIn: string | null;
  /** Who looks. */
  person: string;
  /** Unix seconds. */
  now: number;
  /** Whether this person may keep services and let them go. */
  mayKeep: boolean;
  /** What the GPUs are called, by their UUIDs. */
  gpuNames: ReadonlyMap<string, string>;
  /** The models that may be named in a call; null: not known yet. */
  offers: readonly ModelInfo[] | null;
  usage: UsageView | null;
  onLetGo: (name: string) => void;
  trans: TranslationBundle;
}

/** The facts of a service that one looks up: what it is, where, for whom. */
export function ServiceFacts(props: IServiceFactsProps): JSX.Element {
  const { service, trans } = props;
  const runtime = runtimeWord(service, trans);
  const vram = service.stand_in === null ? service.gpu_vram_mib : null;
  return (
    <div className="jp-GenAILab-facts">
      {service.summary && (
        <p>
          <Said text={service.summary} trans={trans} />
        </p>
      )}
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
      <Pins {...props} canLetGo={props.mayKeep} />
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
          <Fact term={trans.__('GPU memory')}>{sizeWords(vram, trans)}</Fact>
        )}
        {service.gpus.length > 0 && (
          <Fact term={trans.__('Runs on')}>
            <span title={service.gpus.join('\n')}>
              {service.gpus
                .map(id => props.gpuNames.get(id) ?? trans.__('GPU %1', shortId(id)))
                .join(', ')}
            </span>
          </Fact>
        )}
        {service.kind === 'local' && service.models.length > 0 && (
          <Fact term={trans.__('Models')}>
            <ul>
              {service.models.map(model => (
                <li key={model.id} title={model.id}>
                  {service.missing_models.includes(model.id)
                    ? trans.__('%1 (missing)', model.title)
                    : model.title}
                </li>
              ))}
            </ul>
          </Fact>
        )}
        <Users {...props} canLetGo={props.mayKeep} />
      </dl>
      {service.kind === 'cloud' && <CloudFacts {...props} />}
    </div>
  );
}
