import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ConsentNeeded, WeightsView } from '../_wire';
import { CloudTerms } from '../components/CloudNotice';
import { LicenceLink } from '../components/ModelCard';
import { bytesWords } from '../components/bytes';
import { cloudQuestion } from '../components/cloudWords';

/** Ask before an image is built; true: a person said yes. */
export async function confirmBuild(
  title: string,
  trans: TranslationBundle
): Promise<boolean> {
  const answer = await showDialog({
    title: trans.__('Build the image of %1?', title),
    body: [
      trans.__('It takes from minutes to an hour, and many gigabytes of disk.'),
      trans.__('Its parts are downloaded; what runs goes on running meanwhile.')
    ].join('\n'),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Build') })]
  });
  return answer.button.accept;
}

/** Ask whether a cloud may draw, or be sent pictures, showing its terms; true: a person said yes. */
export async function confirmCloud(
  asked: ConsentNeeded,
  titleOf: (service: string) => string,
  trans: TranslationBundle
): Promise<boolean> {
  const answer = await showDialog({
    title: cloudQuestion(asked, trans),
    body: (
      <div className="jp-GenAILab-licence">
        <CloudTerms asked={asked} titleOf={titleOf} trans={trans} />
      </div>
    ),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Allow') })],
    // Enter must not spend what nobody meant to.
    defaultButton: 0
  });
  return answer.button.accept;
}

/** Ask whether a model's licence is accepted; true: a person said so by the word itself. */
export async function confirmLicence(
  model: WeightsView,
  trans: TranslationBundle
): Promise<boolean> {
  const { licence, licence_url: url, missing_bytes: bytes, title } = model;
  const answer = await showDialog({
    title: trans.__('The licence of %1', title),
    body: (
      <div className="jp-GenAILab-licence">
        <p>{trans.__('The model is published under:')}</p>
        <p>
          <LicenceLink licence={licence} url={url} />
        </p>
        <p>
          {trans.__(
            'Who fetches it accepts the licence for this machine and whoever uses it here.'
          )}
        </p>
        {bytes !== null && bytes > 0 && (
          <p>{trans.__('%1 are fetched.', bytesWords(bytes, trans))}</p>
        )}
      </div>
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Accept and Fetch') })
    ],
    // Enter must not accept what nobody has read.
    defaultButton: 0
  });
  return answer.button.accept;
}
