import type { Page } from '@playwright/test';

import { expect, test } from './fixtures';
import {
  api,
  cardOf,
  changeSettings,
  chooseFromPalette,
  leaveNothing,
  openLab,
  openNotebook,
  openPanel,
  panelOf
} from './lab';

// A test lets the server fail, which the browser says, too.
test.use({ foreseen: /status of 503/ });

const THEMES = '@jupyterlab/apputils-extension:themes';
const TIMELINE = '**/coursia-genai/api/v1/timeline*';

test.afterEach(async ({ page, request }) => {
  // An answer that is still on its way when the page goes is no failure of the test.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await changeSettings(request, THEMES, null);
  await leaveNothing(request);
});

const storyOf = (page: Page) =>
  panelOf(page).getByRole('list', { name: 'What happened' });

test('what happened is loaded when somebody looks, and follows what happens', async ({
  page
}, info) => {
  const asked: string[] = [];
  page.on('request', sent => {
    if (sent.url().includes('/api/v1/timeline')) {
      asked.push(sent.url());
    }
  });
  await openLab(page);
  await openPanel(page);
  const panel = panelOf(page);
  const toggle = panel.getByRole('button', { name: 'What happened', exact: true });
  await expect(toggle).toHaveAttribute('aria-expanded', 'false');
  expect(asked).toEqual([]);
  await toggle.press('Enter');
  await expect(toggle).toHaveAttribute('aria-expanded', 'true');
  const card = cardOf(page, 'demo');
  await card.getByRole('button', { name: 'Start Demo engine' }).click();
  const story = storyOf(page);
  await expect(
    story.getByText(/^Ready after \d+ seconds? · by you$/).first()
  ).toBeVisible();
  // The line may be an earlier start's; the card tells of this one.
  await expect(card.getByText(/^Ready/)).toBeVisible();
  await card.getByRole('button', { name: 'Stop Demo engine' }).click();
  const stopped = story.getByRole('listitem').first();
  await expect(stopped).toContainText(/Stopped in \d+ seconds? · by you/);
  await expect(stopped.getByText('now')).toHaveAttribute('title', /\d:\d\d/);
  await page.screenshot({ path: info.outputPath('story.png') });
});

test('a card’s menu leads to the story of its service', async ({ page }, info) => {
  await openLab(page);
  await openPanel(page);
  await openNotebook(page, 'image.ipynb');
  const card = cardOf(page, 'demo');
  await expect(card.getByText(/^Ready/)).toBeVisible();
  const more = card.getByRole('button', { name: 'More about Demo engine' });
  await more.focus();
  await page.keyboard.press('Enter');
  await page.screenshot({ path: info.outputPath('menu.png') });
  await page.locator('.lm-Menu-item', { hasText: 'What Happened?' }).click();
  const filter = panelOf(page).getByRole('combobox', { name: 'Services whose story' });
  await expect(filter).toBeFocused();
  await expect(filter).toHaveValue('demo');
  await expect(
    storyOf(page)
      .getByText(/^Ready after .* for image\.ipynb$/)
      .first()
  ).toBeVisible();
  await page.screenshot({ path: info.outputPath('one.png') });
  await chooseFromPalette(page, 'Keep the Services of This Notebook for an Hour');
  await expect(cardOf(page, 'comfyui').getByText(/· kept until/)).toBeVisible();
  await chooseFromPalette(page, 'Let the Services of This Notebook Go');
  await expect(cardOf(page, 'comfyui').getByText(/· kept until/)).toHaveCount(0);
});

test('a timeline that is empty, is lost, or cannot be loaded says so', async ({
  page
}, info) => {
  let answer: object = { entries: [], more: false, durable: false };
  let status = 200;
  await page.route(TIMELINE, route => route.fulfill({ status, json: answer }));
  await openLab(page);
  await openPanel(page);
  await chooseFromPalette(page, 'Show What Happened to the Services');
  const panel = panelOf(page);
  await expect(panel.getByText(/^Nothing has happened yet/)).toBeVisible();
  await expect(panel.getByText(/it ends with this server/)).toBeVisible();
  await page.screenshot({ path: info.outputPath('empty.png') });
  status = 503;
  answer = {
    error: {
      code: 'store_locked',
      message: 'Another program holds the record.',
      remedy: 'Close it.'
    }
  };
  await panel.getByRole('button', { name: 'Load what happened again' }).click();
  await expect(panel.getByText('Another program holds the record.')).toBeVisible();
  await page.screenshot({ path: info.outputPath('error.png') });
  status = 200;
  answer = { entries: [], more: false, durable: true };
  await panel.getByRole('button', { name: 'Try again' }).click();
  await expect(panel.getByText('Another program holds the record.')).toHaveCount(0);
  await expect(panel.getByText(/it ends with this server/)).toHaveCount(0);
});

test('a service is kept and let go by the keyboard', async ({
  page,
  request
}, info) => {
  await openLab(page);
  await openPanel(page);
  const card = cardOf(page, 'demo');
  const keep = page.locator('.lm-Menu-item', { hasText: 'Keep for an Hour' });
  // JupyterLab, still starting, may move the focus: the menu closes, and is opened again.
  await expect(async () => {
    await card.getByRole('button', { name: 'More about Demo engine' }).press('Enter');
    await expect(keep).toBeVisible({ timeout: 3000 });
  }).toPass({ timeout: 60_000 });
  // These keys find the menu anyway.
  await page.locator('.lm-Menu').press('ArrowDown');
  await page.locator('.lm-Menu-item.lm-mod-active').press('Enter');
  await expect(card.getByText(/^Ready · kept until/)).toBeVisible();
  await card.getByRole('button', { name: /^Demo engine/ }).click();
  await expect(card.getByText(/^Kept until .* by you$/)).toBeVisible();
  await page.screenshot({ path: info.outputPath('kept.png') });
  await card.getByRole('button', { name: 'Stop Demo engine' }).click();
  await expect(page.getByRole('dialog')).toContainText(/Kept until .* by you/);
  await page.screenshot({ path: info.outputPath('question.png') });
  await page.keyboard.press('Escape');
  await card.getByRole('button', { name: 'Let Demo engine go' }).press('Enter');
  await expect(card.getByText(/^Kept until/)).toHaveCount(0);
  const { holders } = await api(request, 'services/demo');
  expect(holders).toEqual([]);
  await expect(card.getByText(/^Ready · stops in \d+ minutes/)).toBeVisible();
  await page.screenshot({ path: info.outputPath('free.png') });
});

