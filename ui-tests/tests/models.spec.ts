import { expect, test } from './fixtures';
import { changeSettings, chooseFromPalette, openLab, openPanel, panelOf } from './lab';
import {
  aFile,
  aModel,
  MODELS,
  narrow,
  patchStatus,
  showOnly,
  THEMES
} from './machine';

// A test lets the server give no answer, which the browser says, too.
test.use({ foreseen: /net::ERR_FAILED/ });

test.afterEach(async ({ page, request }) => {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await changeSettings(request, THEMES, null);
});

const ROOT = { path: '/srv/models', free_bytes: 88e9, writable: true, problem: null };

test('a model is fetched once its licence is accepted, and the fetch ended', async ({
  page
}, info) => {
  const sent: string[] = [];
  let model = aModel('qwen-image-edit', {
    title: 'Qwen-Image-Edit-2509',
    must_accept: true
  });
  await page.route(MODELS, route =>
    route.fulfill({ json: { roots: [ROOT], models: [model], problem: null } })
  );
  await page.route('**/api/v1/models/*/fetch*', async route => {
    const { method, body } = {
      method: route.request().method(),
      body: route.request().postData()
    };
    sent.push(`${method} ${body ?? ''}`.trim());
    model =
      method === 'POST'
        ? {
            ...model,
            must_accept: false,
            state: 'fetching',
            phase: 'fetching' as never,
            percent: 41 as never,
            bytes_per_second: 61e6 as never,
            estimate_seconds: 200 as never,
            files: [aFile({ state: 'fetching', done_bytes: 8.4e9 })]
          }
        : {
            ...model,
            state: 'partial',
            phase: null,
            percent: null,
            files: [aFile({ state: 'partial', done_bytes: 8.4e9 })]
          };
    await route.fulfill({ status: 202, json: model });
  });
  await openLab(page);
  await chooseFromPalette(page, 'Show the Models');
  const panel = panelOf(page);
  const filter = panel.getByRole('combobox', { name: 'Services whose models to show' });
  await expect(filter).toBeFocused();
  await showOnly(page, 'Models');
  const fetch = panel.getByRole('button', { name: 'Fetch Qwen-Image-Edit-2509' });
  await fetch.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('The licence of Qwen-Image-Edit-2509');
  await expect(dialog.getByRole('link', { name: 'Apache-2.0' })).toBeVisible();
  await page.screenshot({ path: info.outputPath('licence.png') });
  // Enter accepts nothing that nobody has read.
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  expect(sent).toEqual([]);
  await fetch.click();
  await dialog.getByRole('button', { name: 'Accept and Fetch' }).click();
  await expect(
    panel.getByText(
      'On its way · 8.4 of 20.4 GB · 41 % · 61 MB/s · about 3 minutes left'
    )
  ).toBeVisible();
  await page.screenshot({ path: info.outputPath('progress.png') });
  await panel.getByRole('button', { name: /^Cancel the fetch of/ }).click();
  await expect(fetch).toHaveText('Resume');
  expect(sent).toEqual(['POST {"accept_licence":true}', 'DELETE']);
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`models in every state read well in ${theme}, wide and narrow`, async ({
    page,
    request
  }, info) => {
    await changeSettings(request, THEMES, { theme });
    await page.setViewportSize({ width: 1000, height: 1200 });
    const models = [
      aModel('qwen-image-edit', { title: 'Qwen-Image-Edit-2509' }),
      aModel('z-image', {
        title: 'Z-Image Turbo',
        state: 'fetching',
        phase: 'fetching',
        percent: 12,
        bytes_per_second: 4.2e6,
        estimate_seconds: 4000,
        optional: true,
        files: [aFile({ state: 'fetching', done_bytes: 2.4e9 })]
      }),
      aModel('sdxl-turbo', {
        title: 'SDXL Turbo',
        services: ['forge-turbo'],
        state: 'wrong',
        files: [aFile({ state: 'wrong' })],
        problem: {
          code: 'model_hash_wrong',
          message:
            'sd_xl_turbo_1.0_fp16.safetensors is not the file that was published.',
          remedy: 'Fetch it again; the damaged file is set aside.',
          command: 'coursia-genai models fetch sdxl-turbo'
        }
      }),
      aModel('flux-dev', {
        title: 'FLUX.1 dev',
        services: ['flux'],
        gated: true,
        token_missing: true,
        can_fetch: false
      }),
      aModel('flux-vae', {
        title: 'FLUX VAE',
        services: ['flux'],
        state: 'present',
        missing_bytes: 0,
        files: [aFile({ state: 'present', verified: true })]
      })
    ];
    await page.route(MODELS, route =>
      route.fulfill({ json: { roots: [ROOT], models, problem: null } })
    );
    await openLab(page);
    await openPanel(page);
    const panel = panelOf(page);
    await showOnly(page, 'Models');
    await expect(panel.getByText('Its source wants a token')).toBeVisible();
    await panel.getByRole('button', { name: /^Qwen-Image-Edit-2509/ }).click();
    await panel.getByRole('button', { name: 'Show 1 model that is here' }).click();
    await expect(panel.getByText(/^Here, checked · 20\.4 GB$/)).toBeVisible();
    await page.screenshot({ path: info.outputPath('states.png') });
    expect(await narrow(page)).toBe(false);
    await page.screenshot({ path: info.outputPath('narrow.png') });
  });
}

test('a server without a folder for models says what to set, and a student only reads', async ({
  page
}, info) => {
  await patchStatus(page, {}, { role: 'student' });
  await openLab(page);
  await openPanel(page);
  const panel = panelOf(page);
  await showOnly(page, 'Models');
  await expect(panel.getByText('No folder for models is set')).toBeVisible();
  await expect(panel.getByText(/GenAILab\.model_roots/).first()).toBeVisible();
  await expect(panel.getByRole('list', { name: 'Models' }).first()).toBeVisible();
  await expect(panel.getByRole('button', { name: /^(Fetch|Check) / })).toHaveCount(0);
  await page.screenshot({ path: info.outputPath('real.png') });
  await page.route(MODELS, route => route.abort());
  await panel.getByRole('button', { name: 'Look for the models again' }).click();
  await expect(panel.getByText('The models could not be listed')).toBeVisible();
  await page.screenshot({ path: info.outputPath('error.png') });
});
