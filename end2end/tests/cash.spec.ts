// A morning at the counter by keyboard alone: sixty payments, each sent twice; then the cash is counted, something is
// missing, and somebody else answers.
import { expect, type Page, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from '../harness.ts';

const PAYMENTS = 60;
const PRICE = 300_000;
const CASHIER = { email: 'kasir@contoh.test', password: 'kata-sandi-kasir-01' };
let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
  world.connect();
  const rows = Array.from({ length: PAYMENTS }, (_, n) => {
    const id = String(n + 1).padStart(3, '0');
    return `10000${id},Pelanggan ${id},0812900${id}01,Home-20M,2025-06-01,10,2025-12,Wilayah ${n % 3}`;
  });
  const file = world.file('antre.csv', ['nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,dibayar_sampai,wilayah', ...rows].join('\n'));
  expect(world.run(['customer:import', file])).toMatchObject({ imported: PAYMENTS });
  expect(world.run(['invoice:generate', '--period', '2026-01'])).toMatchObject({ issued: PAYMENTS });
  world.run(['staff:create', '--email', CASHIER.email, '--name', 'Dewi Kasir', '--role', 'cashier', '--password-stdin'], CASHIER.password);
  await world.serve();
});
test.afterAll(async () => world?.end());

async function logInAsCashier(page: Page): Promise<void> {
  await page.goto(`${world.base}/admin/masuk`);
  await page.locator('input[name=email]').fill(CASHIER.email);
  await page.locator('input[name=password]').fill(CASHIER.password);
  await page.getByRole('button', { name: 'Masuk' }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/admin/masuk'));
}

test('sixty payments by keyboard, each sent twice, are sixty payments', async ({ page }) => {
  test.setTimeout(300_000);
  const assertQuiet = watch(page);
  await logInAsCashier(page);
  let sent = 0;
  // The network sends every form twice at the same moment; the page is told what one of them was told.
  await page.route('**/api/admin/payment/record', async (route) => {
    const [first, second] = await Promise.all([route.fetch(), route.fetch()]);
    sent += 2;
    expect([first.status(), second.status()]).toEqual([200, 200]);
    const answers = [await first.json(), await second.json()];
    expect(answers.map((answer) => answer.already).sort(), 'one was taken, the other knew it').toEqual([false, true]);
    await route.fulfill({ response: answers[0].already ? second : first });
  });
  await page.goto(`${world.base}/admin/terima`);
  await hydrated(page);
  const search = page.locator('#cari-bayar');
  const seconds: number[] = [];
  for (let n = 1; n <= PAYMENTS; n++) {
    const id = String(n).padStart(3, '0');
    await expect(search).toBeFocused();
    const begin = Date.now();
    // A scanned card is digits and Enter; others are typed by name.
    await page.keyboard.type(n % 2 ? `10000${id}` : `pelanggan ${id}`);
    await page.keyboard.press('Enter');
    await expect(page.locator('#uang')).toBeFocused();
    await page.keyboard.type(n % 3 ? '350rb' : '300.000');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expect(page.getByText('Pembayaran tercatat.')).toBeVisible();
    await expect(page.locator('main').getByText(`Pelanggan ${id}`).first()).toBeVisible();
    if (n % 3) await expect(page.locator('.change')).toContainText('50.000');
    seconds.push((Date.now() - begin) / 1000);
  }
  seconds.sort((a, b) => a - b);
  console.log(`seconds per payment: median ${seconds[PAYMENTS / 2]?.toFixed(2)}, slowest ${seconds.at(-1)?.toFixed(2)}`);
  expect(sent).toBe(2 * PAYMENTS);
  await page.unroute('**/api/admin/payment/record');

  // The sums of the history and of the bag agree with what was taken.
  const sum = (PAYMENTS * PRICE).toLocaleString('id-ID');
  await page.goto(`${world.base}/admin/pembayaran`);
  await expect(page.locator('.sums')).toContainText(`${PAYMENTS} pembayaran`);
  await expect(page.locator('.sums')).toContainText(sum);
  await page.goto(`${world.base}/admin/setoran`);
  await expect(page.locator('#isi-tas')).toContainText(sum);
  expect(world.run(['verify']).differences).toEqual([]);
  assertQuiet();
});

test('a receipt is printed once as the original and then as a copy', async ({ page, browser }) => {
  await logInAsCashier(page);
  await page.goto(`${world.base}/admin/kwitansi/1?lebar=58`);
  await expect(page.getByText(/^KW\/2026\/01\//)).toBeVisible();
  await expect(page.getByText('SALINAN')).toHaveCount(0);
  // The other width in the same sitting is the same print; somebody else's is a copy.
  await page.goto(`${world.base}/admin/kwitansi/1?lebar=80`);
  await expect(page.getByText('SALINAN')).toHaveCount(0);
  const other = await browser.newPage();
  await logIn(other, world);
  await other.goto(`${world.base}/admin/kwitansi/1?lebar=80`);
  await expect(other.getByText('SALINAN')).toBeVisible();
  await other.close();
});

test('cash is handed over with a difference and answered by another', async ({ page, browser }) => {
  await logInAsCashier(page);
  await page.goto(`${world.base}/admin/setoran`);
  await hydrated(page);
  const counted = PAYMENTS * PRICE - 100_000 - 10_000;
  await page.locator('#counted').fill(String(counted));
  await page.locator('#kept').fill('100rb');
  await page.getByRole('button', { name: 'Serahkan setoran' }).click();
  await expect(page.getByText(/Tulis sebabnya/)).toBeVisible();
  const assertQuiet = watch(page);
  await page.locator('#reason').fill('salah kembalian pagi ini');
  await page.getByRole('button', { name: 'Serahkan setoran' }).click();
  await expect(page.getByText('ST/2026/01/000001', { exact: false }).first()).toBeVisible();
  await expect(page.locator('#isi-tas')).toContainText('100.000');
  await expect(page.getByRole('button', { name: 'Terima setoran' })).toHaveCount(0);

  const other = await browser.newPage();
  await logIn(other, world);
  await other.goto(`${world.base}/admin/setoran`);
  await hydrated(other);
  await expect(other.locator('tbody tr', { hasText: 'ST/2026/01/000001' })).toContainText('kurang');
  await other.getByRole('button', { name: 'Terima setoran' }).click();
  await expect(other.getByText('Diterima').first()).toBeVisible();
  await other.goto(`${world.base}/admin/kas-harian`);
  await expect(other.locator('tfoot')).toContainText('10.000');
  await other.close();
  expect(world.run(['verify']).differences).toEqual([]);
  assertQuiet();
});

test('who still owes stands in Daftar Tagih and Tunggakan', async ({ page }) => {
  const assertQuiet = watch(page);
  world.run(['customer:import', world.file('telat.csv', [
    'nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,tunggakan,alamat,wilayah',
    '20000001,Nunik Menunggak,081299900001,Home-20M,2025-06-01,10,450000,Jalan Mawar 3,Wilayah 9',
  ].join('\n'))]);
  await logIn(page, world);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${world.base}/admin/tagih?area=Wilayah+9`);
  await hydrated(page);
  await expect(page.getByText('Jalan Mawar 3')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Telepon' })).toHaveAttribute('href', /^tel:\+62812/);
  await page.getByRole('button', { name: 'Catat kontak' }).first().click();
  await page.locator('#kontak').fill('janji bayar Jumat');
  await page.getByRole('button', { name: 'Simpan kontak' }).click();
  await expect(page.getByText('Kontak terakhir', { exact: false })).toContainText('janji bayar Jumat');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, 'no sideways scrolling').toBeLessThanOrEqual(0);
  await page.goto(`${world.base}/admin/tagih/cetak?area=Wilayah+9`);
  await expect(page.getByText('Nunik Menunggak')).toBeVisible();
  await page.goto(`${world.base}/admin/tunggakan`);
  await expect(page.getByRole('heading', { name: 'Tunggakan' })).toBeVisible();
  assertQuiet();
});
