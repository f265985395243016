import { nullTranslator } from '@jupyterlab/translation';

import { engineTime, moneyWords, priceWords } from '../../components/moneyWords';

const trans = nullTranslator.load('coursia_genai_lab');

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [4, '$0.04'],
    [1.4056, '$0.014'],
    [0.05, '$0.0005'],
    [12.972000000000001, '$0.13'],
    [5000, '$50.00']
  ])('of %d cents is %s', (cents, words) => {
    expect(moneyWords(cents)).toBe(words);
  });

  it.each([
    [3.6146, 'at most $0.037 a picture'],
    [21.1085, 'at most $0.22 a picture'],
    [4, 'at most $0.04 a picture'],
    [0, 'free of charge'],
    [null, 'price not known']
  ])('for a picture of %s cents is never told too low', (cents, words) => {
    expect(priceWords(cents, trans)).toBe(words);
  });

  it('and no time at all is not called a second', () => {
    expect(engineTime(0, trans)).toBe('no time');
    expect(engineTime(0.2, trans)).not.toBe('no time');
  });
});
