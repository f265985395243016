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
