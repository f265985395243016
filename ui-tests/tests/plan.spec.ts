import { expect, test } from './fixtures';
import { chooseFromPalette, openLab, panelOf } from './lab';
import { narrow, PLAN, showOnly } from './machine';

test.afterEach(async ({ page }) => {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('the real server says what fits, and a class of another size is asked for', async ({
  page
}, info) => {
  const asked: string[] = [];
  page.on('request', sent => {
    if (sent.url().includes('/api/v1/plan')) {
      asked.push(new URL(sent.url()).search);
    }
  });
  await page.setViewportSize({ width: 1000, height: 1200 });
  await openLab(page);
  await chooseFromPalette(page, 'Plan a Class');
  const panel = panelOf(page);
  const people = panel.getByRole('spinbutton', { name: 'People in class' });
  await expect(people).toBeFocused();
  await showOnly(page, 'Before class');
  const fits = panel.getByRole('list', { name: 'What fits' });
  await expect(fits.locator(':scope > li').first()).toBeVisible();
  await expect(
    fits.getByText(/^Not known yet: it has made no picture/).first()
  ).toBeVisible();
  await page.screenshot({ path: info.outputPath('real.png') });
  await people.fill('31');
  await people.press('Enter');
  await expect.poll(() => asked[asked.length - 1]).toMatch(/^\?people=31\b/);
  const planned = (service: string, fields: object = {}) => ({
    service,
    title: service,
    fit: 'fits',
    gpus: [],
    vram_mib: 12_288,
    memory_mib: 16_384,
    problem: null,
    ...fields
  });
  let answer = () => {};
  const held = new Promise<void>(resolve => (answer = resolve));
  await page.route(PLAN, async route => {
    await held;
    await route.fulfill({
      json: {
        services: [
          planned('comfyui'),
          planned('forge-turbo', { fit: 'after_freeing' }),
          planned('flux', {
            fit: 'never',
            vram_mib: 40_960,
            problem: {
              code: 'gpu_too_small',
              message: 'FLUX needs 40 GiB of GPU memory; the largest GPU has 24.',
              remedy: 'Use a smaller model, or a cloud.',
              command: null
            }
          }),
          planned('demo', { fit: 'needs_no_gpu', vram_mib: null })
        ],
        together: [
          ['comfyui', 'demo'],
          ['forge-turbo', 'demo']
        ],
        apart: [['comfyui', 'forge-turbo']],
        waits: [
          {
            service: 'comfyui',
            people: 31,
            seconds_per_image: 14,
            images: 212,
            start_seconds: 55,
            median_seconds: 270,
            last_seconds: 490
          }
        ],
        notes: [
          {
            code: 'gpu_lost',
            message: 'GPU 3 does not answer and is left out.',
            remedy: 'Start the machine again.',
            command: null
          }
        ]
      }
    });
  });
  await panel.getByRole('button', { name: 'Plan again' }).click();
  await expect(panel.locator('.jp-GenAILab-plan')).toHaveAttribute('aria-busy', 'true');
  answer();
  await expect(
    panel.getByText(
      /^Half of the class waits at most 5 minutes, the last one 8 minutes\./
    )
  ).toBeVisible();
  await expect(panel.getByRole('list', { name: 'These take turns' })).toBeVisible();
  await page.screenshot({ path: info.outputPath('plan.png') });
  expect(await narrow(page)).toBe(false);
  await page.screenshot({ path: info.outputPath('narrow.png') });
});
