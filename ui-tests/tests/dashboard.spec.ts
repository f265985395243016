import type { Page } from '@playwright/test';

import { expect, test } from './fixtures';
import {
  api,
  changeSettings,
  chooseFromPalette,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  run
} from './lab';
import { aCrowdedMachine, GPUS, patchStatus, THEMES } from './machine';

// A test lets the server fail, which the browser says, too.
test.use({ foreseen: /status of 503/ });

const HEALTH = '**/coursia-genai/api/v1/health*';
const JOBS = '**/coursia-genai/api/v1/jobs*';
const OPEN = 'coursia-genai-lab:open-dashboard';

const now = () => Date.now() / 1000;
const dashboardOf = (page: Page) =>
  page.getByRole('region', { name: 'GenAI Dashboard' });
const cardOf = (page: Page, name: string) =>
  dashboardOf(page).getByRole('region', { name, exact: true });

test.afterEach(async ({ page, request }) => {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await leaveNothing(request);
  await changeSettings(request, THEMES, null);
});

/** Whether something sticks out to the side. */
function sticksOut(page: Page): Promise<boolean> {
  return dashboardOf(page).evaluate(node => node.scrollWidth > node.clientWidth);
}

/** Change what the server tells of the whole. */
async function patchHealth(page: Page, fields: object, metrics: object = {}) {
  await page.route(HEALTH, async route => {
    const answer = await route.fetch();
    const health = await answer.json();
    await route.fulfill({
      response: answer,
      json: { ...health, ...fields, metrics: { ...health.metrics, ...metrics } }
    });
  });
}

test('it opens from launcher and palette, and counts what really happens', async ({
  page,
  request
}, info) => {
  const before = (await api(request, 'health')).metrics;
  await openLab(page);
  await page.locator('.jp-LauncherCard').filter({ hasText: 'GenAI Dashboard' }).click();
  const dashboard = dashboardOf(page);
  await expect(dashboard.getByRole('status').first()).toHaveText('All is well');
  // A second way there leads to the same page.
  await chooseFromPalette(page, 'GenAI Dashboard');
  await expect(dashboardOf(page)).toHaveCount(1);
  await openNotebook(page, 'classic.ipynb');
  await openNotebook(page, 'image.ipynb');
  await run(page, OPEN);
  const starts = cardOf(page, 'Kernel starts');
  const count = (kind: string) => starts.locator(`[data-kind="${kind}"] strong`);
  await expect(count('classic')).toHaveText(String(before.classic_executions + 1));
  await expect(count('genai')).toHaveText(String(before.genai_executions + 1));
  // Nothing here runs real models: the demo engine stands in, boots, and is up since then.
  await expect(count('fallback')).toHaveText(String(before.fallback_executions + 1));
  const demo = cardOf(page, 'Services').locator('[data-service="demo"]');
  await expect(demo).toContainText('Ready', { timeout: 60_000 });
  await expect(demo.getByRole('img', { name: /^Demo engine: Up / })).toBeVisible();
  await expect(
    cardOf(page, 'GPUs')
      .getByRole('img', { name: /^Load of the last / })
      .first()
  ).toBeVisible();
  await page.screenshot({ path: info.outputPath('real.png') });
});

