// WhatsApp: a text with a mistake and then right, the device linked by its QR code, and a reminder that arrives.
import { expect, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name, { start: Date.parse('2026-01-03T10:00:00+07:00') });
  world.gateways();
  world.run(['package:add', '--name', 'Home', '--price', '300000', '--profile', 'Home']);
  const file = world.file('pelanggan.csv', [
    'nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,dibayar_sampai',
    'A1,Budi Santoso,081234567890,Home,2025-11-03,10,2025-12',
  ].join('\n'));
  world.run(['customer:import', file, '--date', '2025-12-20']);
  world.run(['invoice:generate', '--date', '2026-01-01']);
  await world.order('whatsapp', { connected: false });
  await world.serve();
});
test.afterAll(async () => world?.end());

test('a text with a mistake is refused beside its field, then kept', async ({ page }) => {
  // No watch on the console: a refused text answers 400, and Chromium notes that there.
  await logIn(page, world);
  await page.goto(`${world.base}/admin/template/reminder`);
  await hydrated(page);
  const text = page.getByLabel('Teks pesan');
  await text.fill('Halo *{nama_pelangan}*, tagihan Rp {total}.');
  await page.getByRole('button', { name: 'Simpan' }).click();
  await expect(page.locator('#text-salah')).toContainText('{nama_pelanggan}?');
  await expect(text).toHaveValue('Halo *{nama_pelangan}*, tagihan Rp {total}.');
  await text.fill('Halo *{nama_pelanggan}*, tagihan Rp {total}.');
  const bold = page.locator('.bubble strong');
  await expect(bold).toHaveCount(1);
  await expect(bold).toHaveText('Budi Santoso');
  await page.getByRole('button', { name: 'Simpan' }).click();
  await expect(page.getByText('Tersimpan.')).toBeVisible();
});

test('the device is linked by its QR code, and the reminder arrives', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/whatsapp`);
  await hydrated(page);
  await expect(page.getByText('Tidak terhubung').first()).toBeVisible();
  await page.getByRole('button', { name: 'Hubungkan dengan kode QR' }).click();
  await expect(page.getByAltText('Kode QR untuk dipindai dari WhatsApp')).toBeVisible({ timeout: 15_000 });
  await world.order('whatsapp', { connected: true });
  await expect(page.getByText('Nomor ini siap mengirim pesan.')).toBeVisible({ timeout: 15_000 });
  world.run(['whatsapp:reminder']);
  await expect.poll(async () => (await world.state()).messages.map((row) => row.text), { timeout: 30_000 }).toContain('Halo *Budi Santoso*, tagihan Rp 300.000.');
  await page.goto(`${world.base}/admin/pesan`);
  await expect(page.locator('tbody tr').first()).toContainText('Pengingat tagihan');
  await expect(page.locator('tbody tr').first()).toContainText('Terkirim');
  assertQuiet();
});
