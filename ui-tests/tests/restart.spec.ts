import { expect, test } from '@playwright/test';

import { cardOf, ON_PORT, openLab, openNotebook, openPanel, panelOf, run } from './lab';
import { OwnServer } from './ownServer';

test('a page recovers by itself when the server begins anew', async ({
  page
}, info) => {
  test.setTimeout(180_000);
  const server = new OwnServer(ON_PORT + 10);
  await server.start();
  try {
    await openLab(page, server.origin);
    await openPanel(page);
    await openNotebook(page, 'image.ipynb');
    await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
    await server.restart();
    // Nobody presses anything: the panel finds the new server, whose services are stopped.
    await expect(panelOf(page).getByRole('alert')).toHaveCount(0, { timeout: 60_000 });
    await expect(cardOf(page, 'comfyui').getByText(/^Stopped/)).toBeVisible({
      timeout: 60_000
    });
    await page.screenshot({ path: info.outputPath('after.png') });
    const card = cardOf(page, 'demo');
    await card.getByRole('button', { name: 'Start Demo engine' }).click();
    await expect(card.getByText(/^Ready/)).toBeVisible();
    await run(page, 'coursia-genai-lab:refresh');
  } finally {
    await server.stop();
  }
});
