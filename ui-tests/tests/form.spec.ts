import type { Locator, Page } from '@playwright/test';

import { expectNothingSerious } from './axe';
import { expect, test } from './fixtures';
import { leaveNothing, openLab, openNotebook, run } from './lab';

const NOTEBOOK = '06-working-with-pictures.ipynb';
const FORM_CELL = 2;
/** A picture takes a moment, and on a busy machine some moments. */
const DRAWN = { timeout: 60_000 };

test.setTimeout(240_000);
test.afterEach(async ({ page, request }) => {
  await forget(page);
  await leaveNothing(request);
});

const form = (page: Page) => page.locator('.jp-GenAILab-form');
const cells = (page: Page) => page.locator('.jp-Notebook .jp-Cell');

/** Run the cell that shows the form. */
async function showForm(page: Page): Promise<void> {
  await page.evaluate(index => {
    const panel = window.jupyterapp.shell.currentWidget as unknown as {
      content: { activeCellIndex: number };
    };
    panel.content.activeCellIndex = index;
  }, FORM_CELL);
  await run(page, 'notebook:run-cell');
  await expect(button(page, 'Generate')).toBeVisible(DRAWN);
}

function button(page: Page, name: string): Locator {
  return form(page).getByRole('button', { name: new RegExp(`(^|\\s)${name}$`) });
}

/** Move the focus by Tab alone until it is on something; backwards with Shift. */
async function tabTo(page: Page, wanted: Locator, key = 'Tab'): Promise<void> {
  for (let count = 0; count < 60; count++) {
    if (await wanted.evaluate(node => node === document.activeElement)) {
      return;
    }
    await page.keyboard.press(key);
  }
  await expect(wanted).toBeFocused();
}

/** Write into a field as a person without a mouse does. */
async function fill(page: Page, field: Locator, text: string): Promise<void> {
  await tabTo(page, field);
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
}

async function press(page: Page, wanted: Locator, key = 'Tab'): Promise<void> {
  await tabTo(page, wanted, key);
  await page.keyboard.press('Space');
}

/** Forget the pictures of the notebook, for whoever comes next. */
async function forget(page: Page): Promise<void> {
  const shown = button(page, 'Forget these pictures');
  if (await shown.isVisible()) {
    await shown.click();
    await button(page, 'Really forget all of them\\?').click();
    await expect(shown).toBeHidden();
  }
}

