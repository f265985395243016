import type { Page } from '@playwright/test';

import { expect, test } from './fixtures';
import {
  cardOf,
  HEADERS,
  leaveNothing,
  makeNotebook,
  openLab,
  openNotebook,
  openPanel,
  panelOf,
  run,
  runAllCells
} from './lab';

const GIVEN = /The kernel was given \d+ variables/;

const ASKS = `import os, requests
base = os.environ["COMFYUI_API_URL"]
headers = {"Authorization": "Bearer " + os.environ["COMFYUI_AUTH_TOKEN"]}
print(requests.get(base + "/system_stats", headers=headers, timeout=60).status_code)
answer = requests.post(base + "/prompt", json={"prompt": {}}, headers=headers, timeout=60)
`;

test.beforeEach(async ({ request }) => {
  await makeNotebook(request, 'asks.ipynb', ASKS);
});

test.afterEach(async ({ request }) => {
  await leaveNothing(request);
  for (const name of ['asks.ipynb', 'renamed.ipynb']) {
    await request.delete(`/api/contents/${name}`, { headers: HEADERS });
  }
});

test('a restarted kernel has its addresses again, and they work', async ({ page }) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'asks.ipynb');
  await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
  await page.evaluate(() => {
    void window.jupyterapp.commands.execute('notebook:restart-kernel');
  });
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Confirm Kernel Restart' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(panelOf(page).getByText(GIVEN)).toBeVisible();
  await run(page, 'notebook:run-all-cells');
  // Of the demo engine in the place of ComfyUI.
  await expect(page.locator('.jp-OutputArea-output').first()).toContainText('200');
});

test('a notebook that is renamed keeps its services, under its new name', async ({
  page
}) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'asks.ipynb');
  await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
  await rename(page, 'asks.ipynb', 'renamed.ipynb');
  await expect(panelOf(page).getByText('renamed.ipynb').first()).toBeVisible();
  await expect(panelOf(page).getByText(GIVEN)).toBeVisible();
  await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
  // Also who keeps the service is told by the new name.
  await expect(panelOf(page).getByText('asks.ipynb')).toHaveCount(0);
});

test('two pages show the same state, and a change in one reaches the other', async ({
  page,
  context
}) => {
  const other = await context.newPage();
  await openLab(page);
  await openLab(other);
  await openPanel(page);
  await openPanel(other);
  await cardOf(page, 'demo').getByRole('button', { name: 'Start Demo engine' }).click();
  await expect(cardOf(page, 'demo').getByText(/^Ready/)).toBeVisible();
  await expect(cardOf(other, 'demo').getByText(/^Ready/)).toBeVisible();
  await cardOf(other, 'demo').getByRole('button', { name: 'Stop Demo engine' }).click();
  await expect(cardOf(page, 'demo').getByText(/^Stopped/)).toBeVisible();
});

test('code that a kernel runs after a service was stopped starts it anew', async ({
  page
}) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'asks.ipynb');
  const card = cardOf(page, 'comfyui');
  await expect(card.getByText(/^Ready/)).toBeVisible();
  await card.getByRole('button', { name: 'Stop ComfyUI' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop Anyway' }).click();
  await expect(card.getByText(/^Stopped/)).toBeVisible();
  await runAllCells(page);
  await expect(card.getByText(/^Ready/)).toBeVisible();
});

/** Rename a file as JupyterLab's file browser does. */
async function rename(page: Page, from: string, to: string): Promise<void> {
  await page.evaluate(
    async ([before, after]) => {
      const app = window.jupyterapp as unknown as {
        serviceManager: {
          contents: { rename(a: string, b: string): Promise<unknown> };
        };
      };
      await app.serviceManager.contents.rename(before, after);
    },
    [from, to]
  );
}
