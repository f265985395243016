import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../commands';
import { canBeKept, pins } from '../model/holders';
import { KEEP_CHOICES } from '../model/keep';
import type { IGenAILab } from '../tokens';

/** Show what else can be done with a service, below a part of the page. */
export function openServiceMenu(options: {
  genai: Pick<IGenAILab, 'lab'>;
  commands: CommandRegistry;
  name: string;
  anchor: HTMLElement;
  trans: TranslationBundle;
}): void {
  const { anchor, commands, genai, name, trans } = options;
  const service = genai.lab.service(name);
  if (!service) {
    return;
  }
  const menu = new MenuSvg({ commands });
  menu.title.label = trans.__('More about %1', service.title);
  if (canBeKept(service)) {
    for (const keep of KEEP_CHOICES) {
      menu.addItem({ command: CommandIDs.pinService, args: { name, keep } });
    }
  }
  if (pins(service).length > 0) {
    menu.addItem({ command: CommandIDs.unpinService, args: { name } });
  }
  menu.addItem({ type: 'separator' });
  if (service.can_stop) {
    menu.addItem({
      command: CommandIDs.restartService,
      args: { name, label: trans.__('Restart') }
    });
  }
  if (service.can_build && genai.lab.snapshot?.role === 'admin') {
    menu.addItem({
      command: CommandIDs.buildImage,
      args: { name, label: trans.__('Build Image…') }
    });
  }
  if (service.models.length > 0) {
    menu.addItem({
      command: CommandIDs.showModels,
      args: { service: name, label: trans.__('Models') }
    });
  }
  menu.addItem({ command: CommandIDs.showTimeline, args: { service: name } });
  menu.aboutToClose.connect(() => {
    // Whoever came by the keyboard goes on where they were.
    anchor.focus();
    // Its item runs after it closed, and needs it until then.
    requestAnimationFrame(() => menu.dispose());
  });
  const { bottom, left } = anchor.getBoundingClientRect();
  menu.open(left, bottom);
}
