import type { APIRequestContext, Locator, Page } from '@playwright/test';

import { expectNothingSerious } from './axe';
import { expect, test } from './fixtures';
import { HEADERS, leaveNothing, openLab, openPanel, panelOf, run } from './lab';

const API = '/coursia-genai/api/v1';
/** A picture takes a moment, and on a busy machine some moments. */
const DRAWN = { timeout: 60_000 };

test.setTimeout(240_000);
test.afterEach(async ({ request }) => {
  await erase(request);
  await leaveNothing(request);
});

async function erase(request: APIRequestContext): Promise<void> {
  const erased = () => request.delete(`${API}/usage`, { headers: HEADERS });
  // A server that has just begun opens its record yet.
  await expect.poll(async () => (await erased()).status(), DRAWN).toBe(200);
}

/** Have a picture made by the demo engine, and wait until its small copy is kept. */
async function draw(request: APIRequestContext, size = '512x512'): Promise<void> {
  const before = await kept(request);
  const answer = await request.post('/coursia-genai/openai/v1/images/generations', {
    headers: HEADERS,
    data: { model: 'demo', prompt: 'a red fox in the snow', size },
    timeout: DRAWN.timeout
  });
  expect(answer.status()).toBe(200);
  await expect.poll(() => kept(request), DRAWN).toBe(before + 1);
}

async function kept(request: APIRequestContext): Promise<number> {
  const answer = await request.get(`${API}/usage/thumbnails`, { headers: HEADERS });
  return (await answer.json()).ids.length;
}

const usageOf = (page: Page) => panelOf(page).getByRole('region', { name: 'Usage' });
const rowsOf = (page: Page) =>
  usageOf(page).getByRole('list', { name: 'Your history' }).getByRole('listitem');

async function showHistory(page: Page): Promise<void> {
  await openPanel(page);
  await run(page, 'coursia-genai-lab:show-usage');
  await usageOf(page).getByRole('button', { name: 'Show my history' }).click();
  // They are fetched when they come into sight.
  await rowsOf(page).last().scrollIntoViewIfNeeded();
}

/** Expect that a picture was loaded, not only named. */
async function expectDrawn(picture: Locator): Promise<void> {
  await expect(picture).toBeVisible();
  await expect
    .poll(() => picture.evaluate((shown: HTMLImageElement) => shown.naturalWidth))
    .toBeGreaterThan(0);
}

test('a picture’s small copy stands beside it in one’s history until that is erased', async ({
  page,
  request
}, info) => {
  await erase(request);
  await draw(request);
  await draw(request, '768x512');
  await page.setViewportSize({ width: 1280, height: 1600 });
  await openLab(page);
  await showHistory(page);

  await expect(rowsOf(page)).toHaveCount(2);
  for (const row of await rowsOf(page).all()) {
    await expect(row).toContainText('Made · 1 picture');
    await expectDrawn(row.getByRole('img', { name: /^Made by .+, .*\d/ }));
  }
  const sizes = await rowsOf(page)
    .getByRole('img')
    .evaluateAll(shown =>
      shown.map(one => {
        const { naturalHeight, naturalWidth, width } = one as HTMLImageElement;
        return [naturalWidth, naturalHeight, width];
      })
    );
  expect(sizes).toEqual([
    [96, 64, 40],
    [96, 96, 40]
  ]);
  await expect(usageOf(page)).toContainText('here you alone see small ones');
  await panelOf(page).screenshot({ path: info.outputPath('thumbnails.png') });
  await expectNothingSerious(page, info, '.jp-GenAILab-panel');

  await page.reload();
  await page.waitForFunction(() => window.jupyterapp !== undefined);
  await page.evaluate(() => window.jupyterapp.restored);
  await showHistory(page);
  await expectDrawn(rowsOf(page).first().getByRole('img'));

  await usageOf(page).getByRole('button', { name: 'Erase mine…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('small pictures are taken out of the record');
  await dialog.getByRole('button', { name: 'Erase' }).click();
  await expect(usageOf(page)).toContainText('Nothing was made.');
  await expect(usageOf(page).getByRole('img', { name: /^Made by/ })).toHaveCount(0);
  expect(await kept(request)).toBe(0);
});
