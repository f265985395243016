import { defineConfig } from '@playwright/test';

import tests from './playwright.config';

/** The pictures of the documentation: `make screenshots`, and no part of the tests. */
export default defineConfig({
  ...tests,
  workers: 1,
  testDir: './screenshots',
  outputDir: './test-results/screenshots',
  timeout: 180_000,
  use: { ...tests.use, viewport: { width: 1280, height: 800 }, colorScheme: 'light' }
});
