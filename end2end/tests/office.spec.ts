// The office with believable data: log-in, the first screens, a search, a payment over the counter, an import. Whatever
// the console complains about fails.
import { expect, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name, { routers: 3, start: Date.parse('2026-01-08T10:00:00+07:00') });
  world.seed(60);
  world.run(['invoice:generate', '--date', '2026-01-01']);
  // Most have paid in the first week.
  const open = world.run(['invoice:list', '--period', '2026-01', '--status', 'open']).invoices as { service_number: string; total: number }[];
  open.filter((_, n) => n % 5 < 3).forEach((bill, n) => {
    const day = `2026-01-0${1 + (n % 7)}`;
    world.run(['payment:record', '--service-number', bill.service_number, '--amount', String(bill.total), '--method', 'transfer', '--received-by', 'Rina', '--received-on', day]);
  });
  world.gateways();
  for (const router of world.run(['router:sync']).routers) expect(router).toMatchObject({ error: null });
  await world.serve();
});
test.afterAll(async () => world?.end());

test('without a session nothing of the office is shown', async ({ page }) => {
  await page.goto(`${world.base}/admin/pelanggan`);
  await expect(page).toHaveURL(/\/admin\/masuk/);
  await page.locator('input[name=email]').fill('rina@contoh.test');
  await page.locator('input[name=password]').fill('salah-sekali-ini');
  await page.getByRole('button', { name: 'Masuk' }).click();
  await expect(page).toHaveURL(/\/admin\/masuk/);
  await expect(page.getByText(/tidak cocok|salah/i).first()).toBeVisible();
});

test('Beranda, search, and a payment over the counter', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await hydrated(page);
  await expect(page.getByRole('heading', { name: 'Beranda' }).first()).toBeVisible();

  await page.goto(`${world.base}/admin/pelanggan`);
  await expect(page.getByRole('heading', { name: 'Daftar Pelanggan' })).toBeVisible();
  await hydrated(page);
  const first = page.locator('tbody tr').first();
  const name = (await first.getByRole('link').first().innerText()).split('\n')[0]?.trim() ?? '';
  expect(name.length).toBeGreaterThan(2);
  const search = page.locator('main input[name=q], #isi input[name=q]').first();
  await search.fill(name);
  await search.press('Enter');
  await expect(page).toHaveURL(/q=/);
  expect(page.url(), 'the nameless button is no part of the filter').not.toMatch(/[?&]=/);
  await expect(page.locator('tbody tr').first()).toContainText(name);

  // Somebody who owes: he pays exactly that.
  await page.goto(`${world.base}/admin/pelanggan?paid=belum`);
  await hydrated(page);
  const debtor = (await page.locator('tbody tr').first().getByRole('link').first().innerText()).split('\n')[0]?.trim() ?? '';
  await page.goto(`${world.base}/admin/terima?cari=${encodeURIComponent(debtor)}`);
  await hydrated(page);
  await page.locator('main, #isi').first().getByRole('link', { name: debtor }).first().click();
  await expect(page.getByText('Yang dipilih')).toBeVisible();
  await page.getByRole('button', { name: 'Uang pas' }).click();
  await expect(page.getByText('Kembalian').first()).toBeVisible();
  await page.getByRole('button', { name: /^Simpan pembayaran Rp/ }).click();
  await expect(page.getByText('Pembayaran tercatat.')).toBeVisible();
  await expect(page.getByText(/^KW\//)).toBeVisible();
  assertQuiet();
});

test('Impor Excel: what would happen, the rows that need mending, then the good ones', async ({ page }) => {
  const assertQuiet = watch(page);
  const file = world.file('baru.csv', [
    'nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,tunggakan,saldo,catatan',
    'BARU1,Ratna Dewi,0812-9000-0001,Home 20 Mbps,2026-01-03,10,150000,0,lantai 2',
    'BARU2,,081290000002,Home 20 Mbps,2026-01-03,10,0,0,',
    'BARU3,Yusuf Hidayat,+62 812 9000 0003,Home 20 Mbps,2026-01-03,10,0,75000,',
    'BARU4,Wati,081290000004,Paket Entah,2026-01-03,10,0,0,',
  ].join('\n'));
  await logIn(page, world);
  await page.goto(`${world.base}/admin/impor`);
  await hydrated(page);
  await page.getByLabel('Berkas Excel').setInputFiles(file);
  await page.getByRole('button', { name: /Unggah/ }).click();
  await expect(page.getByText('Belum ada yang diubah.', { exact: false }).first()).toBeVisible();
  await hydrated(page);
  const stat = (label: string) => page.locator('.stat', { hasText: label }).locator('strong');
  await expect(stat('Baru')).toHaveText('2');
  await expect(stat('Ditolak')).toHaveText('2');
  await expect(stat('Tunggakan awal')).toContainText('150.000');
  await expect(stat('Saldo awal')).toContainText('75.000');
  await expect(page.locator('tbody tr', { hasText: 'Paket Entah' })).toContainText('5');
  await expect(page.getByText('Kolom ini tidak dikenal')).toContainText('catatan');
  expect(() => world.invoices('BARU1'), 'a preview writes nothing').toThrow(/tidak ada/);
  await page.getByRole('button', { name: 'Impor 2 layanan sekarang' }).click();
  await expect(page.getByText('Impor selesai.')).toBeVisible();
  await page.goto(`${world.base}/admin/pelanggan?q=BARU`);
  await expect(page.locator('tbody tr')).toHaveCount(2);
  await expect(page.locator('tbody')).toContainText('Ratna Dewi');
  assertQuiet();
});
