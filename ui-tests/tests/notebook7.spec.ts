import { expect, test } from './fixtures';
import { cardOf, openNotebookPage, openPanel, panelOf } from './lab';

test.use({ serverKind: 'notebook' });

test('Notebook 7 shows the chip, the panel and a service that comes up', async ({
  page
}, info) => {
  await openNotebookPage(page, 'image.ipynb');
  await expect(page.getByRole('button', { name: /^GenAI/ }).first()).toBeVisible();
  await openPanel(page);
  await expect(panelOf(page).getByText('image.ipynb').first()).toBeVisible();
  await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
  await page.screenshot({ path: info.outputPath('notebook7.png') });
});

test('a classic notebook in Notebook 7 shows nothing of ours', async ({ page }) => {
  await openNotebookPage(page, 'classic.ipynb');
  await expect(page.getByText('Python 3 (ipykernel)').first()).toBeVisible();
  await expect(page.locator('.jp-GenAILab-chip-button')).toHaveCount(0);
});

test('the list of files in Notebook 7 stays as it is', async ({ page }) => {
  await page.goto('/tree?token=browser-tests');
  await expect(page.getByRole('tabpanel').getByText('image.ipynb')).toBeVisible();
  await expect(page.locator('[class*="jp-GenAILab"]:visible')).toHaveCount(0);
});
