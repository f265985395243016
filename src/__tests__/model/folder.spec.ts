import { PromiseDelegate } from '@lumino/coreutils';

import type { FolderIndex } from '../../_wire';
import { ApiError } from '../../api/request';
import { FolderModel } from '../../model/folder';
import { anIndex } from '../fixtures';

function setUp() {
  const asked: { folder: string; answer: PromiseDelegate<FolderIndex> }[] = [];
  const model = new FolderModel({
    load: folder => {
      const answer = new PromiseDelegate<FolderIndex>();
      asked.push({ folder, answer });
      return answer.promise;
    }
  });
  return { asked, model };
}

describe('the model of a folder', () => {
  it('asks for nothing while nobody looks', () => {
    const { asked, model } = setUp();
    model.folder = 'course';
    expect(asked).toEqual([]);
    expect(model.loading).toBe(false);
  });

  it('asks once when somebody looks, and not again for looking again', async () => {
    const { asked, model } = setUp();
    model.folder = 'course';
    model.open = true;
    expect(model.loading).toBe(true);
    asked[0].answer.resolve(anIndex());
    await asked[0].answer.promise;
    await Promise.resolve();
    expect(model.index?.folder).toBe('course');
    expect(model.loading).toBe(false);
    model.open = false;
    model.open = true;
    expect(asked).toHaveLength(1);
  });

  it('drops the answer for a folder that was left meanwhile', async () => {
    const { asked, model } = setUp();
    model.open = true;
    model.folder = 'next';
    expect(asked.map(({ folder }) => folder)).toEqual(['', 'next']);
    asked[1].answer.resolve(anIndex({ folder: 'next' }));
    asked[0].answer.resolve(anIndex({ folder: '' }));
    await Promise.all(asked.map(({ answer }) => answer.promise));
    await Promise.resolve();
    expect(model.index?.folder).toBe('next');
  });

  it('forgets a folder that was left while nobody looked', async () => {
    const { asked, model } = setUp();
    model.open = true;
    model.open = false;
    model.folder = 'next';
    asked[0].answer.resolve(anIndex());
    await asked[0].answer.promise;
    await Promise.resolve();
    expect(model.index).toBeNull();
    model.open = true;
    expect(asked[1].folder).toBe('next');
  });

  it('shows a large folder piece by piece, while somebody looks', async () => {
    const { asked, model } = setUp();
    const pieces: number[] = [];
    model.changed.connect(() => pieces.push(model.index?.notebooks.length ?? 0));
    model.open = true;
    asked[0].answer.resolve(anIndex({ notebooks: [], complete: false }));
    await asked[0].answer.promise;
    await Promise.resolve();
    expect(model.loading).toBe(true);
    model.open = false;
    asked[1].answer.resolve(anIndex({ complete: false }));
    await asked[1].answer.promise;
    await Promise.resolve();
    expect(pieces).toEqual([0, 0, 2]);
    expect(asked).toHaveLength(2);
    expect(model.loading).toBe(false);
    model.open = true;
    expect(asked).toHaveLength(3);
  });

  it('keeps what it knew when it cannot be read again, and says why', async () => {
    const { asked, model } = setUp();
    model.open = true;
    asked[0].answer.resolve(anIndex());
    await asked[0].answer.promise;
    await Promise.resolve();
    const again = model.refresh();
    asked[1].answer.reject(new ApiError('unreachable', 'gone', '', 0));
    await again;
    expect(model.problem?.code).toBe('unreachable');
    expect(model.index).not.toBeNull();
    expect(model.loading).toBe(false);
  });
});
