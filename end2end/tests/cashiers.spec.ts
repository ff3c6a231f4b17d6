// Two cashiers take the same payment at the same moment: each is told, nothing is lost, one of the two is taken back, and the
// line stays as it is until the next isolir run decides.
import { expect, type Page, test } from '@playwright/test';
import { hydrated, logIn, OWNER, watch, World } from '../harness.ts';

const CASHIER = { email: 'dewi@contoh.test', password: 'kata-sandi-dewi-01' };
const NUMBER = 'CUST001';
let world: World;
test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
  world.connect();
  const file = world.file('kasir.csv', [
    'nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang,tanggal_tempo,dibayar_sampai',
    `${NUMBER},Budi Santoso,081234567890,Home-20M,Utara,budi,sandi-budi,2025-11-03,10,2025-12`,
  ].join('\n'));
  expect(world.run(['customer:import', file, '--date', '2025-12-20'])).toMatchObject({ imported: 1 });
  world.run(['router:sync', '--server', 'Utara']);
  expect(world.run(['invoice:generate', '--period', '2026-01', '--date', '2026-01-01'])).toMatchObject({ issued: 1 });
  world.run(['staff:create', '--email', CASHIER.email, '--name', 'Dewi Kasir', '--role', 'cashier', '--password-stdin'], CASHIER.password);
  await world.serve();
});
test.afterAll(async () => world?.end());

/** Opens the counter for the customer and types the month's money. */
async function counter(page: Page, who: typeof OWNER): Promise<void> {
  await logIn(page, world, who);
  await page.goto(`${world.base}/admin/terima`);
  await hydrated(page);
  await page.locator('#cari-bayar').fill(NUMBER);
  await page.keyboard.press('Enter');
  await expect(page.locator('#uang')).toBeFocused();
  await page.locator('#uang').fill('300.000');
}

test('the same money at two counters', async ({ page, browser }) => {
  expect(world.run(['isolir:auto', '--date', '2026-01-14', '--wait', '20'])).toMatchObject({ isolated: 1, pending: 0, failed: [] });
  const save = (at: Page) => at.getByRole('button', { name: /Simpan pembayaran/ }).click();
  const other = await browser.newPage();
  await Promise.all([counter(page, OWNER), counter(other, CASHIER)]);
  await save(other);
  await expect(other.getByText('Pembayaran tercatat.')).toBeVisible();
  await expect.poll(() => world.line('budi'), { message: 'the money brought the line back' }).toMatchObject({ profile: 'Home-20M' });

  // The form that was open meanwhile is told who took what; saving once more means other money.
  await save(page);
  const told = page.getByText(/Selagi formulir ini terbuka, Dewi Kasir menerima/);
  await expect(told).toContainText('300.000');
  await expect(told).toContainText('KW/2026/01/000001');
  expect(world.run(['invoice:list', '--service-number', NUMBER]).invoices).toMatchObject([
    { period: '2026-01', status: 'paid' }, { period: '2026-02', status: 'open', paid: 0 },
  ]);
  const assertQuiet = watch(page);
  await save(page);
  await expect(page.getByText('Pembayaran tercatat.')).toBeVisible();
  // The second goes to the next open bill, which is paid ahead; nothing is lost.
  expect(world.run(['invoice:list', '--service-number', NUMBER]).invoices).toMatchObject([
    { period: '2026-01', status: 'paid' }, { period: '2026-02', status: 'paid' },
  ]);

  // A third counter that is opened now is warned before anything is typed.
  await page.goto(`${world.base}/admin/terima`);
  await hydrated(page);
  await page.locator('#cari-bayar').fill(NUMBER);
  await page.keyboard.press('Enter');
  await expect(page.getByText(/baru saja dibayar/)).toBeVisible();

  // The cashier's one is taken back: the owner's stays whole, January is open again, and the line stays until the run.
  await page.goto(`${world.base}/admin/pembayaran?q=${NUMBER}`);
  await hydrated(page);
  await page.getByRole('link', { name: 'KW/2026/01/000001' }).first().click();
  await page.getByText('Batalkan pembayaran', { exact: true }).click();
  await page.locator('#alasan-batal').fill('uang yang sama dicatat dua kali');
  await page.getByRole('button', { name: 'Batalkan Pembayaran' }).click();
  await expect(page.getByText(/dibatalkan/i).first()).toBeVisible();
  expect(world.run(['balance', '--service-number', NUMBER])).toMatchObject({ owed: 300_000, overdue: 300_000, credit: 0 });
  await page.goto(`${world.base}/admin/pembayaran?q=${NUMBER}`);
  await expect(page.locator('tbody tr', { hasText: 'KW/2026/01/000002' })).toContainText('300.000');
  world.run(['router:sync', '--server', 'Utara']);
  expect(await world.line('budi')).toMatchObject({ profile: 'Home-20M' });
  expect(world.run(['isolir:auto', '--date', '2026-01-16', '--wait', '20'])).toMatchObject({ isolated: 1, pending: 0, failed: [] });
  await expect.poll(() => world.line('budi')).toMatchObject({ profile: 'ISOLIR' });
  expect(world.run(['verify', '--deep']).differences).toEqual([]);
  await other.close();
  assertQuiet();
});
