import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';

import type { Locator, Page } from '@playwright/test';

import { cardOf, openPanel, panelOf } from '../tests/lab';
import { patchStatus, showOnly } from '../tests/machine';

const FOLDER =
  process.env.SCREENSHOTS ?? join(__dirname, '../test-results/docs-images');

/**
 * Take the picture `name` of a page or of a part of it, and write beside it what a person reads
 * there of ours: by that a later look finds out that the picture is old.
 */
export async function shot(target: Page | Locator, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${name}.png`);
  await target.screenshot({ path, animations: 'disabled', caret: 'hide' });
  const root = 'goto' in target ? target.locator('body') : target;
  const words = await root.evaluate(node => {
    const found = new Set<string>();
    const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const parent = texts.currentNode.parentElement;
      const place = parent?.getBoundingClientRect();
      const drawn = parent?.checkVisibility({ visibilityProperty: true }) ?? false;
      const seen =
        place && place.width > 1 && place.height > 1 && place.top < innerHeight;
      if (drawn && seen && parent?.closest('[class*="jp-GenAILab"]')) {
        found.add(texts.currentNode.textContent?.trim() ?? '');
      }
    }
    return Array.from(found);
  });
  writeFileSync(join(FOLDER, `${name}.json`), JSON.stringify(words));
}

/** Leave out what the server warns of: here it is other servers, which have the usual ports. */
export async function withoutWarnings(page: Page): Promise<void> {
  await patchStatus(page, {}, { warnings: [] });
}

/** Make the left side bar so wide that its text stands well on a page. */
export async function widen(page: Page, width = 380): Promise<void> {
  await openPanel(page);
  const bar = page.locator('#jp-main-split-panel > .lm-SplitPanel-handle').first();
  const box = await bar.boundingBox();
  const panel = await panelOf(page).boundingBox();
  if (box && panel) {
    await page.mouse.move(box.x + box.width / 2, 300);
    await page.mouse.down();
    await page.mouse.move(panel.x + width, 300, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(900, 20);
  }
}

/** Show one section of a wide panel alone, and return it. */
export async function section(page: Page, name: string): Promise<Locator> {
  await page.setViewportSize({ width: 1280, height: 1600 });
  await widen(page);
  await showOnly(page, name);
  return panelOf(page).getByRole('region', { name });
}

/** Unfold the card of a service, and return it. */
export async function unfolded(
  page: Page,
  service: string,
  title: string
): Promise<Locator> {
  const card = cardOf(page, service);
  await card.getByRole('button', { name: new RegExp(`^${title}`) }).click();
  await page.mouse.move(900, 20);
  return card;
}

interface INotebook {
  content: {
    activeCellIndex: number;
    widgets: { model: { sharedModel: { setSource(text: string): void } } }[];
  };
}

/** Run one cell of the notebook in front, with other code if given; not awaited. */
export async function runCell(page: Page, index: number, code = ''): Promise<void> {
  await page.evaluate(
    ([number, source]) => {
      const { content } = window.jupyterapp.shell.currentWidget as unknown as INotebook;
      content.activeCellIndex = number as number;
      if (source) {
        content.widgets[content.activeCellIndex].model.sharedModel.setSource(
          source as string
        );
      }
      void window.jupyterapp.commands.execute('notebook:run-cell');
    },
    [index, code]
  );
}
