import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';

import { expect, test } from './fixtures';
import { cardOf, openLab, openPanel } from './lab';

/** Ends at once with a word to the log, until a file is there; then it answers like a server. */
const MOODY = `
import http.server, os, sys
if not os.path.exists(sys.argv[2]):
    sys.exit("the model file is broken")
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
`;

test('a failed start says why and what helps, and trying again brings it up', async ({
  folder,
  page,
  serve
}, info) => {
  test.setTimeout(180_000);
  const services = join(folder, 'services');
  mkdirSync(services, { mode: 0o700 });
  const mended = join(folder, 'mended');
  const command = ['{python}', '-c', MOODY.trim(), '{port}', mended];
  writeFileSync(
    join(services, 'moody.toml'),
    'title = "Moody"\ndialect = "openai_images"\n' +
      `[process]\ncommand = ${JSON.stringify(command)}\n[readiness]\npath = "/"\n`
  );
  const server = await serve('--set', `GenAILab.services_path=${services}`);
  await openLab(page, server.origin);
  await openPanel(page);
  const card = cardOf(page, 'moody');
  await card.getByRole('button', { name: 'Start Moody' }).click();
  await expect(card.getByText(/^Failed/)).toBeVisible();
  await expect(card).toContainText('the model file is broken');
  await expect(card).toContainText('read its log');
  await page.screenshot({ path: info.outputPath('failed.png') });
  writeFileSync(mended, '');
  await card.getByRole('button', { name: /^(Try Again|Start Moody)/i }).click();
  await expect(card.getByText(/^Ready/)).toBeVisible();
});
