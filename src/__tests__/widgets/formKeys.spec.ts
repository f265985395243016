import { CommandRegistry } from '@lumino/commands';

import { guardForm } from '../../widgets/formKeys';

/** A notebook with a form in it, and JupyterLab's own way of hearing keys. */
function setUp() {
  document.body.innerHTML = `
    <div class="jp-Notebook">
      <button id="outside">cell</button>
      <div class="jp-GenAILab-form">
        <select id="model"><option>a</option></select>
        <button class="jp-GenAILab-generate">Generate</button>
      </div>
    </div>`;
  const commands = new CommandRegistry();
  const ran: string[] = [];
  const bind = (id: string, keys: string[]) => {
    commands.addCommand(id, {
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => void ran.push(id)
    });
    commands.addKeyBinding({ command: id, keys, selector: '.jp-Notebook :focus' });
  };
  bind('cut', ['X']);
  bind('run', ['Ctrl Enter']);
  bind('save', ['Ctrl S']);
  const hear = (event: KeyboardEvent) => commands.processKeydownEvent(event);
  window.addEventListener('keydown', guardForm, true);
  document.addEventListener('keydown', hear, true);
  const press = (id: string, key: string, more: KeyboardEventInit = {}) => {
    const keyCode = key === 'Enter' ? 13 : key.toUpperCase().charCodeAt(0);
    const event = new KeyboardEvent('keydown', {
      key,
      keyCode,
      bubbles: true,
      cancelable: true,
      ...more
    } as KeyboardEventInit);
    const target = document.getElementById(id);
    target?.focus();
    target?.dispatchEvent(event);
    return event;
  };
  cleanUp = () => {
    window.removeEventListener('keydown', guardForm, true);
    document.removeEventListener('keydown', hear, true);
  };
  return { press, ran };
}

let cleanUp = () => {};

afterEach(() => cleanUp());

describe('a key in the form', () => {
  it('is the form’s own where it would cut the cell', () => {
    const { press, ran } = setUp();
    expect(press('model', 'x').defaultPrevented).toBe(false);
    expect(ran).toEqual([]);
    press('outside', 'x');
    expect(ran).toEqual(['cut']);
  });

  it('is JupyterLab’s where it is a command', () => {
    const { press, ran } = setUp();
    press('model', 'x');
    press('model', 's', { ctrlKey: true });
    expect(ran).toEqual(['save']);
  });

  it('starts the form, and does not run its cell, as Ctrl+Enter', () => {
    const { press, ran } = setUp();
    const clicked = jest.fn();
    document.querySelector('.jp-GenAILab-generate')?.addEventListener('click', clicked);
    press('model', 'Enter', { ctrlKey: true });
    expect(clicked).toHaveBeenCalledTimes(1);
    press('outside', 'Enter', { ctrlKey: true });
    expect(clicked).toHaveBeenCalledTimes(1);
    expect(ran).toEqual(['run']);
  });
});
