import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookModel as SharedNotebook } from '@jupyterlab/notebook';
import type { ISharedCodeCell } from '@jupyter/ydoc';
import type { IChangedArgs } from '@jupyterlab/coreutils';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import type { Profile } from '../../_wire';
import type { INotebookSource } from '../../api/notebooks';
import { ApiError } from '../../api/request';
import { NotebookModel } from '../../model/notebook';
import { aProfile } from '../fixtures';

/** A notebook panel as far as the model looks at it: a real document, a kernel that may change. */
class Panel {
  constructor(public path: string) {
    this.document.sharedModel.insertCell(0, { cell_type: 'code', source: 'first' });
  }
  document = new SharedNotebook();
  isDisposed = false;
  kernel: { id: string } | null = { id: 'kernel 1' };
  loaded = new PromiseDelegate<void>();
  pathChanged = new Signal<this, string>(this);
  context = {
    isReady: true,
    localPath: this.path,
    model: this.document,
    pathChanged: this.pathChanged,
    ready: this.loaded.promise
  };
  sessionContext = {
    session: { kernel: this.kernel },
    kernelChanged: new Signal<this, IChangedArgs<unknown>>(this)
  };
}

/** A window with notebooks in it, and a server that says what they need. */
function setUp() {
  const asked: { path: string; source: INotebookSource }[] = [];
  const server = { answer: aProfile() as Profile | ApiError };
  const tracker = {
    currentWidget: null as Panel | null,
    currentChanged: new Signal<object, Panel | null>({})
  };
  const model = new NotebookModel({
    tracker: tracker as unknown as Pick<
      INotebookTracker,
      'currentChanged' | 'currentWidget'
    >,
    profile: async (path, source) => {
      asked.push({ path, source });
      if (server.answer instanceof ApiError) {
        throw server.answer;
      }
      return server.answer;
    },
    quiet: 1
  });
  models.push(model);
  const bringToFront = (panel: Panel | null) => {
    tracker.currentWidget = panel;
    panel?.loaded.resolve();
    tracker.currentChanged.emit(panel);
  };
  return { asked, bringToFront, model, server };
}

function until(model: NotebookModel, holds: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (holds()) {
        model.changed.disconnect(look);
        resolve();
      }
    };
    model.changed.connect(look);
    look();
  });
}

const models: NotebookModel[] = [];

// The shared document warns of reads that it does itself while a cell is being added.
beforeAll(() => {
  jest.spyOn(console, 'warn').mockImplementation();
});

afterEach(() => {
  models.splice(0).forEach(model => model.dispose());
});

describe('the model of the notebook in front', () => {
  it('knows nothing where there is no notebook', () => {
    const { model } = setUp();
    expect(model.panel).toBeNull();
    expect(model.profile).toBeNull();
    expect(model.kernel).toBeNull();
  });

  it('asks what a notebook needs when it comes to the front', async () => {
    const { asked, bringToFront, model } = setUp();
    const panel = new Panel('course/image.ipynb');
    bringToFront(panel);
    expect(model.panel).toBe(panel as unknown as NotebookPanel);
    await until(model, () => model.profile !== null);
    expect(asked).toHaveLength(1);
    expect(asked[0].path).toBe('course/image.ipynb');
    expect(asked[0].source.cells).toEqual([{ cell_type: 'code', source: 'first' }]);
    expect(model.name).toBe('image.ipynb');
    expect(model.kernel?.id).toBe('kernel 1');
  });

  it('asks again after an edit, and not after an output', async () => {
    const { asked, bringToFront, model, server } = setUp();
    const panel = new Panel('a.ipynb');
    bringToFront(panel);
    await until(model, () => model.profile !== null);
    const { sharedModel } = panel.document;
    const cell = sharedModel.getCell(0) as ISharedCodeCell;
    cell.setOutputs([{ output_type: 'stream', name: 'stdout', text: 'hello' }]);
    server.answer = aProfile({ type: 'HYBRID' });
    sharedModel.insertCell(1, { cell_type: 'code', source: 'second' });
    await until(model, () => model.profile?.type === 'HYBRID');
    expect(asked).toHaveLength(2);
    expect(asked[1].source.cells.map(({ source }) => source)).toEqual([
      'first',
      'second'
    ]);
  });

  it('forgets the needs of the notebook before', async () => {
    const { bringToFront, model } = setUp();
    bringToFront(new Panel('a.ipynb'));
    await until(model, () => model.profile !== null);
    bringToFront(null);
    expect(model.profile).toBeNull();
    expect(model.panel).toBeNull();
  });

  it('says why it does not know', async () => {
    const { bringToFront, model, server } = setUp();
    server.answer = new ApiError('invalid_request', 'No.', '', 400);
    bringToFront(new Panel('a.ipynb'));
    await until(model, () => model.problem !== null);
    expect(model.problem?.code).toBe('invalid_request');
    expect(model.profile).toBeNull();
  });

  it('reads it again once the server answers, and not what the server refused', async () => {
    const { asked, bringToFront, model, server } = setUp();
    server.answer = new ApiError('unreachable', 'No answer.', '', 0);
    bringToFront(new Panel('a.ipynb'));
    await until(model, () => model.problem !== null);
    server.answer = new ApiError('invalid_request', 'No.', '', 400);
    await model.follow();
    expect(model.problem?.code).toBe('invalid_request');
    server.answer = aProfile();
    await model.follow();
    expect(asked).toHaveLength(2);
    await model.refresh();
    expect(model.profile).not.toBeNull();
  });

  it('tells of another kernel', async () => {
    const { bringToFront, model } = setUp();
    const panel = new Panel('a.ipynb');
    bringToFront(panel);
    await until(model, () => model.profile !== null);
    panel.sessionContext.session.kernel = { id: 'kernel 2' };
    const told = until(model, () => model.kernel?.id === 'kernel 2');
    panel.sessionContext.kernelChanged.emit({
      name: 'kernel',
      oldValue: null,
      newValue: null
    });
    await told;
  });
});
