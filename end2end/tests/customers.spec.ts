// A customer in daily life: from the call to the working line with its first bill and fee, changed data with their history,
// a note, a photo that only the office opens, a planned stop, and the list as a file.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name, { start: Date.parse('2026-01-15T10:00:00+07:00') });
  world.connect();
  await world.serve();
});
test.afterAll(async () => world?.end());

let number = '';

test('pelanggan baru: from a call to a working line with its days and its fee', async ({ page }) => {
  test.setTimeout(120_000);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/pasang/baru`);
  await hydrated(page);
  await page.getByLabel('Nama', { exact: true }).fill('Siti Aminah');
  await page.getByLabel('Telepon (WhatsApp)').fill('0812');
  await page.getByLabel('Wilayah').fill('Dusun Baru');
  await page.getByLabel('Paket').selectOption({ index: 1 });
  await page.getByLabel('Router').selectOption({ label: 'Utara' });
  await page.getByLabel('Nama PPPoE').fill('siti');
  await page.getByLabel('Biaya pemasangan').fill('250rb');
  // What is wrong is said beside its field, and what was typed stays.
  await page.getByLabel('Tanggal jatuh tempo').fill('40');
  await page.getByRole('button', { name: 'Aktifkan sekarang' }).click();
  await expect(page.getByText(/bukan nomor HP/)).toHaveCount(1);
  await expect(page.getByText('angka 1 sampai 31')).toHaveCount(1);
  await page.getByLabel('Tanggal jatuh tempo').fill('10');
  await expect(page.locator('.field', { has: page.getByLabel('Telepon (WhatsApp)') }).locator('.wrong')).toContainText('bukan nomor HP');
  await expect(page.getByLabel('Nama', { exact: true })).toHaveValue('Siti Aminah');
  // From here on nothing may be complained about: the browser itself notes the refused form.
  const assertQuiet = watch(page);
  await page.getByLabel('Telepon (WhatsApp)').fill('0812-3456-7890');
  await page.getByRole('button', { name: 'Aktifkan sekarang' }).dblclick();
  await expect(page.getByText('Layanan aktif.')).toBeVisible();
  number = (await page.locator('.facts dd').first().innerText()).trim();
  expect(number).toMatch(/^\d{10}$/);
  await expect.poll(async () => (await world.line('siti')).profile, { timeout: 30_000 }).toBe('Home-20M');
  const bills = world.invoices(number);
  expect(bills.map((bill) => bill.total).sort((a, b) => a - b)).toEqual([164_516, 250_000]);
  await expect(page.getByRole('link', { name: 'Terima pembayaran', exact: true })).toBeVisible();
  await expect(page.getByText(/Home-20M \(/)).toBeVisible({ timeout: 30_000 });
  // The welcome went out.
  await expect.poll(async () => (await world.state()).messages.some((message) => message.text.includes('Selamat datang')), { timeout: 60_000 }).toBe(true);
  assertQuiet();
});

test('changed data leave a history; a note and a photo are kept; a stop from next month ends the line and its bills', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/pelanggan?q=${number}`);
  await hydrated(page);
  await page.getByRole('link', { name: 'Siti Aminah' }).click();
  await expect(page.getByRole('heading', { name: 'Siti Aminah' })).toBeVisible();
  await hydrated(page);
  await page.getByText('Ubah data pelanggan').click();
  await page.locator('#ubah-nama').fill('Siti Aminah Putri');
  await page.getByRole('button', { name: 'Simpan data pelanggan' }).click();
  await expect(page.getByRole('heading', { name: 'Siti Aminah Putri' })).toBeVisible();
  await expect(page.getByText('Nama: Siti Aminah Putri')).toBeVisible();

  await page.getByLabel('Isi catatan').fill('Modem di ruang tamu');
  await page.getByRole('button', { name: 'Simpan catatan' }).click();
  await expect(page.locator('.todo').getByText('Modem di ruang tamu')).toBeVisible();

  const photo = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('foto')]);
  await page.locator('#berkas').setInputFiles({ name: 'rumah.jpg', mimeType: 'image/jpeg', buffer: photo });
  await page.getByRole('button', { name: 'Unggah' }).click();
  const link = page.getByRole('link', { name: 'Foto KTP' });
  await expect(link).toBeVisible();
  const file = await page.request.get(`${world.base}${await link.getAttribute('href')}`);
  expect(file.headers()).toMatchObject({ 'content-type': 'image/jpeg', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  expect(Buffer.compare(await file.body(), photo)).toBe(0);
  const stranger = await page.context().browser()!.newContext();
  const refused = await stranger.request.get(`${world.base}${await link.getAttribute('href')}`, { maxRedirects: 0 });
  expect([302, 303, 401]).toContain(refused.status());
  await stranger.close();

  await hydrated(page);
  await page.getByText(`Ubah layanan ${number}`).click();
  await page.locator('[id^=rencana-][id$=-alasan]').fill('Pindah rumah');
  await page.getByRole('button', { name: 'Lihat dulu' }).click();
  await page.getByRole('button', { name: 'Jalankan' }).click();
  // Said, and still there when the page has been read anew with the plan in it.
  await expect(page.getByText('Direncanakan mulai 1 Februari 2026.')).toBeVisible();
  await hydrated(page);
  await expect(page.getByText('Direncanakan mulai 1 Februari 2026.')).toBeVisible();
  await page.getByText(`Ubah layanan ${number}`).click();
  await expect(page.getByRole('button', { name: 'Batalkan rencana' })).toBeVisible();
  await expect(page.getByText(/Berhenti mulai 1 Februari 2026/).first()).toBeVisible();
  await page.goto(`${world.base}/admin/berhenti`);
  await expect(page.getByRole('link', { name: 'Siti Aminah Putri' })).toBeVisible();
  // The run ahead of the month leaves her out.
  expect(world.run(['invoice:generate', '--period', '2026-02', '--date', '2026-01-31'])).toMatchObject({ issued: 0 });
  expect(world.run(['invoice:generate', '--period', '2026-02', '--date', '2026-02-01'])).toMatchObject({ issued: 0 });
  expect(world.invoices(number)).toHaveLength(2);
  world.run(['router:sync']);
  const router = (await world.state()).routers[0];
  expect(router?.secrets.find((secret) => secret.name === 'siti')).toMatchObject({ disabled: true });
  assertQuiet();
});

