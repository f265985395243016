import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** What the server says, in the reader's language where the catalogue has its words. */
export function said(text: string, trans: TranslationBundle): string {
  const told = /^Tell your teacher this code: (\w+)\.$/.exec(text);
  if (told) {
    return trans.__('Tell your teacher this code: %1.', told[1]);
  }
  // A number behind a percent sign would be taken for a place to fill.
  // eslint-disable-next-line jupyter/no-dynamic-translation -- the catalogue lists them
  return /%\d/.test(text) ? text : trans._p('server', text);
}

/** The same as a part of the page, marked as English where it stays so. */
export function Said(props: { text: string; trans: TranslationBundle }): JSX.Element {
  const words = said(props.text, props.trans);
  return <span lang={words === props.text ? 'en' : undefined}>{words}</span>;
}
