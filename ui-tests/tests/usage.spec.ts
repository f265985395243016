import { readFileSync } from 'fs';

import { expectNothingSerious } from './axe';
import { CloudServer } from './cloud';
import { expect, test } from './fixtures';
import { cardOf, openLab, openPanel, panelOf, run } from './lab';

const POLICY = `
course = "Images 101"
fallback = "auto"

[[quotas]]
scope = "person"
window = "course"
pictures = 2
cents = 50

[providers.openai]
daily_cents = 100
`;
const server = new CloudServer(POLICY);

test.beforeAll(async () => {
  test.setTimeout(120_000);
  await server.start();
});

test.afterAll(() => server.stop());

test('what is left goes down until it is gone; the history is taken along and erased', async ({
  page,
  request
}, info) => {
  test.setTimeout(180_000);
  await page.setViewportSize({ width: 1280, height: 1800 });
  await openLab(page, server.origin);
  await openPanel(page);
  await run(page, 'coursia-genai-lab:show-usage');
  const panel = panelOf(page);
  const usage = panel.getByRole('region', { name: 'Usage' });
  const pictures = usage.getByRole('meter', { name: 'Pictures' });
  await expect(pictures).toHaveAttribute('aria-valuetext', '2 left of 2 pictures');

  const called = server.draw(request);
  await panel.getByRole('button', { name: 'Allow' }).click();
  expect((await called).status()).toBe(200);
  await run(page, 'coursia-genai-lab:refresh');
  await expect(pictures).toHaveAttribute('aria-valuetext', '1 left of 2 pictures');
  await expect(usage.getByRole('button', { name: /^Usage/ })).toContainText(
    '1 picture left'
  );
  expect((await server.draw(request)).status()).toBe(200);
  const refused = await server.draw(request);
  expect(refused.status()).toBe(429);
  expect((await refused.json()).error.code).toBe('quota_exceeded');
  await run(page, 'coursia-genai-lab:refresh');
  await expect(pictures).toHaveAttribute(
    'aria-valuetext',
    'Nothing left of 2 pictures'
  );
  await expect(usage.getByText(/OpenAI/).first()).toBeVisible();

  await usage.getByRole('button', { name: 'Show my history' }).click();
  const rows = usage.getByRole('list', { name: 'Your history' }).getByRole('listitem');
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText(/Made · 1 picture .* \$0\.\d+/);
  await panel.screenshot({ path: info.outputPath('usage.png') });
  await expectNothingSerious(page, info, '.jp-GenAILab-panel');

  const downloading = page.waitForEvent('download');
  await usage.getByRole('button', { name: 'Export as CSV' }).click();
  const file = await downloading;
  expect(file.suggestedFilename()).toBe('genai-history.csv');
  const lines = readFileSync(await file.path(), 'utf-8')
    .trim()
    .split('\n');
  expect(lines).toHaveLength(3);

  await usage.getByRole('button', { name: 'Erase mine…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await dialog.getByRole('button', { name: 'Erase' }).click();
  await expect(rows).toHaveCount(0);
});

test('the policy says whose rules hold, and a cloud’s card what may be spent', async ({
  page
}, info) => {
  await page.setViewportSize({ width: 1280, height: 1800 });
  await openLab(page, server.origin);
  await openPanel(page);
  const panel = panelOf(page);
  const policy = panel.getByRole('region', { name: 'Mode and policy' });
  await expect(policy).toContainText('Images 101');
  await expect(policy).toContainText('Each person: 2 pictures · $0.50');
  await expect(policy).toContainText('Nothing more is enforced here');
  const card = cardOf(page, 'openai');
  await card.getByRole('button', { name: /^OpenAI/ }).click();
  await expect(card.getByText(/^Present/)).toBeVisible();
  await expect(card.getByRole('meter', { name: 'Money' })).toHaveAttribute(
    'aria-valuetext',
    /left of \$1\.00/
  );
  await expect(card.getByText(/^at most \$0\.\d+ a picture$/).first()).toBeVisible();
  await card.screenshot({ path: info.outputPath('card.png') });
  const keyless = cardOf(page, 'openrouter');
  await keyless.getByRole('button', { name: /^OpenRouter/ }).click();
  await expect(keyless).toContainText('coursia-genai secrets set OPENROUTER_API_KEY');
});
