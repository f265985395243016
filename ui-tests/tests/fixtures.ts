import type { BrowserContext, ConsoleMessage } from '@playwright/test';
import { expect } from '@playwright/test';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

import { OwnServer } from './ownServer';
import { test as base } from './servers';

export { expect };

/** Addresses of our code and of our server, and words by which others speak of us. */
const OURS = /\/coursia-genai\/|coursia.genai.lab|jp-GenAILab/i;
const LOUD = ['error', 'warning'];
/** JupyterLab's word on how long a start took tells of the machine, which other tests share. */
const SLOW_START = /^\w+: Plugin .* (took [\d.]+ ?ms|is taking too long) to activate/;

interface IFixtures {
  /** What the console may say of us, of trouble that the test itself makes. */
  foreseen: RegExp | null;
  /** Listen to the console of a further browser context, too. */
  listen: (context: BrowserContext) => void;
  quiet: void;
  /** A private folder of this test's own. */
  folder: string;
  /** Start a server of this test's own, with words for `serve.py`. */
  serve: (...options: string[]) => Promise<OwnServer>;
}

/** Playwright's test, which fails also when the console has an error or a warning of ours. */
export const test = base.extend<IFixtures>({
  foreseen: [null, { option: true }],
  listen: async ({ foreseen }, provide) => {
    const said: string[] = [];
    const hear = (words: string) => {
      if (OURS.test(words) && !SLOW_START.test(words) && !foreseen?.test(words)) {
        said.push(words);
      }
    };
    await provide(context => {
      context.on('console', message => {
        if (LOUD.includes(message.type())) {
          hear(wordsOf(message));
        }
      });
      context.on('weberror', error => {
        const thrown = error.error();
        hear(`thrown: ${thrown.stack ?? thrown.message}`);
      });
    });
    expect(said, 'the console says nothing of ours').toEqual([]);
  },
  quiet: [
    async ({ context, listen }, provide) => {
      listen(context);
      await provide();
    },
    { auto: true }
  ],
  folder: async ({}, provide) => {
    const folder = mkdtempSync(join(tmpdir(), 'genai-ui-test-'));
    await provide(folder);
    rmSync(folder, { recursive: true, force: true });
  },
  serve: async ({ browser, context, folder }, provide) => {
    // A folder that a server reads goes after the server.
    expect(folder).toBeTruthy();
    const started: OwnServer[] = [];
    await provide(async (...options) => {
      const server = new OwnServer(options);
      started.push(server);
      await server.start();
      return server;
    });
    // Pages first: each would say in its console that its server went away.
    const open = new Set([context, ...browser.contexts()]);
    const pages = [...open].flatMap(one => one.pages());
    await Promise.all(pages.map(page => page.close()));
    await Promise.all(started.map(server => server.stop()));
  }
});

function wordsOf(message: ConsoleMessage): string {
  return `${message.type()}: ${message.text()} (${message.location().url})`;
}
