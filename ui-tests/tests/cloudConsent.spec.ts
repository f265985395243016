import { CloudServer } from './cloud';
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

const ASKS =
  'from coursia_genai_lab import generate\n' +
  'generate("a fox of the cloud", model="gpt-image-2")\n';

const server = new CloudServer('fallback = "ask"\n');

test.beforeAll(async () => {
  test.setTimeout(120_000);
  await server.start();
});

test.afterAll(() => server.stop());

test('nothing goes to a cloud before its terms were read and allowed', async ({
  page,
  request
}, info) => {
  test.setTimeout(240_000);
  await makeNotebook(request, 'cloud.ipynb', ASKS, server.origin);
  await openLab(page, server.origin);
  await openPanel(page);
  await openNotebook(page, 'cloud.ipynb');
  await runAllCells(page);
  const panel = panelOf(page);
  const question = panel.getByRole('region', { name: 'May OpenAI draw, for money?' });
  await expect(question).toBeVisible();
  await expect(question).toContainText('1 call waits for your answer');
  await expect(question).toContainText('A call names it.');
  await expect(question).toContainText(/Price.*\$/);
  await expect(question).toContainText('Prompts and pictures go to OpenAI in the USA');
  await expect(page.locator('.Toastify__toast')).toContainText(
    'May OpenAI draw, for money?'
  );
  await page.screenshot({ path: info.outputPath('question.png') });
  expect(server.sold).toBe(0);
  await question.getByRole('button', { name: 'Not now' }).click();
  await expect(question).toHaveCount(0);
  const output = page.locator('.jp-OutputArea-output').last();
  await expect(output).toContainText(/not allowed|nobody has agreed|Allow/i);
  expect(server.sold).toBe(0);
  // Asked again, the person allows it, and the call that waited goes on.
  await runAllCells(page);
  await question.getByRole('button', { name: 'Allow' }).click();
  await expect(page.getByRole('img', { name: /a fox of the cloud/ })).toBeVisible({
    timeout: 60_000
  });
  expect(server.sold).toBe(1);
  await expect(question).toHaveCount(0);
  await page.screenshot({ path: info.outputPath('allowed.png') });
  // What was allowed can be taken back where the rules stand.
  await showOnly(page, 'Mode and policy');
  await panel.getByRole('button', { name: /^Withdraw/ }).click();
  await expect(panel.getByText('Nothing: you are asked before')).toBeVisible();
});
