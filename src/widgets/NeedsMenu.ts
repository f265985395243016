import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../commands';
import type { IGenAILab } from '../tokens';

/** Show the teacher's choices for the notebook in front, below a part of the page. */
export function openNeedsMenu(options: {
  genai: Pick<IGenAILab, 'lab' | 'teacher'>;
  commands: CommandRegistry;
  anchor: HTMLElement;
  trans: TranslationBundle;
}): void {
  const { anchor, commands, genai, trans } = options;
  const menu = new MenuSvg({ commands });
  menu.title.label = trans.__('What this notebook needs');
  const choice = (value: string) =>
    menu.addItem({
      command: CommandIDs.setNeeds,
      args: { choice: value, short: true }
    });
  choice('auto');
  menu.addItem({ type: 'separator' });
  const services = genai.lab.snapshot?.services ?? [];
  const known = new Set(services.map(service => service.name));
  const { word } = genai.teacher;
  const unknown = word.services.filter(name => !known.has(name));
  for (const service of [...known, ...unknown]) {
    menu.addItem({ command: CommandIDs.toggleNeed, args: { service } });
  }
  menu.addItem({ type: 'separator' });
  choice('off');
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: CommandIDs.editNeeds });
  menu.aboutToClose.connect(() => {
    // Whoever came by the keyboard goes on where they were.
    anchor.focus();
    // Its item runs after it closed, and needs it until then.
    requestAnimationFrame(() => menu.dispose());
  });
  const { bottom, left } = anchor.getBoundingClientRect();
  menu.open(left, bottom);
}
