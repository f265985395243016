import { expect, test } from './fixtures';
import { openLab, openPanel, panelOf } from './lab';
import { showOnly } from './machine';

for (const [number, name] of [
  [1, 'one GPU'],
  [8, 'eight GPUs']
] as const) {
  test(`a machine with ${name} shows ${name}`, async ({ page, serve }, info) => {
    test.setTimeout(180_000);
    await page.setViewportSize({ width: 1000, height: 1200 });
    const server = await serve('--gpus', String(number));
    await openLab(page, server.origin);
    await openPanel(page);
    await showOnly(page, 'GPUs');
    const gpus = panelOf(page).getByRole('list', { name: 'GPUs', exact: true });
    await expect(gpus.locator(':scope > li')).toHaveCount(number);
    const first = gpus.locator(':scope > li').first();
    await expect(first).toContainText('GPU 0');
    await expect(first.getByText('12 % busy · 44 °C')).toBeVisible();
    await expect(first).toContainText(/of 23\.4 GiB/);
    const idle = gpus.getByText(/^GPU \d · .* · idle · .* of 23\.4 GiB$/);
    await expect(idle).toHaveCount(number - 1);
    if (number > 1) {
      const figures = gpus.getByText('0 % busy · 44 °C').last();
      await expect(figures).toBeHidden();
      await idle.last().focus();
      await page.keyboard.press('Enter');
      await expect(figures).toBeVisible();
    }
    await page.screenshot({ path: info.outputPath('gpus.png') });
  });
}

test('a machine without a GPU says so, and that it works all the same', async ({
  page,
  serve
}, info) => {
  test.setTimeout(180_000);
  const server = await serve('--gpus', '0');
  await openLab(page, server.origin);
  await openPanel(page);
  await showOnly(page, 'GPUs');
  await expect(panelOf(page).getByText(/^No GPU here\. The demo engine/)).toBeVisible();
  await page.screenshot({ path: info.outputPath('none.png') });
});