test('its figures are asked for while it is visible, and only then', async ({
  page
}) => {
  let asked = 0;
  page.on('request', sent => {
    asked += sent.url().includes('/api/v1/health') ? 1 : 0;
  });
  await openLab(page);
  await openPanel(page);
  await run(page, 'filebrowser:activate');
  expect(asked).toBe(0);
  await run(page, OPEN);
  await expect.poll(() => asked).toBeGreaterThan(1);
  // A page of the main area in front of it hides it.
  await openNotebook(page, 'classic.ipynb');
  await expect(dashboardOf(page)).toBeHidden();
  await page.waitForLoadState('networkidle').catch(() => undefined);
  const hidden = asked;
  let statusAsked = 0;
  page.on('request', sent => {
    statusAsked += sent.url().includes('/api/v1/status') ? 1 : 0;
  });
  await run(page, 'coursia-genai-lab:refresh');
  await expect.poll(() => statusAsked).toBeGreaterThan(0);
  expect(asked).toBe(hidden);
  await run(page, OPEN);
  await expect.poll(() => asked).toBeGreaterThan(hidden);
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`a busy day with a failure reads well in ${theme}, wide and narrow`, async ({
    page,
    request
  }, info) => {
    await changeSettings(request, THEMES, { theme });
    await page.setViewportSize({ width: 1280, height: 1500 });
    await page.route(GPUS, route => route.fulfill({ json: aCrowdedMachine() }));
    await patchStatus(page, {
      flux: {
        state: 'failed',
        stand_in: null,
        since: now() - 700,
        problem: { code: 'disk_full', message: '', remedy: '', command: null }
      },
      sd35: { state: 'starting', stand_in: null }
    });
    await page.route(JOBS, route => {
      const job = {
        service: 'flux',
        kind: 'openai',
        state: 'waiting',
        position: 1,
        seconds: 12,
        since: now() - 3,
        mine: true,
        label: 'lessons/day-3.ipynb',
        model: 'flux-1-dev'
      };
      const jobs = [
        { ...job, id: '1', state: 'working', position: 0, seconds: 0 },
        { ...job, id: '2', mine: false, label: '' }
      ];
      return route.fulfill({ json: { jobs } });
    });
    const up = [{ began: now() - 80_000, ended: now() - 50_000 }];
    const service = { title: '', status: 'healthy', state: 'ready', since: now() };
    const flux = { ...service, stand_in: null, code: null, up_seconds: 30_000, up };
    await patchHealth(
      page,
      {
        overall_status: 'degraded',
        window_began: now() - 86_400,
        services: { flux },
        reasons: [
          {
            code: 'disk_full',
            message: 'The disk of Docker is full.',
            remedy: 'Remove images that nobody uses.',
            service: 'flux'
          }
        ],
        failures: [
          {
            id: 9,
            at: now() - 700,
            service: 'flux',
            event: 'failed',
            by: 'lessons/day-3.ipynb',
            reason: 'The disk of Docker is full.',
            code: 'disk_full',
            seconds: null
          }
        ]
      },
      {
        own: true,
        pictures: 214,
        errors: 3,
        classic_executions: 37,
        genai_executions: 12
      }
    );
    await openLab(page);
    await run(page, OPEN);
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', theme);
    const dashboard = dashboardOf(page);
    await expect(dashboard.getByText('Something needs attention')).toBeVisible();
    await expect(dashboard.getByText('FLUX.1: The disk is full')).toBeVisible();
    await expect(dashboard.getByText(/numbers are your own/)).toBeVisible();
    await expect(cardOf(page, 'In numbers')).toContainText('214');
    const row = cardOf(page, 'Services').locator('[data-service="flux"]');
    await expect(row).toContainText('Failed · The disk is full');
    await expect(
      row.getByRole('img', { name: 'FLUX.1: Up 8 hours, 35 %' })
    ).toBeVisible();
    await expect(cardOf(page, 'Queue')).toContainText('Next, about 10 seconds');
    await expect(cardOf(page, 'Failures')).toContainText('and 2 more');
    expect(await sticksOut(page)).toBe(false);
    await page.screenshot({ path: info.outputPath('wide.png') });
    await run(page, 'application:toggle-left-area');
    await page.setViewportSize({ width: 480, height: 1500 });
    await expect(row).toBeVisible();
    expect(await sticksOut(page)).toBe(false);
    await page.screenshot({ path: info.outputPath('narrow.png') });
  });
}

test('waiting, a failure and its end each say so; the keyboard reaches all', async ({
  page
}, info) => {
  let answer = () => {};
  const held = new Promise<void>(resolve => (answer = resolve));
  let broken = true;
  await page.route(HEALTH, async route => {
    await held;
    await (broken
      ? route.fulfill({
          status: 503,
          json: { error: { code: 'store_silent', message: 'Silent.', remedy: 'Wait.' } }
        })
      : route.continue());
  });
  await openLab(page);
  await run(page, OPEN);
  const dashboard = dashboardOf(page);
  await expect(
    dashboard.getByRole('status', { name: 'Loading the overview' })
  ).toBeVisible();
  await expect(cardOf(page, 'Services').getByRole('table')).toBeVisible();
  await page.screenshot({ path: info.outputPath('loading.png') });
  answer();
  await expect(dashboard.getByText('The overview could not be loaded')).toBeVisible();
  await page.screenshot({ path: info.outputPath('error.png') });
  broken = false;
  await dashboard.focus();
  const retry = dashboard.getByRole('button', { name: 'Try again' });
  await expect(async () => {
    await page.keyboard.press('Tab');
    await expect(retry).toBeFocused({ timeout: 500 });
  }).toPass();
  await page.keyboard.press('Enter');
  await expect(dashboard.getByText('All is well')).toBeVisible();
});

test('it comes back with the page', async ({ page }) => {
  await openLab(page);
  await run(page, OPEN);
  await expect(cardOf(page, 'In numbers')).toBeVisible();
  await expect(async () => {
    // JupyterLab writes its layout a moment after it changed.
    await page.goto('/lab?token=browser-tests');
    await page.waitForFunction(() => window.jupyterapp !== undefined);
    await page.evaluate(() => window.jupyterapp.restored);
    await expect(cardOf(page, 'In numbers')).toBeVisible({ timeout: 10_000 });
  }).toPass();
});
