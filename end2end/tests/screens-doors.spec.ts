// What the walk through the screens does not pass: the doors that open once or halfway (the first owner, the code after
// the password), and what is shown before much is changed at once (an import, a bulk change). Each is looked at as it
// comes, and where it can refuse, with its refusal.
import { createHmac } from 'node:crypto';
import { expect, type Page, test } from '@playwright/test';
import { hydrated, logIn, OWNER, watch, World } from '../harness.ts';
import { lookTwice } from '../screens.ts';

let world: World;
test.afterEach(async () => world?.end());

/** The six digits that an application on a phone shows at that time (RFC 6238). */
function codeOf(secret: string, at: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replaceAll(' ', '')].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac('sha1', key).update(step).digest();
  const number = hash.readUInt32BE((hash.at(-1) ?? 0) & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

async function password(page: Page): Promise<void> {
  await page.goto(`${world.base}/admin/masuk`);
  await page.locator('input[name=email]').fill(OWNER.email);
  await page.locator('input[name=password]').fill(OWNER.password);
  await page.getByRole('button', { name: 'Masuk' }).click();
}

test('the first owner of an empty database', async ({ page }, info) => {
  world = await World.begin(info.project.name, { owner: false });
  await world.serve();
  const assertQuiet = watch(page);
  await page.goto(`${world.base}/admin/masuk`);
  await expect(page).toHaveURL(/\/admin\/siapkan$/);
  await expect(page.getByRole('heading', { name: 'Pemilik pertama' })).toBeVisible();
  await lookTwice(page, 'pemilik-pertama');
  assertQuiet();

  await page.locator('input[name=name]').fill('Bu Rina');
  await page.locator('input[name=email]').fill(OWNER.email);
  await page.locator('input[name=password]').fill(OWNER.password);
  await page.locator('input[name=repeated]').fill('lain-sama-sekali-02');
  await page.getByRole('button', { name: 'Buat akun pemilik' }).click();
  await expect(page.locator('#repeated-salah')).toBeVisible();
  await expect(page.locator('input[name=name]')).toHaveValue('Bu Rina');
  await lookTwice(page, 'pemilik-pertama-ditolak');

  // From another machine the code of the folder is asked for as well; a proxy in front says so.
  await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '203.0.113.7' });
  await page.goto(`${world.base}/admin/siapkan`);
  await expect(page.getByLabel('Kode penyiapan')).toBeVisible();
  await lookTwice(page, 'pemilik-pertama-kode');
  await page.setExtraHTTPHeaders({});

  await page.goto(`${world.base}/admin/siapkan`);
  await page.locator('input[name=name]').fill('Bu Rina');
  await page.locator('input[name=email]').fill(OWNER.email);
  await page.locator('input[name=password]').fill(OWNER.password);
  await page.locator('input[name=repeated]').fill(OWNER.password);
  await page.getByRole('button', { name: 'Buat akun pemilik' }).click();
  await expect(page).toHaveURL(/\/admin\/masuk/);
  await lookTwice(page, 'masuk-sesudah-disiapkan');
  await logIn(page, world);
});

test('the code after the password', async ({ page, browser }, info) => {
  world = await World.begin(info.project.name);
  await world.serve();
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/akun`);
  await hydrated(page);
  await page.getByRole('button', { name: 'Nyalakan', exact: true }).click();
  await expect(page.getByRole('img', { name: 'Kode QR untuk aplikasi verifikasi' })).toBeVisible();
  await lookTwice(page, 'akun-verifikasi');
  const secret = await page.locator('#secret').innerText();
  await page.getByLabel('Kode dari aplikasi').fill(codeOf(secret, world.now()));
  await page.getByRole('button', { name: 'Nyalakan verifikasi' }).click();
  const recovery = page.locator('li code').first();
  await expect(recovery).toBeVisible();
  await lookTwice(page, 'akun-kode-cadangan');
  const spare = await recovery.innerText();
  assertQuiet();

  const another = await browser.newContext();
  const door = await another.newPage();
  const assertDoorQuiet = watch(door);
  await password(door);
  await expect(door).toHaveURL(/\/admin\/masuk\/kode/);
  await expect(door.getByLabel('Kode')).toBeFocused();
  await lookTwice(door, 'kode-verifikasi');
  assertDoorQuiet();
  await door.getByLabel('Kode').fill('abc');
  await door.getByRole('button', { name: 'Masuk' }).click();
  await expect(door.getByRole('alert')).toContainText('Kode tidak cocok');
  await lookTwice(door, 'kode-verifikasi-ditolak');
  await door.getByLabel('Kode').fill(spare);
  await door.getByRole('button', { name: 'Masuk' }).click();
  await expect(door.getByRole('heading', { name: 'Beranda' }).first()).toBeVisible();
  await another.close();
});

test('before much is changed at once: an import and a bulk change', async ({ page }, info) => {
  world = await World.begin(info.project.name);
  world.connect();
  await world.serve();
  const head = 'nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang,tanggal_tempo,tunggakan,saldo,catatan';
  const row = (n: number, name: string, plan = 'Home-20M') =>
    `LAMA${n},${name},0812900000${10 + n},${plan},Utara,lama${n},sandi,2025-11-03,10,${n === 1 ? 150_000 : 0},0,lantai ${n}`;
  const file = world.file('pelanggan.csv', [
    head, row(1, 'Ratna Dewi'), row(2, ''), row(3, 'Yusuf Hidayat'), row(4, 'Wati', 'Paket Entah'), row(5, 'Bayu Aji'),
  ].join('\n'));
  const assertQuiet = watch(page);
  await logIn(page, world);
  await page.goto(`${world.base}/admin/impor`);
  await hydrated(page);
  await page.getByLabel('Berkas Excel').setInputFiles(file);
  await page.getByRole('button', { name: /Unggah/ }).click();
  await expect(page.getByText('Belum ada yang diubah.', { exact: false }).first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Baris yang ditolak' })).toBeVisible();
  await hydrated(page);
  await lookTwice(page, 'impor-pratinjau');
  await page.getByRole('button', { name: 'Impor 3 layanan sekarang' }).click();
  await expect(page.getByText('Impor selesai.')).toBeVisible();
  await lookTwice(page, 'impor-selesai');

  await page.goto(`${world.base}/admin/pelanggan`);
  await hydrated(page);
  for (const name of ['Ratna Dewi', 'Bayu Aji']) await page.getByLabel(`Pilih ${name}`).check();
  await page.getByRole('button', { name: 'Ubah yang dicentang' }).click();
  await hydrated(page);
  const preview = page.getByText(/\d layanan akan diubah, \d ditolak/);
  await page.getByLabel('Yang diubah').selectOption({ label: 'Tanggal jatuh tempo' });
  await page.getByLabel('Menjadi').fill('20');
  await page.getByRole('button', { name: 'Lihat dulu' }).click();
  await expect(preview).toContainText('2 layanan akan diubah');
  await lookTwice(page, 'ubah-massal-pratinjau');
  // The plan they have already is refused to both: what is said about that is looked at as well.
  await page.getByLabel('Yang diubah').selectOption({ label: 'Paket mulai bulan depan' });
  await page.getByLabel('Menjadi').selectOption({ index: 1 });
  await page.getByLabel('Alasan').fill('harga baru');
  await page.getByRole('button', { name: 'Lihat dulu' }).click();
  await expect(preview).toContainText('2 ditolak');
  await lookTwice(page, 'ubah-massal-ditolak');
  assertQuiet();
});
