import { expect, test } from './fixtures';
import {
  makeNotebook,
  openLab,
  openNotebook,
  openPanel,
  panelOf,
  runAllCells
} from './lab';
import { showOnly } from './machine';

/** A quick picture, so that the Lab knows how long one takes, and then a slow one. */
const BUSY =
  'from coursia_genai_lab import generate\n' +
  'generate("a quick sketch", steps=4)\n' +
  'print("sketched")\n' +
  'generate("a slow painting", steps=100)\n';
const FORM =
  'from coursia_genai_lab import GenerationPanel\nGenerationPanel("a red fox")\n';

test('who waits behind somebody else reads their place and the time, and may leave', async ({
  browser,
  listen,
  page,
  request,
  serve
}, info) => {
  test.setTimeout(300_000);
  // Each browser is somebody else.
  const server = await serve(
    '--set',
    'GenAILab.trust_usernames=True',
    '--set',
    'GenAILab.demo_seconds_per_step=0.5'
  );
  await makeNotebook(request, 'busy.ipynb', BUSY, server.origin);
  await makeNotebook(request, 'form.ipynb', FORM, server.origin);
  const context = await browser.newContext();
  listen(context);
  const first = await context.newPage();
  await openLab(first, server.origin);
  await openPanel(first);
  await openNotebook(first, 'busy.ipynb');
  await openLab(page, server.origin);
  await openPanel(page);
  await openNotebook(page, 'form.ipynb');
  await runAllCells(page);
  const form = page.locator('.jp-GenAILab-form');
  const generate = form.getByRole('button', { name: /Generate$/ });
  await expect(generate).toBeVisible();
  await runAllCells(first);
  await showOnly(first, 'Queue');
  const busy = panelOf(first).getByRole('listitem').filter({ hasText: 'busy.ipynb' });
  await expect(busy).toContainText('Being made');
  await expect(first.locator('.jp-OutputArea').getByText('sketched')).toBeVisible({
    timeout: 60_000
  });
  await expect(busy).toContainText('Being made');
  await generate.click();
  await showOnly(page, 'Queue');
  const queue = panelOf(page);
  const mine = queue.getByRole('listitem').filter({ hasText: 'form.ipynb' });
  await expect(mine).toContainText(/Next, about \d+/);
  await expect(form.getByRole('status').first()).toContainText(
    /Waiting in line: place 1, about \d+/
  );
  // What others have made is nobody's business.
  await expect(queue).not.toContainText('busy.ipynb');
  await page.screenshot({ path: info.outputPath('waits.png') });
  await mine.getByRole('button', { name: 'Cancel the image of form.ipynb' }).click();
  await expect(mine).toHaveCount(0);
  await expect(form).toContainText(/cancelled/i);
  await expect(queue.getByText('Nothing waits.')).toBeVisible();
  await expect(busy).toContainText('Being made');
  await page.screenshot({ path: info.outputPath('left.png') });
});
