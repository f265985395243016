import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { WeightsView } from '../_wire';
import { isMoving } from '../model/weights';

import { Fact } from './Fact';
import { Notice } from './Notice';
import { Progress } from './Progress';
import { Said } from './Said';
import { fileWords, modelAnnounced, modelOutlook, modelProgress } from './modelWords';
import { problemHeadline } from './problems';
import { dateAndTime } from './when';

export interface IModelActions {
  /** Bring what is missing; asks for the licence first where it must. */
  onFetchModel: (id: string) => void;
  onCancelFetch: (id: string) => void;
  onVerifyModel: (id: string) => void;
}

export interface IModelCardProps extends IModelActions {
  model: WeightsView;
  /** The title of a service. */
  titleOf: (service: string) => string;
  /** Whether this person may fetch. */
  mayFetch: boolean;
  trans: TranslationBundle;
}

/** One model: whether it is here, what is missing, how it comes, what stands in the way. */
export function ModelCard(props: IModelCardProps): JSX.Element {
  const { model, trans } = props;
  const [open, setOpen] = React.useState(false);
  const factsId = `jp-GenAILab-model-${model.id}`;
  return (
    <li className="jp-GenAILab-model" data-state={model.state} data-model={model.id}>
      <button
        type="button"
        className="jp-GenAILab-card-toggle"
        aria-expanded={open}
        aria-controls={factsId}
        onClick={() => setOpen(!open)}
      >
        <span className="jp-GenAILab-mark" data-mark={model.state} aria-hidden="true" />
        <span className="jp-GenAILab-card-title">{model.title}</span>
        <span className="jp-GenAILab-card-state">{modelOutlook(model, trans)}</span>
      </button>
      {isMoving(model) && (
        <Progress
          label={trans.__('Progress of %1', model.title)}
          text={modelProgress(model, trans)}
          announced={modelAnnounced(model, trans)}
          percent={model.percent}
        />
      )}
      <Obstacle {...props} />
      {props.mayFetch && <Buttons {...props} />}
      <div id={factsId} hidden={!open}>
        {open && <Facts {...props} />}
      </div>
    </li>
  );
}

/** What stands in the way of a fetch, or what went wrong with the last one. */
function Obstacle({ model, trans }: IModelCardProps): JSX.Element | null {
  const { problem } = model;
  if (problem) {
    return (
      <Notice
        kind={model.state === 'wrong' ? 'error' : 'warning'}
        headline={problemHeadline(problem.code, trans)}
        message={problem.message}
        remedy={problem.remedy}
        command={problem.command}
        code={problem.code}
        trans={trans}
      />
    );
  }
  return model.token_missing && model.state !== 'present' ? (
    <Notice
      kind="info"
      headline={trans.__('Its source wants a token')}
      message={trans.__(
        'Accept its conditions at the source, then write HF_TOKEN=… into the file .env.genai-extension of the folder that GenAILab.secrets_path names.'
      )}
      trans={trans}
    />
  ) : null;
}

function Buttons(props: IModelCardProps): JSX.Element | null {
  const { model, trans } = props;
  const { id, state, title } = model;
  if (isMoving(model)) {
    return (
      <Row>
        <Button
          label={trans.__('Cancel')}
          about={
            state === 'fetching'
              ? trans.__('Cancel the fetch of %1', title)
              : trans.__('Cancel the check of %1', title)
          }
          onClick={() => props.onCancelFetch(id)}
        />
      </Row>
    );
  }
  const again = state === 'wrong';
  const resumes = state === 'partial';
  return (
    <Row>
      {state !== 'present' && model.can_fetch && (
        <Button
          accept
          label={
            resumes
              ? trans.__('Resume')
              : again
                ? trans.__('Fetch again')
                : model.must_accept
                  ? trans.__('Fetch…')
                  : trans.__('Fetch')
          }
          about={trans.__('Fetch %1', title)}
          onClick={() => props.onFetchModel(id)}
        />
      )}
      {(state === 'present' || again) && (
        <Button
          label={trans.__('Check')}
          about={trans.__('Check the files of %1', title)}
          onClick={() => props.onVerifyModel(id)}
        />
      )}
    </Row>
  );
}

function Row(props: { children: React.ReactNode }): JSX.Element {
  return <div className="jp-GenAILab-model-actions">{props.children}</div>;
}

function Button(props: {
  label: string;
  /** The label with what it is about, for whoever does not see where it stands. */
  about: string;
  accept?: boolean;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className={`jp-mod-styled jp-GenAILab-button${props.accept ? ' jp-mod-accept' : ''}`}
      aria-label={props.about}
      title={props.about}
      onClick={props.onClick}
    >
      {props.label}
    </button>
  );
}

function Facts(props: IModelCardProps): JSX.Element {
  const { model, titleOf, trans } = props;
  const { licence, licence_url: url } = model;
  const sources = [...new Set(model.files.flatMap(({ source }) => source ?? []))];
  return (
    <div className="jp-GenAILab-facts">
      <dl>
        <Fact term={trans.__('For')}>{model.services.map(titleOf).join(', ')}</Fact>
        {licence && (
          <Fact term={trans.__('Licence')}>
            <LicenceLink licence={licence} url={url} />
            {model.accepted_by !== null && model.accepted_at !== null && (
              <p title={dateAndTime(model.accepted_at)}>
                {trans.__('Accepted by %1', model.accepted_by)}
              </p>
            )}
          </Fact>
        )}
        <Fact term={trans.__('From')}>
          {sources.join(', ') || trans.__('An administrator has to bring it.')}
        </Fact>
        <Fact term={trans.__('Files')}>
          <ul>
            {model.files.map(file => (
              <li key={`${file.folder}/${file.name}`} title={file.folder}>
                {file.folder}/{file.name}
                <br />
                <span className="jp-GenAILab-small">{fileWords(file, trans)}</span>
                {file.problem && (
                  <p>
                    <Said text={file.problem.message} trans={trans} />{' '}
                    <Said text={file.problem.remedy} trans={trans} />
                  </p>
                )}
              </li>
            ))}
          </ul>
        </Fact>
      </dl>
    </div>
  );
}

/** A licence's name, leading to its text where that is on the web. */
export function LicenceLink(props: {
  licence: string;
  url: string | null;
}): JSX.Element {
  const { licence, url } = props;
  return url !== null && /^https:\/\//.test(url) ? (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {licence || url}
    </a>
  ) : (
    <>{licence}</>
  );
}
