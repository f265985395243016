import type { Locator } from '@playwright/test';

import { expect, test } from './fixtures';
import {
  cardOf,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  panelOf,
  run
} from './lab';
import { aCrowdedMachine, GPUS } from './machine';

// A window of 1280 x 800 pixels, shown at 200 %.
test.use({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });

test.afterEach(async ({ request }) => leaveNothing(request));

test('at 200 % nothing sticks out, of the panel or of the dashboard', async ({
  page
}, info) => {
  await page.route(GPUS, route => route.fulfill({ json: aCrowdedMachine() }));
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  const panel = panelOf(page);
  const toggles = panel.locator('.jp-GenAILab-section-toggle');
  await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
  for (const toggle of await toggles.all()) {
    if ((await toggle.getAttribute('aria-expanded')) !== 'true') {
      await toggle.click();
    }
  }
  await expect(panel.getByText('ollama by marie')).toBeVisible();
  await page.screenshot({ path: info.outputPath('panel.png') });
  expect(await sticksOut(panel)).toEqual([]);
  await run(page, 'coursia-genai-lab:open-dashboard');
  const dashboard = page.locator('.jp-GenAILab-dashboard');
  await expect(dashboard.getByRole('heading').first()).toBeVisible();
  await page.screenshot({ path: info.outputPath('dashboard.png') });
  expect(await sticksOut(dashboard)).toEqual([]);
});

/** What reaches over the left or right border of a part of the page and can be seen there. */
async function sticksOut(part: Locator): Promise<string[]> {
  return part.evaluate(root => {
    const frame = root.getBoundingClientRect();
    const scrolled = (node: Element | null): boolean =>
      node !== null &&
      node !== root &&
      (getComputedStyle(node).overflowX !== 'visible' || scrolled(node.parentElement));
    return Array.from(root.querySelectorAll('*'))
      .filter(node => {
        const { left, right, width } = node.getBoundingClientRect();
        const out = left < frame.left - 1 || right > frame.right + 1;
        return width > 1 && out && !scrolled(node.parentElement);
      })
      .map(
        node => `${node.tagName}.${node.className}: ${node.textContent?.slice(0, 40)}`
      );
  });
}
