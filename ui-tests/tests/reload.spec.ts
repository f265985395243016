import { expect, test } from './fixtures';
import { cardOf, leaveNothing, openNotebook, openPanel } from './lab';

test.use({ serverKind: 'slow' });

test.afterEach(async ({ request }) => {
  await leaveNothing(request);
});

test('a page that is reloaded in the middle of a start goes on with its story', async ({
  page
}, info) => {
  await page.goto('/lab?token=browser-tests&reset');
  await page.waitForFunction(() => window.jupyterapp !== undefined);
  await page.evaluate(() => window.jupyterapp.restored);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  const card = cardOf(page, 'comfyui');
  const state = card.locator('.jp-GenAILab-card-state');
  await expect(state).toContainText('Starting');
  await page.reload();
  await expect(state).toContainText('Starting');
  await expect(card.getByRole('progressbar')).toBeVisible();
  await page.screenshot({ path: info.outputPath('again.png') });
  await expect(state).toContainText('Ready', { timeout: 60_000 });
});
