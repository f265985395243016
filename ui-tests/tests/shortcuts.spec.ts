import { expect, test } from './fixtures';
import { openLab, panelOf } from './lab';

test('the frequent commands have keys of their own', async ({ page }) => {
  await openLab(page);
  await expect(panelOf(page)).toBeHidden();
  await page.keyboard.press('Control+Alt+g');
  await expect(panelOf(page)).toBeVisible();
  await page.keyboard.press('Control+Alt+Shift+g');
  await expect(page.locator('.jp-GenAILab-dashboard')).toBeVisible();
});
