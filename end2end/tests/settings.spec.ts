// From an empty database to a site that could bill, by the assistant alone; settings that refuse nonsense beside the
// field and keep what was typed; a router added, tested, and told what is wrong with it.
import { expect, type Page, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
  await world.serve();
});
test.afterAll(async () => world?.end());

async function open(page: Page, path: string): Promise<void> {
  await page.goto(`${world.base}${path}`);
  await hydrated(page);
}

test('the assistant leads from an empty database to a site that could bill', async ({ page }) => {
  test.setTimeout(120_000);
  const assertQuiet = watch(page);
  await logIn(page, world);
  await hydrated(page);
  await expect(page.getByRole('heading', { name: 'Belum disiapkan' })).toBeVisible();
  await open(page, '/admin/siap');

  await expect(page.getByRole('heading', { name: 'Perusahaan dan logo' })).toBeVisible();
  await page.getByLabel('Nama perusahaan').fill('Nusa Net');
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Cara menagih dan jatuh tempo' })).toBeVisible();
  await expect(page.getByText('Asia/Jakarta')).toBeVisible();
  await page.getByRole('button', { name: 'Sudah benar, lanjut' }).click();

  await expect(page.getByRole('heading', { name: 'Paket pertama' })).toBeVisible();
  await page.getByLabel('Nama paket').fill('Home 20');
  await page.getByLabel('Harga', { exact: true }).fill('300rb');
  await page.getByLabel('Profil PPP di router').fill('Home-20M');
  await page.getByLabel('Unduh (Mbps)').fill('20');
  await page.getByLabel('Unggah (Mbps)').fill('10');
  await page.getByRole('button', { name: 'Simpan paket' }).click();
  await expect(page.getByText('Paket sudah ada.')).toBeVisible();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();

  await expect(page.getByRole('heading', { name: 'Router pertama' })).toBeVisible();
  await page.getByRole('button', { name: 'Buat perintah untuk router' }).click();
  await expect(page.getByLabel('Tempel di terminal router')).toHaveValue(/policy=api,read,write,test[\s\S]*name=ISOLIR/);
  await page.getByLabel('Nama router').fill('Utara');
  await page.getByLabel('Alamat', { exact: true }).fill('127.0.0.1');
  await page.getByLabel('Port API').fill(String(world.routerPort));
  await page.getByLabel('Nama pengguna').fill('billing');
  await page.getByLabel('Kata sandi').fill('s3cret');
  await page.getByRole('button', { name: 'Simpan dan uji' }).click();
  await expect(page.getByText('Router sudah menjawab.')).toBeVisible();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();

  await expect(page.getByRole('heading', { name: 'Pembayaran online' })).toBeVisible();
  await expect(page.getByLabel('Alamat callback (salin ke dasbor Flip)')).toHaveValue(`${world.base}/payment/callback/flip`);
  await page.getByRole('button', { name: 'Uji alamat callback' }).click();
  await expect(page.getByText('hanya dari komputer ini')).toBeVisible();
  await page.getByLabel('Pakai Flip').check();
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await expect(page.getByText('Secret key harus diisi sebelum Flip dipakai')).toBeVisible();
  await expect(page.getByLabel('Pakai Flip')).toBeChecked();
  await page.getByLabel('Secret key', { exact: true }).fill('flip-sandbox-secret-0001');
  await page.getByLabel('Validation token', { exact: true }).fill('flip-sandbox-token-0001');
  await page.getByLabel('Alamat API khusus').fill(`${world.control}/flip`);
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();

  await expect(page.getByRole('heading', { name: 'WhatsApp', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Nanti saja' }).click();
  await expect(page.getByRole('heading', { name: 'Impor pelanggan' })).toBeVisible();
  await page.getByLabel('Tunggakan menurut pembukuan lama').fill('1,5jt');
  await page.getByRole('button', { name: 'Bandingkan' }).click();
  await expect(page.getByText('Ada selisih')).toBeVisible();
  await page.getByRole('button', { name: 'Nanti saja' }).click();
  await expect(page.getByRole('heading', { name: 'Kasir pertama' })).toBeVisible();

  await open(page, '/admin/pengaturan/gateway');
  await page.getByRole('button', { name: 'Uji koneksi' }).click();
  await expect(page.getByText('menerima secret key ini')).toBeVisible();
  await open(page, '/admin');
  const missing = page.locator('section', { has: page.getByRole('heading', { name: 'Belum disiapkan' }) });
  await expect(missing.getByRole('listitem')).toHaveCount(3);
  expect(world.run(['setting:list']).settings).toMatchObject({ 'company.name': 'Nusa Net', 'gateway.flip.enabled': 'true' });
  assertQuiet();
});

test('nonsense gets a sentence beside its field, and what was typed stays', async ({ page }) => {
  const assertQuiet = watch(page);
  await logIn(page, world);
  await open(page, '/admin/pengaturan/isolir');
  await expect(page.getByText('Tidak ada pelanggan yang akan terisolir besok pukul 08:00.')).toBeVisible();
  await page.getByLabel('Jam isolir').fill('kapan-kapan');
  await page.getByLabel('Masa Tenggang (hari)').fill('lima');
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await expect(page.locator('#isolir-time-salah')).toHaveText('Isi jam seperti 08:00.');
  await expect(page.locator('#isolir-grace-days-salah')).toContainText('Isi angka bulat antara 0 dan 60 hari');
  await expect(page.getByLabel('Jam isolir')).toHaveValue('kapan-kapan');
  await expect(page.getByLabel('Masa Tenggang (hari)')).toHaveValue('lima');
  await expect(page.getByLabel('Masa Tenggang (hari)')).toHaveAttribute('aria-invalid', 'true');

  await page.getByLabel('Jam isolir').fill('9.30');
  await page.getByLabel('Masa Tenggang (hari)').fill('5');
  await page.getByLabel('Tanggal', { exact: true }).fill('16/1/2026');
  await page.getByRole('button', { name: 'Tambah' }).click();
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await expect(page.getByText(/Tersimpan dan langsung berlaku: .*Masa Tenggang/)).toBeVisible();
  await expect(page.getByText('hari libur isolir')).toBeVisible();
  expect(world.run(['setting:list']).settings).toMatchObject({ 'isolir.time': '09:30', 'isolir.grace_days': '5', 'isolir.holidays': '2026-01-16' });

  assertQuiet();

  await open(page, '/admin/rekening');
  await page.getByRole('button', { name: 'Tambah rekening' }).click();
  await page.getByLabel('Bank', { exact: true }).fill('BCA');
  await page.getByLabel('Nomor rekening').fill('satu dua tiga');
  await page.getByLabel('Atas nama').fill('PT Nusa Net');
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await expect(page.locator('#number-salah')).toContainText('angka saja');
  await expect(page.getByLabel('Nomor rekening')).toHaveValue('satu dua tiga');
  await page.getByLabel('Nomor rekening').fill('123-456-7890');
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await expect(page.getByRole('cell', { name: /BCA/ }).first()).toContainText('1234567890');
});

test('a logo is taken for what its bytes are, and customers see it', async ({ page }) => {
  await logIn(page, world);
  await open(page, '/admin/pengaturan/perusahaan');
  await page.getByLabel(/Gambar PNG/).setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') });
  await page.getByRole('button', { name: 'Unggah logo' }).click();
  await expect(page.getByText('bukan gambar PNG, JPEG, atau WebP')).toBeVisible();
  const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  await page.getByLabel(/Gambar PNG/).setInputFiles({ name: 'apa saja', mimeType: 'image/png', buffer: pixel });
  await page.getByRole('button', { name: 'Unggah logo' }).click();
  await expect(page.getByAltText('Logo sekarang')).toBeVisible();
  await page.goto(`${world.base}/billing`);
  await expect(page.locator('a.brand img')).toBeVisible();
});

test('a router says what is wrong with it, and one in use stays', async ({ page }) => {
  const assertQuiet = watch(page);
  const row = 'nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang\nCUST1,Budi,081234567890,Home 20,Utara,budi,sandi,2025-11-03\n';
  world.run(['customer:import', world.file('satu.csv', row)]);
  await logIn(page, world);
  await open(page, '/admin/router');
  await page.getByRole('link', { name: 'Utara' }).click();
  await page.getByRole('button', { name: 'Uji router' }).click();
  await expect(page.getByText('Router menjawab dan siap dipakai.')).toBeVisible();
  await world.order('routers/r0', { drop_profile: 'ISOLIR' });
  await page.getByRole('button', { name: 'Uji router' }).click();
  await expect(page.getByText('Profil ISOLIR belum ada di router ini')).toBeVisible();
  await page.getByRole('button', { name: 'Ubah' }).click();
  await page.getByLabel('Kata sandi').fill('salah');
  await page.getByRole('button', { name: 'Simpan dan uji' }).click();
  await expect(page.getByText('Nama pengguna atau kata sandi router ditolak.').first()).toBeVisible();
  await page.getByRole('button', { name: 'Hapus' }).click();
  await expect(page.getByText('dipakai 1 layanan')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ya, hapus' })).toBeDisabled();
  assertQuiet();
});
