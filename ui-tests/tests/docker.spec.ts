import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';

import { expect, test } from './fixtures';
import { cardOf, openLab, openNotebook, openPanel, panelOf } from './lab';
import { OwnDocker } from './ownDocker';

/** The image is the one that `docker_here.py` puts into its engine. */
const DRAWING = `title = "Drawing"
dialect = "openai_images"
[container]
image = "coursia-genai-test/demo:1"
port = 8188
memory_mib = 512
[readiness]
path = "/health"
`;

test('without Docker the panel says so and the demo engine draws; once it is there, it is used', async ({
  folder,
  page,
  serve
}, info) => {
  test.setTimeout(400_000);
  const services = join(folder, 'services');
  mkdirSync(services, { mode: 0o700 });
  writeFileSync(join(services, 'drawing.toml'), DRAWING);
  const docker = new OwnDocker(join(folder, 'd.sock'));
  const server = await serve(
    '--set',
    `GenAILab.services_path=${services}`,
    '--set',
    `GenAILab.docker_host=unix://${docker.socket}`,
    '--set',
    `GenAILab.network_subnet=10.${64 + (process.pid % 128)}.77.0/24`
  );
  await openLab(page, server.origin);
  await openPanel(page);
  const card = cardOf(page, 'drawing');
  const state = card.locator('.jp-GenAILab-card-state');
  await expect(state).toHaveText('Stopped · Demo engine stands in');
  await card.getByRole('button', { name: /^Drawing/ }).click();
  await expect(card).toContainText('Demo engine answers in its place.');
  await expect(card).toContainText('There is no Docker engine');
  await page.screenshot({ path: info.outputPath('absent.png') });
  // A notebook that asks for ComfyUI works all the same.
  await openNotebook(page, 'image.ipynb');
  await expect(
    panelOf(page).getByText(/the demo engine draws stand-ins marked DEMO/)
  ).toBeVisible();
  await expect(cardOf(page, 'comfyui').getByText(/^Ready/)).toBeVisible();
  try {
    const cannot = await docker.start();
    test.skip(cannot !== null, cannot ?? '');
    // Nobody reloads the page: what cannot run now, and is not needed here, is put away by itself.
    const more = panelOf(page).getByRole('button', {
      name: /^Show \d+ other services$/
    });
    await more.click({ timeout: 90_000 });
    await expect(state).toHaveText('Stopped', { timeout: 90_000 });
    await expect(card).not.toContainText('There is no Docker engine');
    // What Docker alone does not bring goes on with what it had.
    await expect(
      cardOf(page, 'comfyui').getByText(/^Ready · Demo engine/)
    ).toBeVisible();
    await page.screenshot({ path: info.outputPath('appeared.png') });
    await card.getByRole('button', { name: 'Start Drawing' }).click();
    await expect(state).toContainText('Ready', { timeout: 90_000 });
    await page.screenshot({ path: info.outputPath('ready.png') });
    await card.getByRole('button', { name: 'Stop Drawing' }).click();
    await expect(state).toHaveText('Stopped', { timeout: 90_000 });
  } finally {
    await docker.stop();
  }
});
