import {
  bytesHere,
  isVerified,
  splitModels,
  weightsInterval
} from '../../model/weights';
import { aFile, aList, aModel } from '../fixtures';

describe('the models', () => {
  it('are split into what needs attention, the needed first, and what is here', () => {
    const models = [
      aModel({ id: 'here', state: 'present' }),
      aModel({ id: 'extra', optional: true }),
      aModel({ id: 'needed' }),
      aModel({ id: 'checked', state: 'present', phase: 'checking' })
    ];
    const { here, open } = splitModels(models, null);
    expect(open.map(({ id }) => id)).toEqual(['needed', 'checked', 'extra']);
    expect(here.map(({ id }) => id)).toEqual(['here']);
    expect(splitModels(models, 'flux').open).toEqual([]);
  });

  it('are followed closely while one is on its way', () => {
    expect(weightsInterval(null)).toBe(30_000);
    expect(weightsInterval(aList())).toBe(30_000);
    expect(weightsInterval(aList({ models: [aModel({ state: 'fetching' })] }))).toBe(
      1500
    );
  });

  it('count what is here of all files, and are checked only as a whole', () => {
    const files = [aFile({ done_bytes: 5, verified: true }), aFile({ done_bytes: 7 })];
    expect(bytesHere(aModel({ files }))).toBe(12);
    expect(isVerified(aModel({ files }))).toBe(false);
    expect(isVerified(aModel({ files: [] }))).toBe(false);
    expect(isVerified(aModel({ files: files.slice(0, 1) }))).toBe(true);
  });
});
