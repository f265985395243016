import type { Page } from '@playwright/test';

import { expect, test } from './fixtures';
import { leaveNothing, openLab, openNotebook, openPanel, runAllCells } from './lab';

/** The examples, unmodified, as a student runs them; how many pictures each must show. */
const EXAMPLES = [
  { path: '01-quickstart.ipynb', pictures: 5 },
  { path: '02-comfyui-raw.ipynb', pictures: 3 },
  { path: '03-openai-sdk.ipynb', pictures: 5 }
];

const SERVERS = [
  { name: 'a demo engine that boots at once', kind: 'ordinary' },
  { name: 'a demo engine that boots for 20 s', kind: 'slow' }
] as const;

interface ICell {
  cell_type: string;
  execution_count?: number | null;
  outputs?: { output_type: string; data?: object; evalue?: string }[];
}

/** The notebook in front as plain JSON: what was really run and shown, scrolled to or not. */
async function cells(page: Page): Promise<ICell[]> {
  return page.evaluate(() => {
    const panel = window.jupyterapp.shell.currentWidget as unknown as {
      context: { model: { toJSON(): { cells: ICell[] } } };
    };
    return panel.context.model.toJSON().cells;
  });
}

async function code(page: Page): Promise<ICell[]> {
  return (await cells(page)).filter(cell => cell.cell_type === 'code');
}

async function allCellsHaveRun(page: Page): Promise<void> {
  await expect
    .poll(
      async () => {
        const all = await code(page);
        const failed = all
          .flatMap(cell => cell.outputs ?? [])
          .find(output => output.output_type === 'error');
        if (failed !== undefined) {
          return `failed: ${failed.evalue}`;
        }
        return `${all.filter(cell => cell.execution_count).length} of ${all.length}`;
      },
      { timeout: 80_000, intervals: [250] }
    )
    .toBe(`${(await code(page)).length} of ${(await code(page)).length}`);
}

function pictures(all: ICell[]): number {
  return all
    .flatMap(cell => cell.outputs ?? [])
    .filter(output => {
      const data = (output.data ?? {}) as Record<string, string>;
      return 'image/png' in data || /<img/.test(String(data['text/html']));
    })
    .map(output => {
      const html = String((output.data as Record<string, string>)['text/html']);
      return Math.max(1, html.split('<img').length - 1);
    })
    .reduce((sum, number) => sum + number, 0);
}

for (const server of SERVERS) {
  test.describe(`with ${server.name}`, () => {
    test.use({ serverKind: server.kind });
    test.setTimeout(150_000);

    test.afterEach(async ({ request }) => leaveNothing(request));

    for (const example of EXAMPLES) {
      test(`${example.path} runs unmodified and shows DEMO pictures`, async ({
        page
      }, info) => {
        await openLab(page);
        await openPanel(page);
        await openNotebook(page, example.path);
        await runAllCells(page);
        await allCellsHaveRun(page);
        expect(pictures(await code(page))).toBe(example.pictures);
        await expect(page.locator('.jp-OutputArea-output img').first()).toBeVisible();
        await page.screenshot({
          path: info.outputPath(`${example.path}-${server.kind}.png`)
        });
      });
    }
  });
}

test('a classic notebook runs and nothing of ours shows', async ({ page }, info) => {
  await openLab(page);
  await openNotebook(page, '04-classic.ipynb');
  await runAllCells(page);
  await allCellsHaveRun(page);
  await expect(page.locator('.jp-OutputArea-output img').first()).toBeVisible();
  await expect(page.locator('.Toastify__toast')).toHaveCount(0);
  await page.screenshot({ path: info.outputPath('classic.png') });
});

test('the form of the quickstart makes a picture', async ({ page, request }, info) => {
  await openLab(page);
  await openNotebook(page, '01-quickstart.ipynb');
  await runAllCells(page);
  await allCellsHaveRun(page);
  // Cells out of sight are not drawn; the form is in the last one that runs.
  const generate = page.getByRole('button', { name: /Generate$/ });
  await generate.click();
  const picture = page.getByRole('img', { name: /quiet street in Lyon/ });
  await expect(picture).toBeVisible({ timeout: 60_000 });
  await expect(generate).toBeEnabled({ timeout: 60_000 });
  await page.screenshot({ path: info.outputPath('form.png') });
  await leaveNothing(request);
});
