import type { Page } from '@playwright/test';

import { expect, test } from './fixtures';
import {
  cardOf,
  chooseFromPalette,
  chooseMode,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  panelOf,
  withdrawConsents
} from './lab';

test.afterEach(async ({ request }) => {
  await withdrawConsents(request, 'declared.ipynb');
  await leaveNothing(request);
});

/** What the open notebook's metadata says at the moment, saved or not. */
function genaiOf(page: Page): Promise<unknown> {
  return page.evaluate(() => {
    const panel = window.jupyterapp.shell.currentWidget as unknown as {
      context: { model: { sharedModel: { getMetadata(key: string): unknown } } };
    };
    return panel.context.model.sharedModel.getMetadata('genai') ?? null;
  });
}

test('a teacher sets the needs by the keyboard, and the notebook’s undo takes them back', async ({
  page
}, info) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  const panel = panelOf(page);
  await expect(panel.getByRole('button', { name: /^Change needs…/ })).toBeVisible();
  await chooseFromPalette(page, 'Set What This Notebook Needs');
  const automatic = panel.getByRole('radio', { name: /^Automatic What its/ });
  await expect(automatic).toBeFocused();
  await automatic.press('ArrowDown');
  const boxes = panel.getByRole('list', { name: 'Services to choose from' });
  await expect(
    boxes.getByRole('checkbox', { name: /^ComfyUI Ready|^ComfyUI St/ })
  ).toBeChecked();
  await boxes.getByRole('checkbox', { name: /^OpenAI/ }).press('Space');
  await expect(boxes.getByRole('checkbox', { name: /^OpenAI/ })).toBeChecked();
  expect(await genaiOf(page)).toEqual({ services: ['comfyui', 'openai'] });
  await expect(panel.getByText('metadata decides')).toBeVisible();
  await expect(page.locator('.lm-TabBar-tab.jp-mod-dirty')).toHaveCount(1);
  await page.screenshot({ path: info.outputPath('editor.png') });
  const notebook = page.locator('.jp-Notebook');
  await notebook.locator('.jp-InputPrompt').first().click();
  await page.keyboard.press('z');
  await expect(boxes.getByRole('checkbox', { name: /^OpenAI/ })).not.toBeChecked();
  await page.keyboard.press('z');
  await expect(automatic).toBeChecked();
  expect(await genaiOf(page)).toBeNull();
});

test('the toolbar switches a notebook off, and one click takes it back', async ({
  page
}, info) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'declared.ipynb');
  const menu = page.getByRole('button', { name: 'Set what this notebook needs' });
  await menu.focus();
  await page.keyboard.press('Enter');
  const item = (label: RegExp) => page.locator('.lm-Menu-item', { hasText: label });
  await expect(item(/^ComfyUI$/)).toHaveClass(/lm-mod-toggled/);
  await page.screenshot({ path: info.outputPath('menu.png') });
  await item(/^Off$/).click();
  expect(await genaiOf(page)).toEqual({
    level: 'beginner',
    services: ['comfyui'],
    enabled: false
  });
  await expect(panelOf(page).getByText('metadata turns GenAI off')).toBeVisible();
  const toast = page.locator('.Toastify__toast', { hasText: 'Needs of declared' });
  await page.screenshot({ path: info.outputPath('off.png') });
  await toast.getByRole('button', { name: 'Undo' }).click();
  expect(await genaiOf(page)).toEqual({ level: 'beginner', services: ['comfyui'] });
});

test('what only the metadata names starts once a person agreed', async ({
  page,
  request
}, info) => {
  await chooseMode(request, 'local');
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'declared.ipynb');
  const panel = panelOf(page);
  await expect(panel.getByText('It asks for ComfyUI')).toBeVisible();
  const toast = page.locator('.Toastify__toast', { hasText: 'metadata asks for' });
  await expect(toast).toBeVisible();
  await page.screenshot({ path: info.outputPath('question.png') });
  await panel.getByRole('button', { name: 'Not now' }).click();
  await expect(panel.getByText('Not started: ComfyUI.')).toBeVisible();
  await expect(toast).toHaveCount(0);
  await page.screenshot({ path: info.outputPath('later.png') });
  await panel.getByRole('button', { name: 'Start it' }).click();
  await expect(panel.getByText('Not started: ComfyUI.')).toHaveCount(0);
  await expect(cardOf(page, 'comfyui')).toBeVisible();
});

test('a folder is read when somebody looks, and opens what is chosen', async ({
  page
}, info) => {
  const asked: string[] = [];
  page.on('request', sent => {
    if (sent.url().includes('/api/v1/notebooks?')) {
      asked.push(sent.url());
    }
  });
  await openLab(page);
  await openPanel(page);
  const panel = panelOf(page);
  const toggle = panel.getByRole('button', { name: 'This folder' });
  await expect(toggle).toHaveAttribute('aria-expanded', 'false');
  expect(asked).toEqual([]);
  await toggle.press('Enter');
  const list = panel.getByRole('list', { name: 'Notebooks of this folder' });
  await expect(list.getByRole('button', { name: /image\.ipynb/ })).toContainText(
    'ComfyUI'
  );
  await expect(list.getByText('classic.ipynb')).toHaveCount(0);
  await panel
    .getByRole('checkbox', { name: 'Only those that need something' })
    .uncheck();
  await page.screenshot({ path: info.outputPath('folder.png') });
  await list.getByRole('button', { name: /^classic\.ipynb/ }).click();
  await expect(panel.getByText('needs no image service')).toBeVisible();
  expect(asked).toHaveLength(1);
});

test('a notebook shows where it turns, and leads there', async ({ page }, info) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'hybrid.ipynb');
  const turns = panelOf(page).getByRole('list', { name: 'Where it turns' });
  await expect(turns.getByRole('button')).toHaveText([
    'Cells 1 to 4Classic',
    'Cells 5 to 7ComfyUI',
    'Cells 8 to 11Classic'
  ]);
  await page.screenshot({ path: info.outputPath('turns.png') });
  await turns.getByRole('button', { name: /^Cells 8 to 11/ }).click();
  const active = page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
  await expect(active).toContainText('Back to numbers');
});
