import { expect, test } from './fixtures';
import {
  cardOf,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  panelOf,
  run,
  writeFirstCell
} from './lab';

test.afterEach(async ({ request }) => leaveNothing(request));

test('without a notebook the panel invites to open one and lists the services', async ({
  page
}, info) => {
  await openLab(page);
  await openPanel(page);
  const panel = panelOf(page);
  await expect(panel.getByText('Open a notebook to see')).toBeVisible();
  await expect(cardOf(page, 'demo').getByText('Stopped')).toBeVisible();
  await expect(panel.getByRole('radio', { name: /^Automatic/ })).toBeChecked();
  await page.screenshot({ path: info.outputPath('empty.png') });
});

test.describe('while a service comes up', () => {
  // Longer than a busy machine takes to open the notebook.
  test.use({ serverKind: 'slow' });

  test('a notebook shows what it needs, why, and how its service comes up', async ({
    page
  }, info) => {
    await openLab(page);
    await openPanel(page);
    await openNotebook(page, 'image.ipynb');
    const panel = panelOf(page);
    const needs = panel.getByRole('list', { name: 'Services that it needs' });
    await expect(needs.getByText('ComfyUI')).toBeVisible();
    await expect(panel.getByText(/The kernel was given \d+ variables/)).toBeVisible();
    const card = cardOf(page, 'comfyui');
    await expect(
      card.getByRole('progressbar', { name: 'Progress of ComfyUI' })
    ).toBeVisible();
    await page.screenshot({ path: info.outputPath('starting.png') });
    await expect(card.getByText(/^Ready/)).toBeVisible({ timeout: 60_000 });
    await expect(card.getByRole('button', { name: 'Copy the address' })).toBeVisible();
    await page.screenshot({ path: info.outputPath('ready.png') });
  });
});

test('a piece of evidence leads to its line', async ({ page }) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  await panelOf(page)
    .getByRole('button', { name: /Cell 4, line 2/ })
    .click();
  const active = page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
  await expect(active).toContainText('response = requests.post');
  await expect(page.getByText('Ln 2, Col 1')).toBeVisible();
});

test('a classic notebook is told from one that needs a service', async ({
  page
}, info) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'classic.ipynb');
  await expect(panelOf(page).getByText('needs no image service')).toBeVisible();
  await expect(page.locator('.jp-GenAILab-chip-button')).toHaveCount(0);
  await expect(cardOf(page, 'demo').getByText('Stopped')).toBeVisible();
  await page.screenshot({ path: info.outputPath('classic.png') });
});

test('a service starts, shows its log and stops from its card', async ({
  page
}, info) => {
  await openLab(page);
  await openPanel(page);
  const card = cardOf(page, 'demo');
  await card.getByRole('button', { name: 'Start Demo engine' }).click();
  await expect(card.getByText(/^Ready/)).toBeVisible();
  await card.getByRole('button', { name: 'Show the log of Demo engine' }).click();
  const log = page.getByRole('log', { name: 'Log of Demo engine' });
  await expect(log).toContainText('listening');
  await page.screenshot({ path: info.outputPath('log.png') });
  await card.getByRole('button', { name: 'Stop Demo engine' }).click();
  await expect(card.getByText('Stopped')).toBeVisible();
});

test('stopping what a notebook uses asks first, and Cancel is the default', async ({
  page
}, info) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  const card = cardOf(page, 'comfyui');
  await expect(card.getByText(/^Ready/)).toBeVisible();
  await card.getByRole('button', { name: 'Stop ComfyUI' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('image.ipynb');
  await page.screenshot({ path: info.outputPath('dialog.png') });
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(card.getByText(/^Ready/)).toBeVisible();
  await card.getByRole('button', { name: 'Stop ComfyUI' }).click();
  await dialog.getByRole('button', { name: 'Stop Anyway' }).click();
  await expect(card.getByText(/^Stopped/)).toBeVisible();
});

test('a kernel that started without learns the services by one button', async ({
  page
}, info) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'empty.ipynb');
  const panel = panelOf(page);
  await expect(panel.getByText('needs no image service')).toBeVisible();
  await writeFirstCell(
    page,
    'import os, requests\nbase = os.environ["COMFYUI_API_URL"]\n' +
      'print(base, requests.post(base + "/prompt", json={}).status_code)'
  );
  await expect(panel.getByText('The kernel knows no service yet')).toBeVisible();
  await page.screenshot({ path: info.outputPath('enable.png') });
  await panel.getByRole('button', { name: 'Enable GenAI for this kernel' }).click();
  await expect(page.getByText('This kernel knows the services now.')).toBeVisible();
  await expect(panel.getByText(/The kernel was given \d+ variables/)).toBeVisible();
  await run(page, 'notebook:run-cell');
  const output = page.locator('.jp-OutputArea-output');
  await expect(output).toContainText(/^http:\/\/127\.0\.0\.1:\d+ 4\d\d/);
});

test('folded sections stay folded after a reload', async ({ page }) => {
  await openLab(page);
  await openPanel(page);
  const mode = () => panelOf(page).getByRole('button', { name: /^Mode\b/ });
  await expect(mode()).toHaveAttribute('aria-expanded', 'true');
  const saved = page.waitForResponse(
    answer =>
      answer.url().includes('/api/workspaces/') &&
      answer.request().method() === 'PUT' &&
      // JupyterLab saves its layout there too, at times of its own.
      /"coursia-genai-lab:folded":\[[^\]]*"mode"/.test(
        answer.request().postData() ?? ''
      )
  );
  await mode().click();
  await saved;
  await page.reload();
  await page.waitForFunction(() => window.jupyterapp !== undefined);
  await page.evaluate(() => window.jupyterapp.restored);
  await openPanel(page);
  await expect(mode()).toHaveAttribute('aria-expanded', 'false');
});

test('the keyboard alone folds, opens and starts', async ({ page }) => {
  await openLab(page);
  await openPanel(page);
  const panel = panelOf(page);
  const notebook = panel.getByRole('button', { name: 'This notebook' });
  const services = panel.getByRole('button', { name: 'Services' });
  // The launcher may take the focus while it still loads: each key goes to the control itself,
  // and the way is gone again where the focus was taken in between.
  await expect(async () => {
    // Not from the top: a warning of this machine, with a button of its own, may stand there.
    await notebook.press('Tab');
    await expect(services).toBeFocused({ timeout: 2000 });
  }).toPass({ timeout: 60_000 });
  await services.press('Space');
  await expect(services).toHaveAttribute('aria-expanded', 'false');
  await services.press('Enter');
  await expect(services).toHaveAttribute('aria-expanded', 'true');
  await services.press('Tab');
  const toggle = cardOf(page, 'comfyui').getByRole('button', { name: /^ComfyUI/ });
  await expect(toggle).toBeFocused();
  await toggle.press('Enter');
  await expect(toggle).toHaveAttribute('aria-expanded', 'true');
});
