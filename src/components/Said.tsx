import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** What the server says, in the reader's language where the catalogue has its words. */
export function said(text: string, trans: TranslationBundle): string {
  // A number behind a percent sign would be taken for a place to fill.
  // eslint-disable-next-line jupyter/no-dynamic-translation -- the catalogue lists them
  return /%\d/.test(text) ? text : trans._p('server', text);
}

/** The same as a part of the page, marked as English where it stays so. */
export function Said(props: { text: string; trans: TranslationBundle }): JSX.Element {
  const words = said(props.text, props.trans);
  return <span lang={words === props.text ? 'en' : undefined}>{words}</span>;
}
