import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

import { expect } from '@playwright/test';

import {
  cardOf,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  run
} from '../tests/lab';
import { OwnServer } from '../tests/ownServer';
import { test } from '../tests/servers';

import { runCell, section, shot, widen } from './shot';

test('the GPUs', async ({ page }) => {
  await openLab(page);
  await openPanel(page);
  const gpus = await section(page, 'GPUs');
  await expect(
    gpus.getByRole('img', { name: /^Load of the last / }).first()
  ).toBeVisible();
  await shot(gpus, 'gpus');
});

test('what fits before class', async ({ page }) => {
  await openLab(page);
  await openPanel(page);
  const plan = await section(page, 'Before class');
  const fits = plan.getByRole('list', { name: 'What fits' });
  await expect(fits.locator(':scope > li').first()).toBeVisible();
  await shot(plan, 'before-class');
});

test('the dashboard', async ({ page, request }) => {
  await page.setViewportSize({ width: 1280, height: 1000 });
  await openLab(page);
  for (const prompt of ['a red fox', 'a blue boat', 'a lighthouse']) {
    const drawn = await request.post('/coursia-genai/openai/v1/images/generations', {
      headers: { Authorization: 'token browser-tests' },
      data: { prompt, model: 'demo', n: 2, size: '512x512' },
      timeout: 60_000
    });
    expect(drawn.status()).toBe(200);
  }
  await openNotebook(page, '04-classic.ipynb');
  await openNotebook(page, '02-comfyui-raw.ipynb');
  await run(page, 'coursia-genai-lab:open-dashboard');
  const dashboard = page.getByRole('region', { name: 'GenAI Dashboard' });
  await expect(dashboard.locator('[data-service="demo"]')).toContainText('Ready', {
    timeout: 60_000
  });
  await shot(dashboard, 'dashboard');
  await leaveNothing(request);
});

test('the places in line', async ({ page }) => {
  const slow = ['--set', 'GenAILab.demo_seconds_per_step=5'];
  const server = new OwnServer(slow);
  await server.start();
  try {
    await openLab(page, server.origin);
    await openNotebook(page, '06-working-with-pictures.ipynb');
    await runCell(page, 4);
    await openNotebook(page, '01-quickstart.ipynb');
    await runCell(page, 4);
    const queue = await section(page, 'Queue');
    await expect(queue.getByRole('listitem').nth(2)).toBeVisible({ timeout: 60_000 });
    await expect(queue.getByText('Being made')).toBeVisible();
    await shot(queue, 'queue');
  } finally {
    await server.stop();
  }
});

/** Ends at once, as a server does that cannot read its model. */
const BROKEN = 'raise SystemExit("the model file is broken")';

test('a start that failed', async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-broken-'));
  const services = join(folder, 'services');
  mkdirSync(services, { mode: 0o700 });
  const command = ['{python}', '-c', BROKEN, '{port}'];
  writeFileSync(
    join(services, 'turbo.toml'),
    'title = "Turbo of the lab"\ndialect = "openai_images"\n' +
      `[process]\ncommand = ${JSON.stringify(command)}\n[readiness]\npath = "/"\n`
  );
  const own = ['--set', `GenAILab.services_path=${services}`];
  const server = new OwnServer(own);
  await server.start();
  try {
    await openLab(page, server.origin);
    await widen(page);
    const card = cardOf(page, 'turbo');
    await card.getByRole('button', { name: 'Start Turbo of the lab' }).click();
    await expect(card).toContainText('the model file is broken');
    await shot(card, 'failed-start');
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