test('pictures are made, looked at, turned into code and changed by keyboard alone, and outlive the kernel', async ({
  page
}, info) => {
  await openLab(page);
  await openNotebook(page, NOTEBOOK);
  await showForm(page);
  const count = await cells(page).count();
  const status = form(page).getByRole('status');
  const field = (name: string) => form(page).getByRole('spinbutton', { name });

  const prompt = form(page).getByRole('textbox', { name: 'Prompt' });
  await prompt.focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('a red fox');
  await tabTo(page, form(page).getByRole('combobox', { name: 'Model' }));
  // The first letters of a model; to JupyterLab they would delete and cut cells.
  await page.keyboard.type('dd');
  await page.keyboard.type('x');
  await tabTo(page, form(page).getByRole('combobox', { name: 'Size' }));
  await page.keyboard.type('Small');
  await fill(page, field('Number'), '2');
  await fill(page, field('Seed'), '7');
  await press(page, button(page, 'Generate'));
  await expect(status.filter({ hasText: /Step \d+ of/ })).toBeVisible(DRAWN);
  await page.screenshot({ path: info.outputPath('drawing.png') });
  await expect(status.filter({ hasText: '2 pictures are ready.' })).toBeVisible(DRAWN);
  await expect(button(page, 'Generate')).toBeFocused();
  expect(await cells(page).count()).toBe(count);
  const large = form(page).getByRole('figure');
  await expect(large.getByText('512 × 512 · seed 7 · DEMO')).toBeVisible();

  await press(page, button(page, 'Picture 2'));
  await expect(large.getByText('seed 8 · DEMO')).toBeVisible();
  await press(page, button(page, 'Zoom'));
  const whole = form(page).getByRole('region', { name: 'Picture in full size' });
  await tabTo(page, whole, 'Shift+Tab');
  await page.screenshot({ path: info.outputPath('zoom.png') });
  await press(page, button(page, 'Zoom'));
  await expect(whole).toHaveCount(0);

  await press(page, button(page, 'Make code'));
  await expect(
    status.filter({ hasText: 'A new cell with the code stands below.' })
  ).toBeVisible();
  await expect(cells(page)).toHaveCount(count + 1);
  await expect(cells(page).nth(FORM_CELL + 1)).toContainText(
    'generate("a red fox", model="demo", size=(512, 512), seed=8'
  );
  await expect(button(page, 'Make code')).toBeFocused();

  await press(page, button(page, 'Edit this picture'), 'Shift+Tab');
  await fill(page, form(page).getByRole('textbox', { name: 'Change' }), 'a blue boat');
  await press(page, form(page).getByRole('checkbox', { name: 'Change only a part' }));
  await fill(page, field('Left %'), '50');
  await fill(page, field('Top %'), '0');
  await expect(
    status.filter({ hasText: '50 to 100 % from the left, 0 to 50 % from the top' })
  ).toBeVisible();
  await page.screenshot({ path: info.outputPath('edit.png') });
  await press(page, button(page, 'Make the change'));
  await expect(button(page, '✓ Picture 3')).toBeVisible(DRAWN);
  // Told where the person is looking, not above the pictures.
  const told = status.filter({ hasText: '2 pictures are ready.' });
  await expect(told).toHaveCount(1, DRAWN);
  const [change, line] = await Promise.all([
    button(page, 'Make the change').boundingBox(),
    told.boundingBox()
  ]);
  expect(line?.y).toBeGreaterThan(change?.y ?? Infinity);

  // Not awaited: the command ends with its dialog.
  await page.evaluate(() => {
    void window.jupyterapp.commands.execute('kernelmenu:restart');
  });
  await expect(page.locator('.jp-Dialog').getByRole('button').last()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('.jp-Dialog')).toHaveCount(0);
  // The form of the kernel that is gone says so by itself.
  await expect
    .poll(() => form(page).evaluate(node => getComputedStyle(node, '::before').content))
    .toContain('Run its cell again');
  await page.evaluate(async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel?.sessionContext.session?.kernel?.info;
  });
  await showForm(page);
  await expect(button(page, 'Picture 1')).toBeVisible(DRAWN);
  await expect(button(page, '✓ Picture 4')).toBeVisible();
  await page.screenshot({ path: info.outputPath('history.png') });
});

test('the form has nothing that assistive technology would stumble over', async ({
  page
}, info) => {
  await openLab(page);
  await openNotebook(page, NOTEBOOK);
  await showForm(page);
  await expectNothingSerious(page, info, '.jp-GenAILab-form');
  await form(page)
    .getByRole('combobox', { name: 'Size' })
    .selectOption('Small square 512 × 512');
  await button(page, 'More settings').click();
  await page.keyboard.press('Control+Enter');
  await expect(button(page, '✓ Picture 1')).toBeVisible(DRAWN);
  await button(page, 'Edit this picture').click();
  await form(page).getByRole('checkbox', { name: 'Change only a part' }).check();
  await form(page).getByText('How it was made').click();
  await expectNothingSerious(page, info, '.jp-GenAILab-form');
  await run(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
  await expectNothingSerious(page, info, '.jp-GenAILab-form');
  await page.setViewportSize({ width: 640, height: 1600 });
  await page.screenshot({ path: info.outputPath('dark-narrow.png') });
  await run(page, 'apputils:change-theme', { theme: 'JupyterLab Light' });
});
