import type { INotebookTracker } from '@jupyterlab/notebook';
import { NotebookModel as SharedNotebook } from '@jupyterlab/notebook';
import type { PartialJSONValue } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import type { INotebookSource } from '../../api/notebooks';
import { NotebookModel } from '../../model/notebook';
import { TeacherModel } from '../../model/teacher';
import { NO_WORD } from '../../model/word';
import { aProfile } from '../fixtures';

/** A notebook panel as far as the models look at it, with a real document. */
class Panel {
  constructor(genai?: PartialJSONValue) {
    const { sharedModel } = this.context.model;
    sharedModel.setSource({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: genai === undefined ? {} : { genai },
      cells: [{ cell_type: 'code', source: 'first', metadata: {}, outputs: [] }]
    } as unknown as string);
    sharedModel.clearUndoHistory();
  }
  isDisposed = false;
  context = {
    isReady: true,
    localPath: 'a.ipynb',
    contentsModel: { writable: true },
    model: new SharedNotebook(),
    pathChanged: new Signal<object, string>({}),
    ready: Promise.resolve()
  };
  sessionContext = { session: null, kernelChanged: new Signal<object, unknown>({}) };
}

function setUp(panel: Panel | null) {
  const tracker = {
    currentWidget: panel,
    currentChanged: new Signal<object, unknown>({})
  };
  const asked: INotebookSource[] = [];
  const notebook = new NotebookModel({
    tracker: tracker as unknown as Pick<
      INotebookTracker,
      'currentChanged' | 'currentWidget'
    >,
    profile: async (_, source) => {
      asked.push(source);
      return aProfile();
    },
    quiet: 60_000
  });
  const teacher = new TeacherModel({ notebook });
  models.push(teacher, notebook);
  const bringToFront = (next: Panel | null) => {
    tracker.currentWidget = next;
    tracker.currentChanged.emit(next);
  };
  const shared = panel?.context.model.sharedModel as SharedNotebook['sharedModel'];
  return {
    asked,
    bringToFront,
    genai: () => shared.getMetadata('genai'),
    shared,
    teacher
  };
}

const models: { dispose(): void }[] = [];
const services = { ...NO_WORD, choice: 'services' as const, services: ['comfyui'] };

// The shared document warns of reads that it does itself while a cell is being added.
beforeAll(() => {
  jest.spyOn(console, 'warn').mockImplementation();
});

afterEach(() => {
  models.splice(0).forEach(model => model.dispose());
});

describe('what a teacher says of an open notebook', () => {
  it('stands in the open document, which is then not saved', () => {
    const { genai, shared, teacher } = setUp(new Panel({ level: 3 }));
    shared.dirty = false;
    expect(teacher.say(services)).toBe(true);
    expect(genai()).toEqual({ level: 3, services: ['comfyui'] });
    expect(shared.dirty).toBe(true);
    expect(teacher.word).toEqual(services);
    expect(teacher.say(services)).toBe(false);
  });

  it('is taken back wholly, with every key as it was', () => {
    const before = { level: 3, enabled: false, mode: 'demo' };
    const { genai, teacher } = setUp(new Panel(before));
    teacher.say(NO_WORD);
    expect(teacher.canUndo).toBe(true);
    expect(teacher.undo()).toBe(true);
    expect(genai()).toEqual(before);
    expect(teacher.canUndo).toBe(false);
    expect(teacher.undo()).toBe(false);
  });

  it('leaves no key where there was none', () => {
    const { shared, teacher } = setUp(new Panel());
    teacher.say(services);
    teacher.undo();
    expect('genai' in shared.getMetadata()).toBe(false);
  });

  it('is one step of the notebook’s own undo, and of its redo', () => {
    const { genai, shared, teacher } = setUp(new Panel({ level: 3 }));
    shared.insertCell(1, { cell_type: 'code', source: 'second' });
    teacher.say(services);
    shared.insertCell(2, { cell_type: 'code', source: 'third' });
    shared.undo();
    expect(shared.cells).toHaveLength(2);
    expect(genai()).toEqual({ level: 3, services: ['comfyui'] });
    shared.undo();
    expect(genai()).toEqual({ level: 3 });
    expect(shared.cells).toHaveLength(2);
    expect(teacher.canUndo).toBe(false);
    shared.redo();
    expect(genai()).toEqual({ level: 3, services: ['comfyui'] });
    shared.undo();
    shared.undo();
    expect(shared.cells).toHaveLength(1);
  });

  it('lets the notebook’s undo pass by what JupyterLab writes into the metadata', () => {
    const { genai, shared, teacher } = setUp(new Panel());
    teacher.say(services);
    shared.setMetadata('language_info', { name: 'python' });
    shared.setMetadata('kernelspec', { name: 'python3', display_name: 'Python 3' });
    shared.undo();
    expect(genai()).toBeUndefined();
    expect(shared.getMetadata('language_info')).toEqual({ name: 'python' });
    expect(shared.canUndo()).toBe(false);
  });

  it('is not taken back over a newer one', () => {
    const { genai, shared, teacher } = setUp(new Panel());
    teacher.say(services);
    shared.setMetadata('genai', { services: ['openai'] });
    expect(teacher.canUndo).toBe(false);
    expect(teacher.undo()).toBe(false);
    expect(genai()).toEqual({ services: ['openai'] });
  });

  it('is read at once, not after a pause in typing', async () => {
    const { asked, teacher } = setUp(new Panel());
    const told = jest.fn();
    teacher.changed.connect(told);
    teacher.say(services);
    expect(told).toHaveBeenCalled();
    expect(asked[asked.length - 1].metadata).toEqual({
      genai: { services: ['comfyui'] }
    });
  });

  it('is followed when somebody else writes it, and when another notebook comes', () => {
    const { bringToFront, shared, teacher } = setUp(new Panel());
    teacher.say(services);
    shared.setMetadata('genai', { enabled: false });
    expect(teacher.word.choice).toBe('off');
    bringToFront(new Panel({ mode: 'demo' }));
    expect(teacher.word).toEqual({ ...NO_WORD, mode: 'demo' });
    expect(teacher.canUndo).toBe(false);
    bringToFront(null);
    expect(teacher.lock).toBe('no_notebook');
    expect(teacher.say(services)).toBe(false);
  });

  it('cannot be said where the file is read-only', () => {
    const panel = new Panel();
    panel.context.contentsModel.writable = false;
    const { genai, teacher } = setUp(panel);
    expect(teacher.lock).toBe('read_only');
    expect(teacher.say(services)).toBe(false);
    expect(genai()).toBeUndefined();
  });

  it('takes the place of no foreign value', () => {
    const { genai, teacher } = setUp(new Panel('their own'));
    expect(teacher.lock).toBe('foreign');
    expect(teacher.say(services)).toBe(false);
    expect(genai()).toBe('their own');
  });
});