test('the list is taken as Excel and as PDF with the columns that were ticked', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/pelanggan/ekspor?stage=berhenti`);
  await hydrated(page);
  await expect(page.getByText('1 layanan sesuai saringan daftar.')).toBeVisible();
  for (const [button, start] of [['Unduh Excel', 'PK'], ['Unduh PDF', '%PDF-']] as const) {
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: button }).click();
    const path = await (await coming).path();
    expect(readFileSync(path).subarray(0, start.length).toString('latin1')).toBe(start);
  }
  // Seen first, then done, to the ticked one.
  await page.goto(`${world.base}/admin/pelanggan`);
  await hydrated(page);
  await page.getByLabel('Pilih Siti Aminah Putri').check();
  await page.getByRole('button', { name: 'Ubah yang dicentang' }).click();
  await hydrated(page);
  await page.getByLabel('Yang diubah').selectOption({ label: 'Tanggal jatuh tempo' });
  await page.getByLabel('Menjadi').fill('20');
  await page.getByRole('button', { name: 'Lihat dulu' }).click();
  await expect(page.getByText(/1 layanan akan diubah, 0 ditolak/)).toBeVisible();
  await page.getByRole('button', { name: 'Jalankan' }).dblclick();
  await expect(page.getByText(/Selesai: 1 layanan diubah|sudah dijalankan/)).toBeVisible();
  await expect(page.locator('main').getByText('akan diubah')).toHaveCount(0);
  await page.goto(`${world.base}/admin/wilayah`);
  await expect(page.getByRole('link', { name: 'Dusun Baru' })).toBeVisible();
  assertQuiet();
});
