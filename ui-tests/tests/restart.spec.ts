import { expect, test } from './fixtures';
import { cardOf, openLab, openNotebook, openPanel, panelOf } from './lab';

// While the server is away, the browser says so itself.
test.use({
  foreseen: /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/
});

test('a page recovers by itself when the server begins anew', async ({
  page,
  serve
}, info) => {
  test.setTimeout(180_000);
  const server = await serve();
  await openLab(page, server.origin);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
  // JupyterLab's own word that the server is away, where the restart takes long.
  const away = page.getByRole('dialog').filter({ hasText: 'Server Connection Error' });
  await page.addLocatorHandler(away, dialog =>
    dialog.getByRole('button', { name: 'Close' }).click()
  );
  await server.restart();
  // Nobody presses anything: the panel finds the new server, whose services are stopped.
  await expect(panelOf(page).getByRole('alert')).toHaveCount(0, { timeout: 60_000 });
  await expect(cardOf(page, 'comfyui').getByText(/^Stopped/)).toBeVisible({
    timeout: 60_000
  });
  await page.screenshot({ path: info.outputPath('after.png') });
  const card = cardOf(page, 'comfyui');
  await card.getByRole('button', { name: 'Start ComfyUI' }).click();
  await expect(card.getByText(/^Ready/)).toBeVisible();
});
