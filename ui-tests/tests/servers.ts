import { test as base } from '@playwright/test';

import { OwnServer } from './ownServer';

/** The servers that tests share, by what they are for, and their words for `serve.py`. */
const SHARED = {
  ordinary: ['--gpus'],
  /** Its demo engine takes longer to boot than anybody would watch in silence. */
  slow: ['--set', 'GenAILab.demo_boot_seconds=20'],
  /** Its Jupyter does not load our extension. */
  off: ['--off'],
  /** Notebook 7 in place of JupyterLab. */
  notebook: ['--notebook']
};
type Kind = keyof typeof SHARED;

const STARTS_WITHIN = 120_000;

interface IFixtures {
  /** Which of the shared servers the pages of a test come from. */
  serverKind: Kind;
}
interface IWorkerFixtures {
  shared: SharedServers;
}

/**
 * Playwright's test, with servers for each worker: tests that run side by side share none, so that
 * none sees the kernels, settings and services of another.
 */
export const test = base.extend<IFixtures, IWorkerFixtures>({
  shared: [
    async ({}, provide) => {
      const servers = new SharedServers();
      await provide(servers);
      await servers.stop();
    },
    { scope: 'worker' }
  ],
  serverKind: ['ordinary', { option: true }],
  baseURL: [
    async ({ shared, serverKind }, provide) => {
      await provide(await shared.origin(serverKind));
    },
    { scope: 'test', timeout: STARTS_WITHIN }
  ]
});

/** The shared servers of one worker; each starts when it is first asked for. */
class SharedServers {
  private readonly started = new Map<Kind, OwnServer>();

  async origin(kind: Kind): Promise<string> {
    const server = this.started.get(kind) ?? new OwnServer(SHARED[kind]);
    if (!this.started.has(kind)) {
      await server.start();
      this.started.set(kind, server);
    }
    return server.origin;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.started.values()].map(server => server.stop()));
  }
}
