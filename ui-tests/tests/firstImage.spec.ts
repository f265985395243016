import { expect, test } from './fixtures';
import {
  HEADERS,
  leaveNothing,
  makeNotebook,
  openLab,
  openNotebook,
  runAllCells
} from './lab';

const FORM = 'from coursia_genai_lab import GenerationPanel\nGenerationPanel()\n';

test.beforeEach(async ({ request }) => makeNotebook(request, 'form.ipynb', FORM));

test.afterEach(async ({ request }) => {
  await leaveNothing(request);
  await request.delete('/api/contents/form.ipynb', { headers: HEADERS });
});

test('the first image comes from a form that says what it does', async ({
  page
}, info) => {
  await openLab(page);
  await openNotebook(page, 'form.ipynb');
  await runAllCells(page);
  const form = page.locator('.jp-GenAILab-form');
  await expect(form.getByRole('heading', { name: 'Image generation' })).toBeVisible();
  // An empty form says what is missing, rather than nothing.
  await form.getByRole('button', { name: /Generate$/ }).click();
  await expect(form.getByRole('alert')).toContainText('The description is empty.');
  await form.getByRole('textbox', { name: 'Prompt' }).fill('a lighthouse at dusk');
  await form
    .getByRole('combobox', { name: 'Size' })
    .selectOption('Small square 512 × 512');
  await form.getByRole('button', { name: /Generate$/ }).click();
  await expect(form.getByRole('status').first()).toContainText(
    'The picture is ready.',
    {
      timeout: 60_000
    }
  );
  await expect(form.getByRole('alert')).toHaveCount(0);
  const picture = form.getByRole('img', { name: /a lighthouse at dusk/ });
  await expect(picture).toBeVisible();
  // A real picture of the size that was asked for.
  const size = await picture.evaluate((node: HTMLImageElement) => [
    node.naturalWidth,
    node.naturalHeight
  ]);
  expect(size[0]).toBe(size[1]);
  expect(size[0]).toBeGreaterThan(0);
  await expect(form).toContainText('DEMO');
  await page.screenshot({ path: info.outputPath('first.png') });
});
