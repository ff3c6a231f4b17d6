// A router that cannot be reached: the customer pays and is answered at once, the office sees the wait, and the line is
// restored by itself soon after the router is back.
import { expect, test } from '@playwright/test';
import { logIn, watch, World } from '../harness.ts';

const CUSTOMER = `nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang,tanggal_tempo,dibayar_sampai
CUST001,Budi Santoso,081234567890,Home-20M,Utara,budi,sandi-budi,2025-11-03,10,2025-12
`;
let world: World;

test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
});
test.afterAll(async () => world?.end());

test('paying does not wait for a router that is unplugged; the line comes back with it', async ({ page }) => {
  test.setTimeout(240_000);
  const assertQuiet = watch(page);
  world.connect();
  world.run(['customer:import', world.file('pelanggan.csv', CUSTOMER), '--date', '2025-12-20']);
  world.run(['router:sync']);
  world.run(['invoice:generate', '--period', '2026-01', '--date', '2026-01-01']);
  expect(world.run(['isolir:auto', '--date', '2026-01-14', '--wait', '20'])).toMatchObject({ isolated: 1 });
  await expect.poll(async () => (await world.line('budi')).running).toBe('ISOLIR');
  await world.serve();

  await world.order('routers/r0', { up: false });
  await page.goto(`${world.base}/billing/CUST001`);
  await page.getByRole('button', { name: 'Bayar' }).click();
  await page.getByRole('radio', { name: /BNI/ }).check();
  await page.getByRole('button', { name: /nomor pembayaran|Bayar/ }).click();
  await expect(page.getByRole('heading', { name: 'Selesaikan Pembayaran' })).toBeVisible();
  const reference = /\/bayar\/([^/?#]+)/.exec(page.url())?.[1] ?? '';
  const begin = Date.now();
  await world.order(`payments/flip/${reference}/pay`);
  await expect(page.getByRole('heading', { name: 'Pembayaran Berhasil' })).toBeVisible();
  expect(Date.now() - begin, 'milliseconds until the customer knew').toBeLessThan(5_000);
  expect((await world.line('budi')).profile, 'the router was not reached').toBe('ISOLIR');

  await logIn(page, world);
  await expect(page.getByText(/Menunggu router|Router (mati|tidak|terputus|bermasalah)|layanan menunggu/i).first()).toBeVisible();

  await world.order('routers/r0', { up: true });
  const plugged = Date.now();
  await expect.poll(() => world.line('budi'), { timeout: 120_000 }).toMatchObject({ profile: 'Home-20M', running: 'Home-20M' });
  console.log(`restored ${Date.now() - plugged} ms after the router was plugged in`);
  await page.goto(`${world.base}/admin`);
  await expect(page.getByText(/Menunggu router/i)).toHaveCount(0);
  assertQuiet();
});
