import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

import { expect } from '@playwright/test';

import {
  cardOf,
  changeSettings,
  leaveNothing,
  openLab,
  openNotebook,
  openNotebookPage,
  openPanel,
  panelOf,
  run
} from '../tests/lab';
import { OwnServer } from '../tests/ownServer';
import { test } from '../tests/servers';

import { runCell, shot, widen, withoutWarnings } from './shot';

const LANGUAGE = '@jupyterlab/translation-extension:plugin';
const FORM = '06-working-with-pictures.ipynb';
const FOX = `from coursia_genai_lab import generate

generate("a red fox in fresh snow, golden hour", seed=7)`;
const DRAWN = { timeout: 60_000 };

test.beforeEach(async ({ page }) => withoutWarnings(page));
test.afterEach(async ({ page, request }) => {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await changeSettings(request, LANGUAGE, null);
  await leaveNothing(request);
});

test('the first picture, beside the panel', async ({ page }) => {
  await openLab(page);
  await widen(page, 330);
  await openNotebook(page, '01-quickstart.ipynb');
  await expect(cardOf(page, 'demo').getByText(/^Ready/)).toBeVisible();
  // The same picture each time.
  await runCell(page, 2, FOX);
  const picture = page.locator('.jp-OutputArea-output img').first();
  await expect(picture).toBeVisible(DRAWN);
  await expect(page.locator('.jp-OutputArea-output progress')).toHaveCount(0);
  await picture.scrollIntoViewIfNeeded();
  await shot(page, 'quickstart');
});

test('what a notebook needs, and its start in the bell', async ({ page, request }) => {
  // A Lab of its own that has seen one start: it knows how long the next one takes.
  const state = mkdtempSync(join(tmpdir(), 'genai-state-'));
  const server = new OwnServer([
    ...['--set', `GenAILab.state_path=${state}`],
    ...['--set', 'GenAILab.demo_boot_seconds=25']
  ]);
  await server.start();
  try {
    const demo = `${server.origin}/coursia-genai/api/v1/services/demo`;
    const headers = { Authorization: 'token browser-tests' };
    const comesTo = (wanted: string) =>
      expect
        .poll(
          async () => (await (await request.get(demo, { headers })).json()).state,
          DRAWN
        )
        .toBe(wanted);
    await request.post(`${demo}/start`, { headers });
    await comesTo('ready');
    await request.post(`${demo}/stop`, { headers, data: { force: true } });
    await comesTo('stopped');
    await openLab(page, server.origin);
    await widen(page, 330);
    await openNotebook(page, '02-comfyui-raw.ipynb');
    await expect(
      panelOf(page)
        .getByText(/· [345]\d %/)
        .first()
    ).toBeVisible();
    await shot(page, 'notebook-in-need');
    await page.locator('.jp-Notification-Status').click();
    const bell = page.locator('.jp-Notification-List');
    await expect(bell.getByText(/^ComfyUI: /)).toBeVisible();
    await shot(bell, 'launch-story');
  } finally {
    await server.stop();
    rmSync(state, { recursive: true, force: true });
  }
});

test('the form with pictures', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 1500 });
  await openLab(page);
  await openNotebook(page, FORM);
  await runCell(page, 2);
  const form = page.locator('.jp-GenAILab-form');
  await form
    .getByRole('textbox', { name: 'Prompt' })
    .fill('a red fox in the snow', DRAWN);
  await form
    .getByRole('combobox', { name: 'Size' })
    .selectOption('Small square 512 × 512');
  await form.getByRole('spinbutton', { name: 'Number' }).fill('3');
  await form.getByRole('spinbutton', { name: 'Seed' }).fill('7');
  await form.getByRole('button', { name: /Generate$/ }).click();
  await expect(form.getByText('3 pictures are ready.').first()).toBeVisible(DRAWN);
  await expect(form.getByRole('button', { name: /Picture 3$/ })).toBeVisible();
  await page.mouse.move(5, 5);
  await shot(form, 'form');
});

test.describe('in Notebook 7', () => {
  test.use({ serverKind: 'notebook' });

  test('the panel beside the notebook', async ({ page }) => {
    await openNotebookPage(page, '02-comfyui-raw.ipynb');
    await openPanel(page);
    await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible(DRAWN);
    await shot(page, 'notebook7');
  });
});

test('French', async ({ page, request }) => {
  await changeSettings(request, LANGUAGE, { locale: 'fr_FR' });
  await openLab(page);
  await widen(page, 330);
  await openNotebook(page, '02-comfyui-raw.ipynb');
  await expect(
    panelOf(page).getByRole('button', { name: 'Ce notebook' })
  ).toBeVisible();
  await expect(cardOf(page, 'comfyui').getByText(/^Prêt/)).toBeVisible();
  await run(page, 'coursia-genai-lab:refresh');
  await shot(page, 'french');
});
