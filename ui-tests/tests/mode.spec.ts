import { expect, test } from './fixtures';
import {
  cardOf,
  chooseFromPalette,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  panelOf
} from './lab';

test.afterEach(async ({ request }) => leaveNothing(request));

test('the mode is chosen in the panel, said in the status bar, and taken back', async ({
  page
}, info) => {
  await openLab(page);
  await openPanel(page);
  const panel = panelOf(page);
  await panel.getByRole('radio', { name: /^Demo/ }).click();
  await expect(
    panel.getByRole('definition').filter({ hasText: /^Demo/ })
  ).toBeVisible();
  await expect(page.getByRole('button', { name: 'GenAI: Demo' })).toBeVisible();
  await page.screenshot({ path: info.outputPath('mode.png') });
  await panel.getByRole('button', { name: 'Take my choice back' }).click();
  await expect(panel.getByRole('radio', { name: /^Automatic/ })).toBeChecked();
});

test('the palette offers each mode', async ({ page }) => {
  await openLab(page);
  await openPanel(page);
  await expect(cardOf(page, 'demo')).toBeVisible();
  await chooseFromPalette(page, 'GenAI Mode: Off');
  await expect(panelOf(page).getByRole('radio', { name: /^Off/ })).toBeChecked();
});

test('in mode off a kernel is told nothing, and the panel says so', async ({
  page
}) => {
  await openLab(page);
  await openPanel(page);
  const off = panelOf(page).getByRole('radio', { name: /^Off/ });
  await off.click();
  await expect(off).toBeChecked();
  await openNotebook(page, 'image.ipynb');
  await expect(panelOf(page).getByText('The mode is off')).toBeVisible();
  await expect(cardOf(page, 'comfyui').getByText(/^Off/)).toBeVisible();
  await expect(page.locator('.jp-GenAILab-chip-button')).toHaveCount(0);
});

test('the status item opens the panel', async ({ page }) => {
  await openLab(page);
  await expect(panelOf(page)).toBeHidden();
  await page.getByRole('button', { name: 'GenAI: Automatic' }).click();
  await expect(panelOf(page)).toBeVisible();
});
