import { existsSync } from 'fs';
import { join } from 'path';

import { defineConfig } from '@playwright/test';

import { NOTEBOOK_PORT, OFF_PORT, ON_PORT, SLOW_PORT } from './tests/lab';

const venv = join(__dirname, '..', '.venv', 'bin', 'python');
const python = process.env.UI_TEST_PYTHON ?? (existsSync(venv) ? venv : 'python3');
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

function server(port: number, options: string) {
  return {
    command: `"${python}" serve.py --port ${port} ${options}`,
    url: `http://127.0.0.1:${port}/api`,
    timeout: 120_000,
    reuseExistingServer: false,
    // UI_TEST_LOGS=1 shows what the servers say.
    stderr: process.env.UI_TEST_LOGS ? ('pipe' as const) : ('ignore' as const),
    // The server stops its services itself; killed, it could not.
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: 15_000 }
  };
}

export default defineConfig({
  testDir: './tests',
  workers: 1,
  // A real browser on a busy machine loses a focus now and then; a test that passes only the
  // second time is reported as flaky.
  retries: process.env.CI ? 1 : 0,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    baseURL: `http://127.0.0.1:${ON_PORT}`,
    viewport: { width: 1280, height: 800 },
    video: 'off',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH || chromium,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  },
  webServer: [
    server(ON_PORT, '--gpus --set GenAILab.demo_boot_seconds=4'),
    server(OFF_PORT, '--off'),
    server(SLOW_PORT, '--set GenAILab.demo_boot_seconds=20'),
    server(NOTEBOOK_PORT, '--notebook')
  ]
});
