// Tests in a real browser against a real daemon. No retries: a test that fails now and then is a fault.
import { defineConfig } from '@playwright/test';
import type { Options } from './tests/fixtures';
import { VIEWER } from './tests/viewer';

const ROLES = ['admin', 'reseller', 'customer'] as const;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export default defineConfig<object, Options>({
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
    ...VIEWER,
    actionTimeout: 20_000,
    // A trace is made for who asks for it with `--trace on`, as it costs every step of every test something.
    screenshot: 'only-on-failure',
  },
  projects: ROLES.map((role) => ({ name: role, use: { role }, grepInvert: ofOthers(role) })),
});

/** Tests that are tagged with roles, none of which is this one. */
function ofOthers(role: string): RegExp {
  return new RegExp(`^(?!.*@${role}).*@(${ROLES.join('|')})`);
}
