// LAPORAN: a number leads to the rows that it is the sum of, what cannot be an expense is told beside its field, a mistake
// is taken back, and a report can be taken away.
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

const PRICE = 300_000;
let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
  world.connect();
  const rows = Array.from({ length: 6 }, (_, n) =>
    `1000000${n},Pelanggan ${n},08129000000${n},Home-20M,2025-06-01,10,2025-12,${n % 2 ? 'Utara' : 'Selatan'}`);
  const head = 'nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,dibayar_sampai,wilayah';
  const file = world.file('laporan.csv', [head, ...rows].join('\n'));
  expect(world.run(['customer:import', file])).toMatchObject({ imported: 6 });
  expect(world.run(['invoice:generate', '--period', '2026-01'])).toMatchObject({ issued: 6 });
  for (const n of [0, 1]) world.run(['payment:record', '--service-number', `1000000${n}`, '--amount', String(PRICE), '--method', 'cash']);
  await world.serve();
});
test.afterAll(async () => world?.end());

const digits = (text: string) => Number(text.replace(/[^0-9-]/g, ''));
const line = (page: Page, word: string) => page.locator('tbody tr', { hasText: word }).locator('td');

async function open(page: Page, path: string): Promise<void> {
  await page.goto(`${world.base}${path}`);
  await hydrated(page);
}

test('a number of the month leads to the rows that it is the sum of', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await open(page, '/admin/laporan/ringkasan?bulan=2026-01');
  expect(digits(await line(page, 'Seharusnya diterima').nth(1).innerText())).toBe(6 * PRICE);
  const left = line(page, 'Belum dibayar').nth(1);
  expect(digits(await left.innerText())).toBe(4 * PRICE);
  await left.getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Rincian Tagihan');
  await expect(page.locator('tbody tr')).toHaveCount(4);
  expect(digits(await page.locator('tfoot td').nth(8).innerText())).toBe(4 * PRICE);

  await open(page, '/admin/laporan/piutang');
  await expect(page.locator('svg.chart')).toBeVisible();
  // With the next month's bills of the two who paid.
  expect(digits(await page.locator('tfoot td').last().innerText())).toBe(6 * PRICE);
  await page.locator('#tanggal').fill('14/1/2026');
  await page.getByRole('button', { name: 'Tampilkan' }).click();
  await expect(page.locator('#tanggal-salah')).toContainText('atau sesudahnya');
  await expect(page.locator('#tanggal'), 'what was typed stays').toHaveValue('14/1/2026');
  assertQuiet();
});

test('an expense that cannot be is told beside its field, a mistake is taken back', async ({ page }) => {
  await logIn(page, world);
  await open(page, '/admin/laporan/arus-kas');
  await page.getByRole('link', { name: 'Catat Pengeluaran' }).click();
  await page.locator('#category').selectOption('listrik');
  await page.locator('#note').fill('Token bulan ini');
  await page.locator('#amount').fill('0');
  await page.getByRole('button', { name: 'Simpan pengeluaran' }).click();
  await expect(page.locator('#amount-salah')).toHaveText('Jumlah harus lebih dari nol.');
  await expect(page.locator('#note'), 'what was typed stays').toHaveValue('Token bulan ini');
  await page.locator('#amount').fill('100rb');
  await page.getByRole('button', { name: 'Simpan pengeluaran' }).click();
  await expect(page.locator('.notice.ok')).toContainText('Listrik');

  await open(page, '/admin/laporan/arus-kas');
  const cells = line(page, 'Januari 2026');
  expect(await cells.allInnerTexts().then((all) => all.slice(1).map(digits))).toEqual([2 * PRICE, 100_000, 0, 2 * PRICE - 100_000]);
  await cells.nth(2).getByRole('link').click();
  await page.getByRole('link', { name: 'Batalkan' }).click();
  await page.locator('#reason').fill('Salah catat');
  await page.getByRole('button', { name: 'Batalkan pengeluaran' }).click();
  await expect(page.locator('.notice.ok')).toContainText('Dibatalkan');
  await open(page, '/admin/laporan/arus-kas');
  expect(digits(await line(page, 'Januari 2026').nth(4).innerText())).toBe(2 * PRICE);

  for (const [word, starts] of [['Unduh Excel', 'PK'], ['Unduh PDF', '%PDF']] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: word }).click()]);
    expect(readFileSync(await download.path()).subarray(0, starts.length).toString()).toBe(starts);
  }
});
