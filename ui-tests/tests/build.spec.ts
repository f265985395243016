import { expect, test } from './fixtures';
import { cardOf, openLab, openPanel, panelOf } from './lab';
import { MODELS, patchStatus } from './machine';

test.afterEach(async ({ page }) => {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

const LACKS_IMAGE = {
  state: 'unavailable',
  stand_in: null,
  can_start: false,
  can_build: true,
  wanted: true,
  problem: {
    code: 'image_missing',
    message: 'The image coursia-genai/comfyui:1 is not on this machine.',
    remedy: 'Build it; that takes a while.',
    command: 'coursia-genai build comfyui'
  }
};
const BUILDING = {
  ...LACKS_IMAGE,
  state: 'building',
  phase: 'step 4 of 11: RUN pip install -r requirements.txt',
  percent: 27.3,
  estimate_seconds: 700,
  can_build: false,
  problem: null
};
const LACKS_MODELS = {
  ...LACKS_IMAGE,
  can_build: false,
  missing_models: ['sdxl-turbo'],
  problem: {
    code: 'models_missing',
    message: 'SDXL Turbo is missing, 6.9 GB.',
    remedy: 'Fetch it.',
    command: 'coursia-genai models fetch sdxl-turbo'
  }
};

test('an image is built from its card, followed and ended; models are led to', async ({
  page
}, info) => {
  const sent: string[] = [];
  await page.route('**/api/v1/services/*/build*', async route => {
    sent.push(route.request().method());
    await patchStatus(page, {
      comfyui: sent.length === 1 ? BUILDING : LACKS_IMAGE,
      'forge-turbo': LACKS_MODELS
    });
    await route.fulfill({ status: 202, json: { revision: 1 } });
  });
  await patchStatus(page, { comfyui: LACKS_IMAGE, 'forge-turbo': LACKS_MODELS });
  await openLab(page);
  await openPanel(page);
  const card = cardOf(page, 'comfyui');
  await expect(
    card.getByText('The image of this service is not on this machine')
  ).toBeVisible();
  await page.screenshot({ path: info.outputPath('missing.png') });
  const build = card.getByRole('button', { name: 'Build image…' });
  await build.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('many gigabytes of disk');
  await page.screenshot({ path: info.outputPath('question.png') });
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  expect(sent).toEqual([]);
  await build.click();
  await dialog.getByRole('button', { name: 'Build', exact: true }).click();
  await expect(
    card.getByText(
      'Building, step 4 of 11: RUN pip install -r requirements.txt · 27 % · about 12 minutes left'
    )
  ).toBeVisible();
  await expect(card.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '27');
  await page.screenshot({ path: info.outputPath('building.png') });
  await card.getByRole('button', { name: /^Cancel the build of/ }).click();
  await expect(build).toBeVisible();
  expect(sent).toEqual(['POST', 'DELETE']);
  await page.route(MODELS, route =>
    route.fulfill({ json: { roots: [], models: [], problem: null } })
  );
  await cardOf(page, 'forge-turbo')
    .getByRole('button', { name: 'Fetch models…' })
    .click();
  const filter = panelOf(page).getByRole('combobox', {
    name: 'Services whose models to show'
  });
  await expect(filter).toBeFocused();
  await expect(filter).toHaveValue('forge-turbo');
});