/** The snapshot of a busy host, as a server with Docker would answer. */
async function showBusyHost(page: Page): Promise<void> {
  const now = Date.now() / 1000;
  const holder = {
    kind: 'kernel',
    kernel_id: null,
    since: now,
    active: true,
    strength: 'active',
    ends_at: null
  };
  const states: Record<string, object> = {
    'comfyui-qwen': {
      state: 'ready',
      runtime: 'external',
      external_owner: 'the container comfyui-qwen',
      wanted: true,
      can_start: false,
      stand_in: null,
      problem: null,
      holders: [{ ...holder, label: 'edit.ipynb' }]
    },
    comfyui: {
      state: 'pulling',
      phase: 'downloading the image',
      percent: 15.4,
      done_bytes: 1_216_000_000,
      total_bytes: 7_900_000_000,
      estimate_seconds: 190,
      runtime: 'docker',
      wanted: true,
      can_start: false,
      can_stop: true,
      stand_in: null,
      problem: null,
      holders: [{ ...holder, label: 'image.ipynb' }]
    },
    'forge-turbo': {
      state: 'ready',
      runtime: 'docker',
      wanted: true,
      can_start: false,
      can_stop: true,
      stops_in_seconds: 440,
      stand_in: null,
      problem: null,
      holders: [
        { ...holder, label: 'sdxl.ipynb', active: false, strength: 'dormant' },
        { ...holder, label: 'old.ipynb', active: false, strength: 'suspended' }
      ]
    }
  };
  await page.route('**/coursia-genai/api/v1/status*', async route => {
    const answer = await route.fetch();
    const snapshot = await answer.json();
    snapshot.services = snapshot.services.map((service: { name: string }) => ({
      ...service,
      ...states[service.name]
    }));
    await route.fulfill({ response: answer, json: snapshot });
  });
  const entry = (id: number, fields: object) => ({
    id,
    at: now - (60 - id) * 137,
    service: 'comfyui',
    by: '',
    reason: '',
    code: null,
    seconds: null,
    ...fields
  });
  const entries = [
    entry(59, { event: 'asked', by: 'course/image.ipynb' }),
    entry(58, {
      service: 'forge-turbo',
      event: 'released',
      by: 'the Lab',
      reason: 'Dormant: sdxl.ipynb.'
    }),
    entry(57, {
      service: 'comfyui-qwen',
      event: 'ready',
      by: 'course/edit.ipynb',
      seconds: 0.4
    }),
    entry(51, {
      event: 'failed',
      code: 'registry_away',
      reason: 'The registry ghcr.io did not answer within 300 s.'
    }),
    entry(44, { event: 'kept', by: 'root', reason: 'Pinned for 180 minutes.' }),
    entry(32, {
      service: 'demo',
      event: 'stopped',
      by: 'forge-turbo',
      reason: 'Room for Forge.',
      seconds: 3
    }),
    entry(21, { service: 'demo', event: 'engine_back' }),
    entry(20, { service: 'demo', event: 'engine_away' }),
    entry(5, { service: 'demo', event: 'adopted', by: 'an earlier Lab' })
  ];
  await page.route(TIMELINE, route =>
    route.fulfill({ json: { entries, more: true, durable: true } })
  );
}

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`a busy host reads well in ${theme}, wide and narrow`, async ({
    page,
    request
  }, info) => {
    await changeSettings(request, THEMES, { theme });
    await page.setViewportSize({ width: 1000, height: 1400 });
    await showBusyHost(page);
    await openLab(page);
    await openPanel(page);
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', theme);
    const panel = panelOf(page);
    for (const name of ['comfyui-qwen', 'forge-turbo']) {
      await cardOf(page, name).locator('.jp-GenAILab-card-toggle').click();
    }
    await panel.getByRole('button', { name: 'What happened', exact: true }).click();
    await expect(
      cardOf(page, 'comfyui').getByText(
        'Downloading its image · 1.2 of 7.9 GB · 15 % · about 3 minutes left'
      )
    ).toBeVisible();
    await expect(
      cardOf(page, 'comfyui-qwen').getByText(
        'Run by the container comfyui-qwen; used, never stopped'
      )
    ).toBeVisible();
    await expect(
      cardOf(page, 'forge-turbo').getByText(/^Ready · stops in 7 minutes/)
    ).toBeVisible();
    await expect(storyOf(page).getByRole('listitem')).toHaveCount(9);
    await page.screenshot({ path: info.outputPath('busy.png') });
    const { content, width } = await panel.evaluate(node => {
      // JupyterLab itself never makes the side bar narrower than 250 px.
      node.style.minWidth = '0';
      node.style.maxWidth = '240px';
      return { content: node.scrollWidth, width: node.clientWidth };
    });
    expect(content).toBeLessThanOrEqual(width);
    await page.screenshot({ path: info.outputPath('narrow.png') });
  });
}
