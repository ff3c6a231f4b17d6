import { defineConfig } from '@playwright/test';

// Two workers: each file has a world of its own, and a worker waits for the server half of the time.
export default defineConfig({
  testDir: './tests',
  workers: 2,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    locale: 'id-ID',
    timezoneId: 'Asia/Jakarta',
    viewport: { width: 1280, height: 900 },
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    },
  },
  // Which engine a world gets is its project's name.
  // Several servers share a PostgreSQL only; what a screen looks like does not depend on the engine.
  projects: [{ name: 'sqlite', testIgnore: /two-servers/ }, { name: 'postgres', testIgnore: /screens/ }],
});
