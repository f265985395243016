import { writeFileSync } from 'fs';
import { join } from 'path';

import { expect, test } from './fixtures';
import { openLab, openNotebook, openPanel, panelOf } from './lab';

/** A page has to know what its class says within so many milliseconds, a busy machine's delays added. */
const SOON = 5000;

test('an open page follows the mode of its class', async ({
  folder,
  page,
  serve
}, info) => {
  test.setTimeout(180_000);
  const policy = join(folder, 'policy.toml');
  const say = (mode: string) =>
    writeFileSync(policy, `course = "Images 101"\nmode = "${mode}"\n`, { mode: 0o644 });
  say('auto');
  const server = await serve('--set', `GenAILab.policy_source=${policy}`);
  await openLab(page, server.origin);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  const panel = panelOf(page);
  await expect(panel.getByRole('group', { name: 'Mode of the class' })).toBeVisible();
  await expect(panel.getByRole('radio', { name: /^Automatic/ })).toBeChecked();
  say('off');
  await expect(panel.getByRole('radio', { name: /^Off/ })).toBeChecked({
    timeout: SOON
  });
  await expect(panel.getByText('The mode is off')).toBeVisible();
  // The toolbar's chip and the status bar's item.
  await expect(page.getByRole('button', { name: 'GenAI: Off' })).toHaveCount(2);
  // Nobody below the class may choose otherwise.
  await expect(panel.getByRole('radio', { name: /^Automatic/ })).toBeDisabled();
  await page.screenshot({ path: info.outputPath('off.png') });
  say('demo');
  await expect(panel.getByRole('radio', { name: /^Demo/ })).toBeChecked({
    timeout: SOON
  });
  await expect(panel.getByText('The mode is off')).toHaveCount(0);
  const layers = panel.locator('dl').filter({ hasText: 'The class' });
  await expect(layers).toContainText(/The classDemo/);
});
