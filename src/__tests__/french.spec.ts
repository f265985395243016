import { englishTexts, frenchCatalogue } from './strings';

const placeholders = (text: string) => [...new Set(text.match(/%\d/g) ?? [])].sort();

describe('the French catalogue', () => {
  const english = englishTexts();
  const { head, texts } = frenchCatalogue();

  it('translates every text of the sources and the settings, and nothing else', () => {
    // What the server says is looked for in its own sources, by tests/test_server_words.py.
    const own = Object.keys(texts).filter(key => !key.startsWith('server\u0004'));
    expect(own.sort()).toEqual(english);
  });

  it('has a header that JupyterLab accepts', () => {
    // With an underscore in the language the file is served and silently unused.
    expect(head).toMatchObject({ domain: 'coursia_genai_lab', language: 'fr-FR' });
  });

  it('keeps every placeholder', () => {
    for (const [key, forms] of Object.entries(texts)) {
      if (key === 'server\u0004Sentences with values') {
        continue;
      }
      for (const form of forms) {
        expect({ key, has: placeholders(form) }).toEqual({
          key,
          has: placeholders(key)
        });
      }
    }
  });

  it('has two forms for a text that counts', () => {
    const counting = Object.entries(texts).filter(([, forms]) => forms.length > 1);
    expect(counting.length).toBeGreaterThan(0);
    for (const [key, forms] of counting) {
      expect({ key, forms: forms.length }).toEqual({ key, forms: 2 });
      expect(key).toContain('%1');
    }
  });

  it('keeps French punctuation on the line of its word', () => {
    // An unbreakable space: a line that begins with a colon is no French.
    const loose = Object.values(texts)
      .flat()
      .filter(text => / [:;?!»]|« | %(?!\d)/.test(text));
    expect(loose).toEqual([]);
  });

  it('leaves nothing empty', () => {
    expect(
      Object.values(texts)
        .flat()
        .filter(text => !text.trim())
    ).toEqual([]);
  });
});
