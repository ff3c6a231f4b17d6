// What an owner does to sleep well: a backup by hand, taken home, tried until it is green; a job run now and switched off
// and on; stuck work with its reason, tried again.
import { statSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

const CUSTOMER = `nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang,tanggal_tempo,dibayar_sampai
CUST001,Budi Santoso,081234567890,Home-20M,Utara,budi,sandi-budi,2025-11-03,10,2025-12
`;
let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
  world.connect();
  world.run(['customer:import', world.file('pelanggan.csv', CUSTOMER), '--date', '2025-12-20']);
  world.run(['invoice:generate', '--period', '2026-01', '--date', '2026-01-01']);
  await world.serve();
});
test.afterAll(async () => world?.end());

test('a backup by hand is taken home, and the drill shows green on Beranda', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/cadangan`);
  await hydrated(page);
  await expect(page.getByText('Belum ada cadangan.')).toBeVisible();
  await page.getByRole('button', { name: 'Buat cadangan sekarang' }).click();
  const row = page.locator('tbody tr').first();
  await expect(row).toContainText('Selesai', { timeout: 30_000 });
  await expect(row).toContainText('Dengan tangan · Bu Rina');
  const notice = page.locator('.notice');
  await expect(notice, 'what said that it runs says what came of it').toContainText('Cadangan selesai: kimonet-');
  const coming = page.waitForEvent('download');
  await row.getByRole('link', { name: /^Unduh kimonet-/ }).click();
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/^kimonet-20260115-\d{6}-[0-9a-f]{6}\.tar\.gz$/);
  expect(statSync(await file.path()).size).toBeGreaterThan(5_000);
  await page.getByRole('button', { name: 'Latihan pulihkan' }).click();
  await expect(row).toContainText('Hijau', { timeout: 30_000 });
  await expect(row).toContainText('Pulih utuh: 1 pelanggan, 1 tagihan');
  await expect(notice).toContainText('Latihan pemulihan selesai: Pulih utuh');
  await page.goto(`${world.base}/admin`);
  await expect(page.getByText('Hijau').first()).toBeVisible();
  assertQuiet();
});

test('a job runs now, is switched off with a warning on Beranda, and on again', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/tugas`);
  await hydrated(page);
  const row = page.locator('tbody tr', { hasText: 'Tagihan bulan pertama' });
  await row.getByRole('button', { name: 'Jalankan sekarang: Tagihan bulan pertama' }).click();
  await expect(page.getByText('Tagihan bulan pertama dijalankan.')).toBeVisible();
  await expect(row).toContainText('Selesai', { timeout: 30_000 });
  await expect(row).toContainText('Bu Rina');
  const isolir = page.locator('tbody tr', { hasText: 'Isolir harian' });
  await isolir.getByRole('button', { name: 'Matikan Isolir harian' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Matikan' }).click();
  await expect(isolir).toContainText('Tidak dijadwalkan');
  await page.goto(`${world.base}/admin`);
  await expect(page.getByText('Isolir harian sedang dimatikan')).toBeVisible();
  await page.goto(`${world.base}/admin/tugas`);
  await hydrated(page);
  await page.getByRole('button', { name: 'Hidupkan Isolir harian' }).click();
  await expect(page.locator('tbody tr', { hasText: 'Isolir harian' })).toContainText('Berikutnya 16/01/2026 08:00');
  await page.goto(`${world.base}/admin/tugas/riwayat?job=prorate`);
  await expect(page.locator('tbody tr').first()).toContainText('di luar jadwal');
  assertQuiet();
});

test('stuck work says why, is tried again, or given up with a reason', async ({ page }) => {
  // The browser's console notes the one refusal that is asked for here, so that faults of the page alone count.
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  // WhatsApp refuses the key: the confirmation of a payment is given up.
  world.run(['setting:set', 'whatsapp.api_key=salah']);
  world.run(['payment:record', '--service-number', 'CUST001', '--amount', '300000', '--method', 'transfer']);
  await logIn(page, world);
  await expect
    .poll(async () => {
      await page.goto(`${world.base}/admin/tugas/macet`);
      return page.locator('tbody tr').count();
    }, { timeout: 30_000 })
    .toBeGreaterThan(0);
  await hydrated(page);
  const row = page.locator('tbody tr').first();
  await expect(row).toContainText('Pesan WhatsApp');
  await expect(row).toContainText('Budi Santoso');
  await expect(row).toContainText(/API key|ditolak/);
  await page.getByLabel(/^Pilih Pesan WhatsApp/).first().check();
  await page.getByRole('button', { name: 'Lepaskan yang dipilih' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Lepaskan' }).click();
  await expect(page.getByText('Tuliskan alasannya')).toBeVisible();
  await page.getByLabel('Alasan').fill('nota dikirim sendiri');
  await page.getByRole('dialog').getByRole('button', { name: 'Lepaskan' }).click();
  await expect(page.getByText('1 tugas dilepas.')).toBeVisible();
  expect(faults).toEqual([]);
});
