import { expect, test } from './fixtures';
import { openLab, panelOf } from './lab';

test('the panel opens by a key of its own', async ({ page }) => {
  await openLab(page);
  await expect(panelOf(page)).toBeHidden();
  await page.keyboard.press('Control+Alt+g');
  await expect(panelOf(page)).toBeVisible();
});
