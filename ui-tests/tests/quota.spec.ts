import { writeFileSync } from 'fs';
import { join } from 'path';

import { expect, test } from './fixtures';
import {
  makeNotebook,
  openLab,
  openNotebook,
  openPanel,
  panelOf,
  runAllCells
} from './lab';
import { showOnly } from './machine';

const FORM =
  'from coursia_genai_lab import GenerationPanel\nGenerationPanel("a red fox")\n';

test('whoever has used their quota up reads so, and when it begins anew', async ({
  folder,
  page,
  request,
  serve
}, info) => {
  test.setTimeout(240_000);
  const policy = join(folder, 'policy.toml');
  const allow = (pictures: number) =>
    writeFileSync(
      policy,
      '[[quotas]]\nscope = "person"\nname = "*"\nwindow = "day"\n' +
        `pictures = ${pictures}\n`,
      { mode: 0o644 }
    );
  allow(1);
  const server = await serve('--set', `GenAILab.policy_source=${policy}`);
  await makeNotebook(request, 'form.ipynb', FORM, server.origin);
  await openLab(page, server.origin);
  await openPanel(page);
  await openNotebook(page, 'form.ipynb');
  await runAllCells(page);
  const form = page.locator('.jp-GenAILab-form');
  await expect(form).toContainText('1 of 1 pictures left today');
  const generate = form.getByRole('button', { name: /Generate$/ });
  await generate.click();
  await expect(form.getByText('The picture is ready.')).toBeVisible({
    timeout: 60_000
  });
  await expect(form).toContainText('0 of 1 pictures left today');
  await generate.click();
  const error = form.getByRole('alert');
  await expect(error).toContainText(/quota|used up|nothing left/i);
  await expect(error).toContainText(/It begins anew at /);
  await showOnly(page, 'Usage');
  const usage = panelOf(page);
  await expect(usage.getByText('You, per day')).toBeVisible();
  await expect(usage.getByText('Nothing left of 1 picture')).toBeVisible();
  await page.screenshot({ path: info.outputPath('gone.png') });
  // The teacher gives more: the same form goes on.
  allow(3);
  await expect(usage.getByText(/^2 left of 3 pictures/)).toBeVisible({
    timeout: 60_000
  });
  await form.getByRole('button', { name: 'Try again' }).click();
  await expect(form.getByText('The picture is ready.')).toBeVisible({
    timeout: 60_000
  });
  await expect(form).toContainText('1 of 3 pictures left today');
});
