import { expectNothingSerious } from './axe';
import { CloudServer } from './cloud';
import { expect, test } from './fixtures';
import { cardOf, openLab, openPanel, panelOf, run } from './lab';

const server = new CloudServer('fallback = "ask"\n');

test.beforeAll(async () => {
  test.setTimeout(120_000);
  await server.start();
});

test.afterAll(() => server.stop());

test('a call waits until its person allows the cloud by keyboard, and takes it back', async ({
  page,
  request
}, info) => {
  await openLab(page, server.origin);
  await openPanel(page);
  const panel = panelOf(page);
  const question = panel.getByRole('region', { name: 'May OpenAI draw, for money?' });
  await expect(cardOf(page, 'openai').getByText('Key present')).toBeVisible();
  const called = server.draw(request);
  await expect(question).toContainText('1 call waits for your answer');
  await expect(question).toContainText('A call names it.');
  await expect(question).toContainText(/at most \$0\.\d+ a picture/);
  await expect(question).toContainText('OpenAI in the USA');
  await expect(question.getByRole('link')).toHaveAttribute('href', /^https:/);
  await page.screenshot({ path: info.outputPath('question.png') });
  await expectNothingSerious(page, info, '.jp-GenAILab-question');
  expect(server.sold).toBe(0);

  await question.getByRole('button', { name: 'Allow' }).focus();
  await page.keyboard.press('Enter');
  const answer = await called;
  expect(answer.status()).toBe(200);
  expect(server.sold).toBe(1);
  await expect(question).toBeHidden();

  await run(page, 'coursia-genai-lab:show-policy');
  const withdraw = panel.getByRole('button', { name: 'Withdraw: OpenAI may draw' });
  await withdraw.focus();
  await page.keyboard.press('Space');
  await expect(withdraw).toBeHidden();
  const asksAgain = server.draw(request);
  await expect(question).toBeVisible();
  await question.getByRole('button', { name: 'Not now' }).click();
  expect((await asksAgain).status()).toBe(503);
  await expect(question).toBeHidden();
  expect(server.sold).toBe(1);
});

test('the notification tells why and how much, and shows the terms before it allows', async ({
  page,
  request
}, info) => {
  await openLab(page, server.origin);
  const called = server.draw(request, 'flux-1-dev');
  const told = page.locator('.Toastify__toast', { hasText: 'May OpenAI draw' });
  await expect(told).toContainText('The service cannot run on this machine now');
  await told.getByRole('button', { name: 'Allow…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('OpenAI in the USA');
  await expect(dialog).toContainText('In place of');
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.screenshot({ path: info.outputPath('terms.png') });
  await dialog.getByRole('button', { name: 'Allow' }).click();
  const answer = await called;
  expect(answer.status()).toBe(200);
  expect((await answer.json()).coursia.fallback.code).toBe('local_unavailable');
});
