import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';

import { expect, test } from './fixtures';
import {
  cardOf,
  changeSettings,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  panelOf
} from './lab';

const LANGUAGE = '@jupyterlab/translation-extension:plugin';

test.afterEach(async ({ request }) => {
  await changeSettings(request, LANGUAGE, null);
  await leaveNothing(request);
});

test('the face speaks French where JupyterLab does', async ({
  page,
  request
}, info) => {
  await changeSettings(request, LANGUAGE, { locale: 'fr_FR' });
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  const panel = panelOf(page);
  await expect(panel.getByRole('button', { name: 'Ce notebook' })).toBeVisible();
  await expect(panel.getByText(/^Le noyau a reçu \d+ variables$/)).toBeVisible();
  await expect(cardOf(page, 'comfyui').getByText(/^Prêt/)).toBeVisible();
  await expect(panel.getByText('Mode de ce serveur')).toBeVisible();
  await expect(page.getByRole('button', { name: /GenAI : Automatique/ })).toBeVisible();
  await page.screenshot({ path: info.outputPath('french.png') });
});

test('what the server says with values is French, too', async ({
  folder,
  page,
  request,
  serve
}, info) => {
  const services = join(folder, 'services');
  mkdirSync(services, { mode: 0o700 });
  const command = ['{python}', '-c', 'exit("the model file is broken")', '{port}'];
  writeFileSync(
    join(services, 'moody.toml'),
    'title = "Moody"\ndialect = "openai_images"\n' +
      `[process]\ncommand = ${JSON.stringify(command)}\n[readiness]\npath = "/"\n`
  );
  const server = await serve('--set', `GenAILab.services_path=${services}`);
  await changeSettings(request, LANGUAGE, { locale: 'fr_FR' }, server.origin);
  await openLab(page, server.origin);
  await openPanel(page);
  const card = cardOf(page, 'moody');
  await card.getByRole('button', { name: 'Démarrer Moody' }).click();
  await expect(card).toContainText(
    /Moody s’est arrêté pendant son démarrage\s: terminé avec le statut 1\./
  );
  await expect(card).toContainText(/Sa dernière ligne\s: the model file is broken/);
  await expect(card.locator('[lang="en"]')).toHaveText(['the model file is broken']);
  await page.screenshot({ path: info.outputPath('french-failure.png') });
});
