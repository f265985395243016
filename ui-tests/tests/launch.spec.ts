import { expect, test } from './fixtures';
import { changeSettings, leaveNothing, openLab, openNotebook, panelOf } from './lab';

const SETTINGS = 'coursia-genai-lab:lab';

// A start that lasts longer than a busy machine takes to open the notebook.
test.use({ serverKind: 'slow' });
const READY = { timeout: 60_000 };

test.afterEach(async ({ request }) => {
  await changeSettings(request, SETTINGS, null);
  await leaveNothing(request);
});

test('the start of a service is told in the bell, and leads to the panel', async ({
  page
}, info) => {
  await openLab(page);
  await openNotebook(page, 'image.ipynb');
  await expect(page.locator('.Toastify__toast')).toHaveCount(0);
  await page.locator('.jp-Notification-Status').click();
  const story = page.locator('.jp-Notification-List').getByText(/^ComfyUI: /);
  await expect(story).toBeVisible();
  await page.screenshot({ path: info.outputPath('story.png') });
  await page.getByRole('button', { name: 'Details' }).click();
  await expect(panelOf(page)).toBeVisible();
  await expect(page.getByRole('button', { name: 'GenAI: Ready' })).toBeVisible(READY);
});

test('a setting brings the story to the screen, live', async ({
  page,
  request
}, info) => {
  await changeSettings(request, SETTINGS, { notifications: 'toast' });
  await openLab(page);
  await openNotebook(page, 'image.ipynb');
  const toast = page.locator('.Toastify__toast');
  await expect(toast).toContainText('ComfyUI');
  await page.screenshot({ path: info.outputPath('toast.png') });
  await expect(toast).toContainText('ComfyUI is ready.', READY);
  await expect(toast).toHaveCount(0);
});
