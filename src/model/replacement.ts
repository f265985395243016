/** A quoted address: prefix of the string, quote, what follows host and port. */
const ADDRESS = /([rRuUfF]{0,2})(["'])https?:\/\/[^"'/\s{}]+(\/[^"']*)?\2/g;

/** Excerpts are cut here: a line as long may go on. */
const CUT = 120;

/**
 * Return the line of Python that takes an address from a variable in place of a fixed one; null
 * where the line holds no whole address, or several.
 */
export function replacementOf(line: string, variable: string): string | null {
  const found = [...line.matchAll(ADDRESS)];
  if (found.length !== 1 || line.length >= CUT) {
    return null;
  }
  const [whole, prefix, quote, rest] = found[0];
  const address = `os.environ["${variable}"]`;
  const instead = rest ? `${address} + ${prefix}${quote}${rest}${quote}` : address;
  return line.replace(whole, () => instead).trim();
}
