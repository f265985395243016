/** Let the browser save a file under a name. */
export function keepFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then; a page that stays open must not hold it.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
