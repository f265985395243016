import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Evidence, ServiceView } from '../_wire';
import { replacementOf } from '../model/replacement';

import { CopyButton } from './CopyButton';
import { EvidenceList } from './EvidenceList';

export interface ILiteralAddressesProps {
  addresses: readonly Evidence[];
  services: readonly ServiceView[];
  /** What the cells are written in; empty: not known. */
  language: string;
  onReveal: (evidence: Evidence) => void;
  trans: TranslationBundle;
}

/** Addresses that a notebook holds itself, each with the line that takes it from a variable. */
export function LiteralAddresses(props: ILiteralAddressesProps): JSX.Element {
  const { addresses, language, services, trans } = props;
  const find = (name: string) => services.find(service => service.name === name);
  const lines = addresses.flatMap(({ cell, excerpt, line, service }) => {
    const variable = find(service)?.door_variable;
    const text =
      variable && (language === '' || language === 'python')
        ? replacementOf(excerpt, variable)
        : null;
    return text ? [{ cell, line, text }] : [];
  });
  return (
    <>
      <h4 className="jp-GenAILab-subheading">
        {trans.__('Addresses that no variable can reach')}
      </h4>
      <EvidenceList
        evidence={addresses}
        titleOf={name => find(name)?.title ?? name}
        onReveal={props.onReveal}
        trans={trans}
      />
      {lines.length > 0 && (
        <>
          <p className="jp-GenAILab-small">
            {trans.__(
              'They work wherever the service is, if they read (after “import os”):'
            )}
          </p>
          <ul className="jp-GenAILab-lines">
            {lines.map(({ cell, line, text }) => (
              <li key={`${cell} ${line}`} className="jp-GenAILab-notice-command">
                <code>{text}</code>
                <CopyButton
                  text={text}
                  label={trans.__('Copy the line for cell %1, line %2', cell + 1, line)}
                  trans={trans}
                />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
