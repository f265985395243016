import { NotebookModel } from '@jupyterlab/notebook';

import { grant, readWish } from '../../widgets/helper';

const VIEW = 'application/vnd.jupyter.widget-view+json';

function aNotebook(): NotebookModel {
  const model = new NotebookModel();
  model.fromJSON({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      { cell_type: 'markdown', source: 'words', metadata: {}, id: 'a' },
      {
        cell_type: 'code',
        source: 'GenerationPanel()',
        metadata: {},
        id: 'b',
        execution_count: 1,
        outputs: [
          { output_type: 'stream', name: 'stdout', text: 'x' },
          {
            output_type: 'display_data',
            data: { [VIEW]: { model_id: 'form', version_major: 2, version_minor: 0 } },
            metadata: {}
          }
        ]
      },
      { cell_type: 'code', source: 'last', metadata: {}, id: 'c', outputs: [] }
    ]
  } as never);
  return model;
}

const sources = (model: NotebookModel) =>
  model.sharedModel.cells.map(cell => cell.getSource());

describe('the form asks the front end', () => {
  const copy = jest.fn(async () => undefined);

  it('for a cell below its own, which undo takes back', async () => {
    const model = aNotebook();
    model.sharedModel.clearUndoHistory();
    const wish = { wish: 'cell', text: 'generate("a fox")', widget: 'form' } as const;
    expect(await grant(wish, model, copy)).toBe(true);
    expect(sources(model)).toEqual([
      'words',
      'GenerationPanel()',
      'generate("a fox")',
      'last'
    ]);
    model.sharedModel.undo();
    expect(sources(model)).toHaveLength(3);
    model.dispose();
  });

  it('for a cell in vain where no cell shows the form', async () => {
    const model = aNotebook();
    const wish = { wish: 'cell', text: 'code', widget: 'another' } as const;
    expect(await grant(wish, model, copy)).toBe(false);
    expect(sources(model)).toHaveLength(3);
    model.dispose();
  });

  it('for the clipboard, which the page may refuse', async () => {
    const model = aNotebook();
    const wish = { wish: 'clipboard', text: 'a fox', widget: 'form' } as const;
    expect(await grant(wish, model, copy)).toBe(true);
    expect(copy).toHaveBeenCalledWith('a fox');
    const refuse = async () => {
      throw new DOMException('no', 'NotAllowedError');
    };
    expect(await grant(wish, model, refuse)).toBe(false);
    model.dispose();
  });

  it.each([
    ['nothing', null],
    ['a word', 'cell'],
    ['another wish', { wish: 'shell', text: 'x', widget: 'form' }],
    ['a number for a text', { wish: 'cell', text: 5, widget: 'form' }],
    ['no widget', { wish: 'cell', text: 'x' }],
    ['an endless text', { wish: 'cell', text: 'x'.repeat(100_001), widget: 'form' }]
  ])('and is not heard when it sends %s', (_, data) => {
    expect(readWish(data)).toBeNull();
  });
});
