import type { APIRequestContext, Locator, Page } from '@playwright/test';
import { expect } from '@playwright/test';

const TOKEN = 'browser-tests';
export const HEADERS = { Authorization: `token ${TOKEN}` };

/** What a test may do with the application object, which the server shows to the page. */
interface IPanel {
  context: { ready: Promise<void> };
  sessionContext: {
    ready: Promise<void>;
    session: { kernel: { info: Promise<unknown>; id: string } | null } | null;
  };
}
interface IApp {
  restored: Promise<void>;
  commands: { execute(id: string, args?: object): Promise<unknown> };
  shell: { currentWidget: IPanel | null };
}
declare global {
  interface Window {
    jupyterapp: IApp;
  }
}

/** Open JupyterLab in a workspace of its own and wait until it is there. */
export async function openLab(page: Page, origin = ''): Promise<void> {
  await page.goto(`${origin}/lab?token=${TOKEN}&reset`);
  // A second page is led on to a workspace of its own while it starts, which cuts what is asked.
  await expect(async () => {
    await page.waitForFunction(() => window.jupyterapp !== undefined);
    await page.evaluate(() => window.jupyterapp.restored);
  }).toPass();
}

/** Open a notebook's page in Notebook 7 and wait until its kernel answers. */
export async function openNotebookPage(page: Page, path: string): Promise<void> {
  await page.goto(`/notebooks/${path}?token=${TOKEN}`);
  await page.waitForFunction(() => window.jupyterapp !== undefined);
  await page.evaluate(async () => {
    await window.jupyterapp.restored;
    const panel = window.jupyterapp.shell.currentWidget;
    await panel?.context.ready;
    await panel?.sessionContext.ready;
    await panel?.sessionContext.session?.kernel?.info;
  });
}

/** Run a command of JupyterLab and wait for its end. */
export async function run(
  page: Page,
  command: string,
  args: object = {}
): Promise<void> {
  await page.evaluate(
    async ([id, given]) => {
      await window.jupyterapp.commands.execute(id as string, given as object);
    },
    [command, args]
  );
}

/**
 * Open a notebook and wait until its kernel answers: the notebook's own "idle" comes too early,
 * and cells that run before the kernel has introduced itself are lost.
 */
export async function openNotebook(page: Page, path: string): Promise<void> {
  await run(page, 'docmanager:open', { path });
  await page.evaluate(async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel?.context.ready;
    await panel?.sessionContext.ready;
    await panel?.sessionContext.session?.kernel?.info;
  });
}

/** Start all cells without waiting for them. */
export async function runAllCells(page: Page): Promise<void> {
  await page.evaluate(() => {
    void window.jupyterapp.commands.execute('notebook:run-all-cells');
  });
}

/** Show the GenAI panel. */
export async function openPanel(page: Page): Promise<void> {
  await run(page, 'coursia-genai-lab:open-panel');
}

/** End every kernel, and take the own choice of a mode back. */
export async function leaveNothing(request: APIRequestContext): Promise<void> {
  const sessions = await request.get('/api/sessions', { headers: HEADERS });
  const open: { id: string }[] = await sessions.json();
  await Promise.all([
    chooseMode(request, null),
    ...open.map(({ id }) => request.delete(`/api/sessions/${id}`, { headers: HEADERS }))
  ]);
  const services = await api(request, 'services');
  for (const { name, can_stop } of services.services) {
    if (can_stop) {
      await request.post(`/coursia-genai/api/v1/services/${name}/stop`, {
        headers: HEADERS,
        data: { force: true }
      });
    }
  }
}

/** Set the mode as a person would by the REST API. */
export async function chooseMode(
  request: APIRequestContext,
  value: string | null
): Promise<void> {
  await request.put('/coursia-genai/api/v1/mode', {
    headers: HEADERS,
    data: { layer: 'person', value }
  });
}

/** Ask our REST API. */
export async function api(request: APIRequestContext, path: string) {
  const answer = await request.get(`/coursia-genai/api/v1/${path}`, {
    headers: HEADERS
  });
  return answer.json();
}

/** Write a setting of JupyterLab as its settings editor would; null removes it. */
export async function changeSettings(
  request: APIRequestContext,
  plugin: string,
  settings: object | null,
  origin = ''
): Promise<void> {
  await request.put(`${origin}/lab/api/settings/${encodeURIComponent(plugin)}`, {
    headers: HEADERS,
    data: { raw: JSON.stringify(settings ?? {}) }
  });
}

/** Put code into the first cell of the notebook in front, as typing it would. */
export async function writeFirstCell(page: Page, source: string): Promise<void> {
  await page.evaluate(text => {
    const panel = window.jupyterapp.shell.currentWidget as unknown as {
      content: {
        widgets: { model: { sharedModel: { setSource(text: string): void } } }[];
      };
    };
    panel.content.widgets[0].model.sharedModel.setSource(text);
  }, source);
}

/** The side panel. */
export function panelOf(page: Page): Locator {
  return page.getByRole('region', { name: /^(GenAI services|Services GenAI)$/ });
}

/** The card of a service in the side panel, by its stable name. */
export function cardOf(page: Page, service: string): Locator {
  return panelOf(page).locator(`[data-service="${service}"]`);
}

/**
 * Type a label into the command palette and take the one command that it finds. The palette
 * closes when JupyterLab, still starting, moves the focus: then it is opened again.
 */
export async function chooseFromPalette(page: Page, label: string): Promise<void> {
  const active = page.locator('.lm-CommandPalette-item.lm-mod-active');
  await expect(async () => {
    await run(page, 'apputils:activate-command-palette');
    await page
      .locator('.lm-CommandPalette-input')
      .last()
      .fill(label, { timeout: 2000 });
    await active.filter({ hasText: label }).waitFor({ timeout: 2000 });
    await page.keyboard.press('Enter');
  }).toPass({ timeout: 20_000 });
}

/** Write a notebook of one cell. */
export async function makeNotebook(
  request: APIRequestContext,
  path: string,
  source: string,
  origin = ''
): Promise<void> {
  const cell = {
    cell_type: 'code',
    source,
    metadata: {},
    outputs: [],
    execution_count: null
  };
  const metadata = {
    kernelspec: { name: 'python3', display_name: 'Python 3 (ipykernel)' }
  };
  const content = { cells: [cell], metadata, nbformat: 4, nbformat_minor: 4 };
  const data = { type: 'notebook', format: 'json', content };
  await request.put(`${origin}/api/contents/${path}`, { headers: HEADERS, data });
}

/** Forget what was confirmed for a notebook. */
export async function withdrawConsents(
  request: APIRequestContext,
  path: string
): Promise<void> {
  await request.delete(`/coursia-genai/api/v1/consents?path=${path}`, {
    headers: HEADERS
  });
}
