// The money core as people use it: a month that is looked at, approved and issued as it was seen; a part of a bill, too
// much, what becomes of the rest; why a bill has its amount.
import { expect, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
  world.connect();
  const rows = [
    '30000001,Siti Aminah,081234500001,Home-20M,2026-01-15,10,', '30000002,Budi Santoso,081234500002,Home-20M,2025-06-01,10,2025-12',
    '30000003,Agus Wijaya,081234500003,Home-20M,2025-06-01,10,2025-12',
  ];
  const file = world.file('inti.csv', ['nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,dibayar_sampai', ...rows].join('\n'));
  expect(world.run(['customer:import', file])).toMatchObject({ imported: 3 });
  expect(world.run(['invoice:generate', '--period', '2026-01'])).toMatchObject({ issued: 3 });
  await world.serve();
});
test.afterAll(async () => world?.end());

/** Opens the counter for a service. */
async function counter(page: import('@playwright/test').Page, number: string): Promise<void> {
  await page.goto(`${world.base}/admin/terima`);
  await hydrated(page);
  await page.locator('#cari-bayar').fill(number);
  await page.keyboard.press('Enter');
  await expect(page.locator('#uang')).toBeFocused();
}

test('a month is looked at, approved, and issued as it was seen; what changed since is held back and shown', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/pratinjau?bulan=2026-02`);
  await hydrated(page);
  const seen = world.run(['invoice:generate', '--period', '2026-02', '--dry-run']);
  await expect(page.getByText('Akan terbit').locator('..')).toContainText(String(seen.issued));
  await page.getByRole('button', { name: 'Setujui pratinjau ini' }).click();
  await expect(page.getByText(/Belum ada yang berubah/)).toBeVisible();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Daftar lengkap (Excel)' }).click()]);
  expect(download.suggestedFilename()).toBe('pratinjau.xlsx');

  // Agus changes his package from February on: of all bills only his is held back.
  world.run(['package:add', '--name', 'Home-50M', '--price', '450000', '--profile', 'Home-50M', '--down-kbps', '50000', '--up-kbps', '50000']);
  world.run(['setting:set', 'invoice.rehearsal_max_percent=50']);
  world.run(['service:change', '--service-number', '30000003', '--package', 'Home-50M', '--from', '2026-02-01']);
  await page.reload();
  await hydrated(page);
  await expect(page.getByText(/Sejak itu ada yang berubah/)).toBeVisible();
  const run = world.run(['invoice:generate', '--period', '2026-02', '--date', '2026-02-01']);
  expect(run).toMatchObject({ issued: seen.issued - 1 });
  await page.reload();
  await hydrated(page);
  const held = page.locator('section', { hasText: 'Tertahan: berbeda dari yang disetujui' });
  await expect(held.locator('tbody tr')).toHaveCount(1);
  await expect(held).toContainText('Agus Wijaya');
  await expect(held).toContainText('450.000');
  await held.getByRole('button', { name: 'Terbitkan' }).click();
  await expect(page.getByText(/INV\/.* terbit\./)).toBeVisible();
  expect(world.run(['invoice:list', '--period', '2026-02', '--service-number', '30000003']).invoices).toMatchObject([{ total: 450_000 }]);
  expect(world.run(['verify', '--deep']).differences).toEqual([]);
  assertQuiet();
});

test('a part of a bill leaves the rest; too much becomes Saldo, which the bill of the next month uses', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await counter(page, '30000002');
  await page.locator('#uang').fill('0');
  await expect(page.getByText('Jumlah harus lebih dari nol.')).toBeVisible();
  await page.locator('#uang').fill('100.000');
  await expect(page.getByText('Jumlah harus lebih dari nol.')).toHaveCount(0);
  await expect(page.locator('.change')).toContainText('Kurang');
  await expect(page.locator('.change')).toContainText('200.000');
  await page.getByRole('button', { name: 'Dipakai untuk…' }).click();
  await expect(page.getByLabel('Dipakai untuk')).toContainText('INV/2026/01/');
  await page.getByRole('button', { name: /Simpan pembayaran/ }).click();
  await expect(page.getByText('Pembayaran tercatat.')).toBeVisible();
  await expect(page.getByText(/Masih kurang/)).toContainText('200.000');

  // The rest, and half a million more: January is paid, February is issued and paid, 400,000 wait as Saldo.
  await counter(page, '30000002');
  await expect(page.getByText(/baru saja dibayar/)).toBeVisible();
  await page.locator('#uang').fill('900.000');
  await page.getByLabel('Simpan kembalian sebagai Saldo').check();
  await page.getByRole('button', { name: /Simpan pembayaran/ }).click();
  await expect(page.getByText('Pembayaran tercatat.')).toBeVisible();
  const standing = world.run(['balance', '--service-number', '30000002']);
  expect(standing).toMatchObject({ owed: 0, credit: 400_000 });
  expect(world.run(['invoice:list', '--service-number', '30000002']).invoices).toMatchObject([
    { period: '2026-01', paid: 300_000, status: 'paid' }, { period: '2026-02', paid: 300_000, status: 'paid' },
  ]);

  // March is billed on its day: Saldo pays it by itself, 100,000 are left, and the customer's page says so.
  expect(world.run(['invoice:generate', '--period', '2026-03', '--date', '2026-03-01'])).toMatchObject({ period: '2026-03' });
  expect(world.run(['balance', '--service-number', '30000002'])).toMatchObject({ owed: 0, credit: 100_000 });
  const march = world.run(['invoice:list', '--period', '2026-03', '--service-number', '30000002']).invoices[0];
  expect(march).toMatchObject({ status: 'paid', paid: 300_000 });
  expect(world.run(['verify', '--deep']).differences).toEqual([]);
  assertQuiet();
});

test('a bill says why it has its amount, to the office and to the customer', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  const why = 'Paket Home-20M Rp 300.000 / 31 hari x 17 hari (15-31 Januari) = Rp 164.516';
  await page.goto(`${world.base}/admin/tagihan?period=2026-01&q=30000001`);
  await hydrated(page);
  await page.getByRole('link', { name: /INV\/2026\/01\// }).first().click();
  await expect(page.getByText(why)).toBeVisible();
  // The customer's page works without any script.
  await page.goto(`${world.base}/billing/30000001`);
  await page.getByText('Kenapa tagihan saya segini?').click();
  await expect(page.getByText(why)).toBeVisible();
  assertQuiet();
});
