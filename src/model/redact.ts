/** What stands for a secret. */
const HIDDEN = '[…]';

/** What looks like a secret, and the part of it that may stay. */
const SECRETS: readonly [RegExp, string][] = [
  // Keys and tokens that begin as providers, hubs and this Lab begin theirs.
  [/\b(?:sk|pk|rk|hf|cgl|ghp|gho|github_pat|xox[abp])[-_][\w-]{8,}/g, HIDDEN],
  [/\b(Bearer|Basic|token)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  // The user and the password of an address.
  [/(\w:\/\/)[^\s/@]+@/g, `$1${HIDDEN}@`],
  [
    /\b([\w-]*(?:token|key|secret|password|passwd|pwd|auth)["']?\s*[=:]\s*["']?)[^\s"'&,;]{4,}/gi,
    `$1${HIDDEN}`
  ],
  // Whose account it is helps nobody who helps.
  [/((?:^|[\s"'(=:])\/(?:home|Users)\/)[^\s/"')]+/g, `$1${HIDDEN}`]
];

/** Return a text without what looks like a secret, to be sent to whoever helps. */
export function redact(text: string): string {
  return SECRETS.reduce(
    (told, [pattern, instead]) => told.replace(pattern, instead),
    text
  );
}
