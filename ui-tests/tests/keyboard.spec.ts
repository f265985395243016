import type { Locator, Page } from '@playwright/test';

import { CloudServer } from './cloud';
import { expect, test } from './fixtures';
import { cardOf, makeNotebook, openLab, openNotebook, panelOf } from './lab';

const FORM = 'from coursia_genai_lab import GenerationPanel\nGenerationPanel()\n';
const MOST_TABS = 300;

const server = new CloudServer('fallback = "ask"\n');

test.beforeAll(async () => {
  test.setTimeout(120_000);
  await server.start();
});

test.afterAll(() => server.stop());

test('everything from the panel to a paid picture is done by the keyboard alone', async ({
  page,
  request
}, info) => {
  test.setTimeout(300_000);
  await makeNotebook(request, 'form.ipynb', FORM, server.origin);
  await openLab(page, server.origin);
  // The panel, by the palette.
  const panel = panelOf(page);
  const found = page.locator('.lm-CommandPalette-item.lm-mod-active');
  // JupyterLab closes the palette when it moves the focus while it still starts.
  await expect(async () => {
    await page.keyboard.press('Control+Shift+C');
    await page.keyboard.type('Show the GenAI Panel');
    await expect(found).toContainText('Show the GenAI Panel', { timeout: 2000 });
    await page.keyboard.press('Enter');
    await expect(panel).toBeVisible({ timeout: 5000 });
  }).toPass({ timeout: 60_000 });
  // A service: none is at work, so all stand there.
  const card = cardOf(page, 'demo');
  await tabTo(page, card.getByRole('button', { name: 'Start Demo engine' }));
  await page.keyboard.press('Enter');
  await expect(card.getByText(/^Ready/)).toBeVisible();
  // The form.
  await openNotebook(page, 'form.ipynb');
  await tabTo(page, page.locator('.jp-Notebook .jp-Cell').first());
  await page.keyboard.press('Control+Enter');
  const form = page.locator('.jp-GenAILab-form');
  await expect(form).toBeVisible();
  await tabTo(page, form.getByRole('textbox', { name: 'Prompt' }));
  await page.keyboard.type('a fox in the snow');
  const model = form.getByRole('combobox', { name: 'Model' });
  await tabTo(page, model);
  await page.keyboard.type('GPT Image 2 (');
  await expect(model.locator('option:checked')).toContainText(
    /^GPT\s+Image\s+2\s+\(cloud/
  );
  await page.keyboard.press('Control+Enter');
  await expect(form.getByRole('status').first()).toContainText(
    'The GenAI panel may have a question for you.'
  );
  // The question.
  const question = panel.getByRole('region', { name: 'May OpenAI draw, for money?' });
  await expect(question).toBeVisible();
  await tabTo(page, question.getByRole('button', { name: 'Allow' }));
  await page.screenshot({ path: info.outputPath('question.png') });
  await page.keyboard.press('Enter');
  await expect(form.getByText(/^The picture is ready\./)).toBeVisible({
    timeout: 60_000
  });
  expect(server.sold).toBe(1);
  await page.screenshot({ path: info.outputPath('picture.png') });
});

/** Press Tab until something has the focus, as who has no mouse must. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let pressed = 0; pressed < MOST_TABS; pressed++) {
    const there = await target.evaluate(node => node === document.activeElement, null, {
      timeout: 20_000
    });
    if (there) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`${MOST_TABS} times Tab did not lead to ${target.toString()}`);
}
