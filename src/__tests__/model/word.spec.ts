import {
  countingServices,
  isSaid,
  NO_WORD,
  readWord,
  toggled,
  withWord
} from '../../model/word';

const course = { level: 3, module: 'images', enabled: true };

describe('the word of a teacher in metadata.genai', () => {
  it('is silent where there is none, or none that is understood', () => {
    for (const genai of [undefined, null, 'yes', [], {}, course, { mode: 'fast' }]) {
      expect(readWord(genai)).toEqual(NO_WORD);
    }
    expect(isSaid(NO_WORD)).toBe(false);
  });

  it('is read key by key', () => {
    const genai = { services: ['a', 'b', 'a'], mode: 'demo', fallback: 'never' };
    expect(readWord(genai)).toEqual({
      choice: 'services',
      services: ['a', 'b'],
      mode: 'demo',
      fallback: 'never'
    });
    expect(readWord({ ...genai, enabled: false }).choice).toBe('off');
  });

  it.each([
    { ...NO_WORD, choice: 'services' as const, services: ['a'] },
    { ...NO_WORD, choice: 'off' as const },
    { choice: 'off' as const, services: ['a'], mode: 'demo' as const, fallback: null },
    { ...NO_WORD, fallback: 'ask' as const }
  ])('is read as it was written, and keeps the keys of the course', word => {
    const written = withWord({ level: 3, module: 'images' }, word);
    expect(readWord(written)).toEqual(word);
    expect(written).toMatchObject({ level: 3, module: 'images' });
    expect(isSaid(word)).toBe(true);
  });

  it('leaves nothing of its own behind, and no empty object', () => {
    const said = { services: ['a'], mode: 'demo', fallback: 'ask', enabled: false };
    expect(withWord(said, NO_WORD)).toBeUndefined();
    expect(withWord(course, NO_WORD)).toEqual(course);
    expect(withWord({ ...course, ...said }, NO_WORD)).toEqual(course);
  });

  it('leaves the object that it was given as it was', () => {
    const before = { services: ['a'] };
    withWord(before, { ...NO_WORD, choice: 'off' });
    expect(before).toEqual({ services: ['a'] });
  });

  it('begins a list at what the code shows', () => {
    expect(toggled(NO_WORD, 'b', ['a']).services).toEqual(['a', 'b']);
    expect(toggled(NO_WORD, 'a', ['a'])).toMatchObject({
      choice: 'services',
      services: []
    });
    const off = { ...NO_WORD, choice: 'off' as const, services: ['a'] };
    expect(toggled(off, 'b', ['a']).services).toEqual(['b']);
    expect(countingServices(off, ['a'])).toEqual([]);
  });
});
