import type { Page, TestInfo } from '@playwright/test';
import { expect } from '@playwright/test';
import axe from 'axe-core';

interface IFinding {
  id: string;
  impact: string;
  help: string;
  where: string[];
}

/**
 * Let axe-core look at the parts of the page that a selector names, and expect nothing serious.
 *
 * What axe calls minor or moderate is attached to the report and fails nothing.
 */
export async function expectNothingSerious(
  page: Page,
  info: TestInfo,
  selector: string
): Promise<void> {
  // JupyterLab's body has no height and hides what sticks out, though nothing is hidden: axe would
  // take every text for clipped and look at no colour.
  await page.addStyleTag({ content: 'body { height: 100vh !important; }' });
  await page.evaluate(axe.source);
  const { colours, violations: findings } = await page.evaluate(
    async (root: string) => {
      const { axe: engine } = window as unknown as { axe: typeof axe };
      const found = await engine.run({ include: [[root]] });
      const seen = found.passes.concat(found.violations);
      return {
        colours: seen.some(one => one.id === 'color-contrast'),
        violations: found.violations.map(one => ({
          id: one.id,
          impact: one.impact ?? 'minor',
          help: one.help,
          where: one.nodes.map(
            node => `${node.target.join(' ')}: ${node.failureSummary}`
          )
        }))
      };
    },
    selector
  );
  await info.attach('axe', {
    body: JSON.stringify(findings, null, 2),
    contentType: 'application/json'
  });
  expect(colours, 'axe has looked at colours').toBe(true);
  expect(findings.filter(serious)).toEqual([]);
}

function serious({ impact }: IFinding): boolean {
  return impact === 'serious' || impact === 'critical';
}
