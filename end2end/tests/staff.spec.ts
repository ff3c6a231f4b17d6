// Somebody new: invited, sets his own password, logs in; a right that is given opens a page to him at once, and is taken
// back with the whole table; then he is put out.
import { expect, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

const PASSWORD = 'kuda lumping biru';
let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
  await world.serve();
});
test.afterAll(async () => world?.end());

test('an invitation, a right that is given and taken back, and the way out', async ({ page, browser }) => {
  test.setTimeout(120_000);
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/pengguna`);
  await hydrated(page);
  const invite = page.getByRole('button', { name: 'Buat undangan' });
  await page.getByLabel('Nama', { exact: true }).fill('Sari Kasir');
  await page.getByLabel('Email', { exact: true }).fill('sari@contoh.test');
  await page.getByLabel('Peran').selectOption({ label: 'Kasir' });
  await invite.click();
  const link = page.getByLabel('Tautan', { exact: true });
  await expect(link).toHaveValue(/\/admin\/undangan\//);
  await expect(page.getByRole('link', { name: 'Kirim lewat WhatsApp' })).toHaveAttribute('href', /^https:\/\/wa\.me\//);
  await expect(page.locator('tbody tr', { hasText: 'Sari Kasir' })).toContainText('Diundang');
  const path = new URL(await link.inputValue()).pathname;

  const hers = await browser.newContext();
  const sari = await hers.newPage();
  await sari.goto(world.base + path);
  await sari.locator('input[name=password]').fill(PASSWORD);
  await sari.locator('input[name=repeated]').fill(PASSWORD);
  await sari.locator('form button[type=submit], form button').first().click();
  await expect(sari).toHaveURL(/\/admin\/masuk/);
  await sari.locator('input[name=email]').fill('sari@contoh.test');
  await sari.locator('input[name=password]').fill(PASSWORD);
  await sari.getByRole('button', { name: 'Masuk' }).click();
  await sari.waitForURL((url) => !url.pathname.startsWith('/admin/masuk'));
  await sari.goto(`${world.base}/admin/terbitkan`);
  await expect(sari.getByText('Anda tidak berhak melakukan ini.').first()).toBeVisible();

  await page.goto(`${world.base}/admin/pengguna/hak`);
  await hydrated(page);
  await page.getByLabel('Kasir: Menerbitkan tagihan').check();
  await expect(page.getByText('1 hak berbeda dari bawaan.')).toBeVisible();
  await expect(page.getByText('Diubah; bawaan: tidak')).toBeVisible();
  await sari.goto(`${world.base}/admin/terbitkan`);
  await expect(sari.getByText('Anda tidak berhak melakukan ini.')).toHaveCount(0);
  await page.getByRole('button', { name: 'Kembalikan ke bawaan' }).click();
  await page.getByRole('button', { name: 'Ya, kembalikan' }).click();
  await expect(page.getByText('Semua seperti bawaan.')).toBeVisible();
  await expect(page.getByLabel('Kasir: Menerbitkan tagihan')).not.toBeChecked();

  // On a phone nothing is wider than the screen.
  await page.setViewportSize({ width: 360, height: 800 });
  for (const where of ['/admin/pengguna/hak', '/admin/pengguna']) {
    await page.goto(world.base + where);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide, where).toBeLessThanOrEqual(0);
  }
  await page.setViewportSize({ width: 1280, height: 900 });

  await page.locator('tbody').getByRole('link', { name: 'Sari Kasir' }).click();
  await expect(page.getByRole('heading', { name: 'Sari Kasir' })).toBeVisible();
  await hydrated(page);
  await page.getByRole('button', { name: 'Nonaktifkan' }).click();
  await page.getByRole('button', { name: 'Ya, nonaktifkan' }).click();
  await expect(page.getByText('Dinonaktifkan; semua sesinya berakhir.')).toBeVisible();
  await sari.goto(`${world.base}/admin/pelanggan`);
  await expect(sari).toHaveURL(/\/admin\/masuk/);
  await hers.close();
  assertQuiet();
});
