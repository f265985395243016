import { expect } from '@playwright/test';

import { CloudServer } from '../tests/cloud';
import { openLab, openPanel, panelOf, run } from '../tests/lab';
import { test } from '../tests/servers';

import { section, shot, unfolded, widen } from './shot';

const POLICY = `
course = "Images 101"
fallback = "ask"
teachers = ["ada"]

[models]
student = ["sdxl-turbo", "z-image-turbo", "gpt-image-1-mini", "demo"]

[[quotas]]
scope = "person"
window = "day"
pictures = 20
cents = 50

[providers.openai]
daily_cents = 500
`;
/** What OpenAI offers, as the catalogue has it. */
const MODELS = [
  'gpt-image-2',
  'gpt-image-2.5-flare',
  'gpt-image-2.5-sunburst',
  'gpt-image-2.6-flare',
  'gpt-image-2.6-sunburst',
  'gpt-image-1.5',
  'gpt-image-1-mini'
];
const server = new CloudServer(POLICY, MODELS);

test.beforeAll(async () => {
  test.setTimeout(120_000);
  await server.start();
});

test.afterAll(() => server.stop());

test('the question before a cloud draws, and what is left after', async ({
  page,
  request
}) => {
  await openLab(page, server.origin);
  await openPanel(page);
  await widen(page);
  const panel = panelOf(page);
  const called = server.draw(request);
  const question = panel.getByRole('region', { name: 'May OpenAI draw, for money?' });
  await expect(question).toContainText('1 call waits for your answer');
  await shot(question, 'consent');
  await question.getByRole('button', { name: 'Allow' }).click();
  expect((await called).status()).toBe(200);
  for (let more = 0; more < 3; more++) {
    expect((await server.draw(request)).status()).toBe(200);
  }
  await run(page, 'coursia-genai-lab:show-usage');
  await run(page, 'coursia-genai-lab:refresh');
  const usage = await section(page, 'Usage');
  await expect(usage.getByRole('meter', { name: 'Pictures' })).toHaveAttribute(
    'aria-valuetext',
    '16 left of 20 pictures'
  );
  await shot(usage, 'usage');
});

test('whose word holds, and what a provider may cost', async ({ page }) => {
  await openLab(page, server.origin);
  await openPanel(page);
  const policy = await section(page, 'Mode and policy');
  await expect(policy).toContainText('Images 101');
  await shot(policy, 'policy');
  await section(page, 'Services');
  const card = await unfolded(page, 'openai', 'OpenAI');
  await expect(card.getByRole('meter', { name: 'Money' })).toBeVisible();
  await shot(card, 'cloud-card');
});
