import { expectNothingSerious } from './axe';
import { expect, test } from './fixtures';
import {
  cardOf,
  changeSettings,
  chooseMode,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  panelOf,
  run
} from './lab';
import { aCrowdedMachine, GPUS, patchStatus, THEMES } from './machine';

// A test lets the server give no answer, which the browser says, too.
test.use({ foreseen: /net::ERR_FAILED/ });

const PANEL = '.jp-GenAILab-panel';
const DASHBOARD = '.jp-GenAILab-dashboard';

test.afterEach(async ({ request }) => {
  await changeSettings(request, THEMES, null);
  await leaveNothing(request);
});

for (const theme of [
  'JupyterLab Light',
  'JupyterLab Dark',
  'JupyterLab Dark High Contrast'
]) {
  test(`axe finds nothing serious in ${theme}`, async ({ page, request }, info) => {
    await changeSettings(request, THEMES, { theme });
    await page.setViewportSize({ width: 1280, height: 1500 });
    await page.route(GPUS, route => route.fulfill({ json: aCrowdedMachine() }));
    await patchStatus(page, {
      flux: {
        state: 'failed',
        stand_in: null,
        problem: {
          code: 'image_missing',
          message: 'The image is not here.',
          remedy: 'Build it.',
          command: 'coursia-genai build flux'
        }
      },
      sd35: { state: 'pulling', stand_in: null, percent: 37, estimate_seconds: 40 }
    });
    await openLab(page);
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', theme);
    await openPanel(page);
    await openNotebook(page, 'image.ipynb');
    await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
    const toggles = panelOf(page).locator('.jp-GenAILab-section-toggle');
    for (const toggle of await toggles.all()) {
      if ((await toggle.getAttribute('aria-expanded')) !== 'true') {
        await toggle.click();
      }
    }
    await page.screenshot({ path: info.outputPath('panel.png') });
    await expectNothingSerious(page, info, PANEL);
    await expectNothingSerious(page, info, '.jp-GenAILab-chip');
    await expectNothingSerious(page, info, '.jp-GenAILab-statusItem');
    await run(page, 'coursia-genai-lab:open-dashboard');
    await expect(page.locator(DASHBOARD)).toBeVisible();
    await page.screenshot({ path: info.outputPath('dashboard.png') });
    await expectNothingSerious(page, info, DASHBOARD);
  });
}

test('axe finds nothing serious where GenAI is off, nor while the panel loads', async ({
  page,
  request
}, info) => {
  await chooseMode(request, 'off');
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  await expect(panelOf(page).getByText(/off/i).first()).toBeVisible();
  await expectNothingSerious(page, info, PANEL);
  await page.route('**/coursia-genai/api/**', route => route.abort());
  await panelOf(page).getByRole('button', { name: 'Refresh' }).click();
  await expect(panelOf(page).getByRole('alert')).toBeVisible();
  await expectNothingSerious(page, info, PANEL);
});
