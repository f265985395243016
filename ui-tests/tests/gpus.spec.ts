import { expect, test } from './fixtures';
import {
  changeSettings,
  chooseFromPalette,
  openLab,
  openPanel,
  panelOf,
  run
} from './lab';
import {
  aCrowdedMachine,
  GPUS,
  narrow,
  patchStatus,
  showOnly,
  THEMES
} from './machine';

// A test lets the GPUs be unreadable, which the browser says, too.
test.use({ foreseen: /status of 503/ });

test.afterEach(async ({ page, request }) => {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await changeSettings(request, THEMES, null);
});

test('the GPUs are read while somebody looks at them, and only then', async ({
  page
}, info) => {
  let asked = 0;
  page.on('request', sent => {
    asked += sent.url().includes('/api/v1/gpus') ? 1 : 0;
  });
  await openLab(page);
  await openPanel(page);
  const gpus = panelOf(page).getByRole('list', { name: 'GPUs', exact: true });
  const busy = gpus.locator('[data-gpu]').first();
  await expect(busy).toContainText('83 % busy · 71 °C');
  await expect(busy).toContainText(/^GPU 0 RTX 4090.* of 23\.4 GiB/);
  await expect(
    busy.getByRole('list', { name: 'Who holds the memory of GPU 0' })
  ).toContainText('8.8 GiB');
  await expect(
    panelOf(page).getByRole('list', { name: 'Instances of GPU 2' })
  ).toBeVisible();
  // Two readings make a line, so that it was asked again.
  await expect(busy.getByRole('img', { name: /^Load of the last / })).toBeVisible();
  await showOnly(page, 'GPUs');
  await page.screenshot({ path: info.outputPath('real.png') });
  const toggle = panelOf(page).getByRole('button', { name: /^GPUs/ });
  await toggle.press('Enter');
  await expect(toggle).toHaveAttribute('aria-expanded', 'false');
  // Whoever leads here by the palette sees them again.
  const before = asked;
  await run(page, 'filebrowser:activate');
  await chooseFromPalette(page, 'Show the GPUs');
  await expect(toggle).toHaveAttribute('aria-expanded', 'true');
  await expect(toggle).toBeFocused();
  await expect(busy).toBeVisible();
  await expect.poll(() => asked).toBeGreaterThan(before);
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`eight crowded GPUs read well in ${theme}, wide and narrow`, async ({
    page,
    request
  }, info) => {
    await changeSettings(request, THEMES, { theme });
    await page.setViewportSize({ width: 1000, height: 1400 });
    const machine = aCrowdedMachine();
    await page.route(GPUS, route => route.fulfill({ json: machine }));
    await openLab(page);
    await openPanel(page);
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', theme);
    await showOnly(page, 'GPUs');
    const gpus = panelOf(page).getByRole('list', { name: 'GPUs', exact: true });
    await expect(gpus.locator(':scope > li')).toHaveCount(8);
    await expect(gpus.getByText('ollama by marie')).toBeVisible();
    await expect(
      gpus.getByText(/^21\.5 GiB reserved · for itself alone$/)
    ).toBeVisible();
    await page.screenshot({ path: info.outputPath('crowded.png') });
    expect(await narrow(page)).toBe(false);
    await page.screenshot({ path: info.outputPath('narrow.png') });
    machine.stale_since = Date.now() / 1000 - 300;
    machine.problem = {
      code: 'driver_hangs',
      message: 'The NVIDIA driver did not answer within 5 s.',
      remedy: 'Start the machine again when nobody works on it.',
      command: 'sudo reboot'
    };
    await expect(
      panelOf(page).getByText(/^The GPU driver gives no answer since /)
    ).toBeVisible();
    expect(await narrow(page)).toBe(false);
    await page.screenshot({ path: info.outputPath('stale.png') });
  });
}

test('no GPU, no answer and no first reading each say so', async ({ page }, info) => {
  let answer = () => {};
  const held = new Promise<void>(resolve => (answer = resolve));
  let json: object = {
    at: 1,
    stale_since: null,
    driver: null,
    cuda: null,
    problem: {
      code: 'no_driver',
      message: 'The NVIDIA driver’s library is not on this machine.',
      remedy: 'Install the driver if the machine has an NVIDIA GPU.',
      command: null
    },
    gpus: []
  };
  let status = 200;
  await page.route(GPUS, async route => {
    await held;
    await route.fulfill({ status, json });
  });
  await patchStatus(page, {}, { role: 'student' });
  await openLab(page);
  await openPanel(page);
  const panel = panelOf(page);
  await showOnly(page, 'GPUs');
  await expect(panel.getByRole('status', { name: 'Reading the GPUs' })).toBeVisible();
  await page.screenshot({ path: info.outputPath('loading.png') });
  answer();
  await expect(panel.getByText(/^No GPU here\./)).toBeVisible();
  await panel.getByText('There should be one?').click();
  await expect(panel.getByText('Install the driver if')).toBeVisible();
  await page.screenshot({ path: info.outputPath('none.png') });
  // Students see no plan.
  await expect(panel.getByRole('region', { name: 'Before class' })).toHaveCount(0);
  status = 503;
  json = { error: { code: 'gpu_unreadable', message: 'It broke.', remedy: 'Wait.' } };
  await panel.getByRole('button', { name: 'Refresh', exact: true }).click();
  await expect(panel.getByText('The GPUs could not be read')).toBeVisible();
  await page.screenshot({ path: info.outputPath('error.png') });
});
