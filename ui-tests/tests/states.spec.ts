import { expect, test } from './fixtures';
import {
  cardOf,
  changeSettings,
  chooseFromPalette,
  chooseMode,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  panelOf
} from './lab';

// What the browser itself says of an answer that does not come, and of a server without us.
test.use({ foreseen: /net::ERR_FAILED|status of 404/ });

const THEMES = '@jupyterlab/apputils-extension:themes';

test.describe('with the server extension off', () => {
  test.use({ serverKind: 'off' });

  test('everything stays silent, and the palette says why', async ({ page }, info) => {
    await openLab(page);
    await openNotebook(page, 'image.ipynb');
    await expect(page.locator('.jp-GenAILab-statusItem')).toHaveCount(0);
    await expect(page.locator('.jp-GenAILab-chip-button')).toHaveCount(0);
    await expect(page.locator('.Toastify__toast')).toHaveCount(0);
    await openPanel(page);
    await expect(panelOf(page).getByText('GenAI is off on this server')).toBeVisible();
    await page.screenshot({ path: info.outputPath('off.png') });
    await chooseFromPalette(page, 'Why Is GenAI Off?');
    await expect(page.getByRole('dialog')).toContainText(
      'jupyter server extension enable coursia_genai_lab'
    );
  });
});

test.describe('with the server extension on', () => {
  test.afterEach(async ({ request }) => {
    await changeSettings(request, THEMES, null);
    await leaveNothing(request);
  });

  test('a server that stops answering is told, and found again', async ({
    page
  }, info) => {
    await openLab(page);
    await openPanel(page);
    await expect(cardOf(page, 'demo')).toBeVisible();
    await page.route('**/coursia-genai/api/**', route => route.abort());
    await panelOf(page).getByRole('button', { name: 'Refresh' }).click();
    await expect(panelOf(page).getByRole('alert')).toContainText(
      'The server does not answer'
    );
    await expect(cardOf(page, 'demo')).toBeVisible();
    await expect(page.getByRole('button', { name: 'GenAI: no answer' })).toBeVisible();
    await page.screenshot({ path: info.outputPath('unreachable.png') });
    await page.unroute('**/coursia-genai/api/**');
    await panelOf(page).getByRole('button', { name: 'Try again' }).click();
    await expect(panelOf(page).getByRole('alert')).toHaveCount(0);
  });

  test('grey lines stand in until the first answer', async ({ page }, info) => {
    let answer = () => {};
    const held = new Promise<void>(resolve => (answer = resolve));
    await page.route('**/coursia-genai/api/**', async route => {
      await held;
      await route.continue();
    });
    await openLab(page);
    await openPanel(page);
    await expect(panelOf(page).getByRole('status', { name: 'Asking' })).toBeVisible();
    await page.screenshot({ path: info.outputPath('loading.png') });
    answer();
    await expect(cardOf(page, 'demo')).toBeVisible();
  });

  test('what nothing here can run says why and what would help', async ({
    page,
    request
  }, info) => {
    await chooseMode(request, 'local');
    await openLab(page);
    await openPanel(page);
    await openNotebook(page, 'image.ipynb');
    const card = cardOf(page, 'comfyui');
    await expect(card.getByText(/^Not available/)).toBeVisible();
    await expect(card.getByRole('note')).toBeVisible();
    await expect(card.getByRole('button', { name: 'Copy this message' })).toBeVisible();
    await page.screenshot({ path: info.outputPath('unavailable.png') });
  });

  for (const theme of ['JupyterLab Dark', 'JupyterLab Dark High Contrast']) {
    test(`the panel follows the theme ${theme}`, async ({ page, request }, info) => {
      await changeSettings(request, THEMES, { theme });
      await openLab(page);
      await openPanel(page);
      await openNotebook(page, 'image.ipynb');
      const card = cardOf(page, 'comfyui');
      await expect(card.getByText(/^Ready/)).toBeVisible();
      await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', theme);
      const [ink, paper] = await panelOf(page).evaluate(node => {
        const style = getComputedStyle(node);
        return [style.color, style.backgroundColor];
      });
      expect(ink).not.toBe(paper);
      await page.screenshot({ path: info.outputPath('theme.png') });
    });
  }

  test('nothing sticks out of a narrow panel', async ({ page }, info) => {
    await openLab(page);
    await openPanel(page);
    await openNotebook(page, 'image.ipynb');
    await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
    const { content, panel } = await panelOf(page).evaluate(node => {
      // JupyterLab itself never makes the side bar narrower than 250 px.
      node.style.minWidth = '0';
      node.style.maxWidth = '240px';
      return { content: node.scrollWidth, panel: node.clientWidth };
    });
    expect(panel).toBeLessThanOrEqual(240);
    expect(content).toBeLessThanOrEqual(panel);
    // The cards stand below one another: side by side their words break letter by letter.
    const card = await cardOf(page, 'comfyui').boundingBox();
    expect(card?.width).toBeGreaterThan(0.8 * panel);
    await page.screenshot({ path: info.outputPath('narrow.png') });
  });
});
