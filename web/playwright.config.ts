// Tests in a real browser against a real daemon. No retries: a test that fails now and then is a fault.
import { defineConfig } from '@playwright/test';
import type { Options } from './tests/fixtures';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export default defineConfig<Options>({
  testDir: 'tests',
  outputDir: 'test-results/runs',
  globalSetup: './tests/scene.ts',
  workers: 2,
  fullyParallel: true,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['line'], ['./tests/failures.ts']],
  use: {
    launchOptions: {
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
    locale: 'en-GB',
    timezoneId: 'Africa/Nairobi',
    viewport: { width: 1360, height: 860 },
    trace: 'retain-on-failure',
  },
  projects: [
    { name: 'admin', use: { role: 'admin' } },
    { name: 'reseller', use: { role: 'reseller' } },
    { name: 'customer', use: { role: 'customer' } },
  ],
});
