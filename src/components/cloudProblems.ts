import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * What is wrong with a cloud, what it may cost, or what the class's policy says of it, in the
 * reader's language; null for a code that means something else.
 */
export function cloudHeadline(code: string, trans: TranslationBundle): string | null {
  switch (code) {
    case 'quota_exceeded':
      return trans.__('What you may use is used up for now');
    case 'price_unknown':
      return trans.__('Nobody knows what it would cost');
    default:
      return null;
  }
}
