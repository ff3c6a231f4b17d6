// From the file of customers to the restored line: import, issue, isolir, look up, pay, next month's bill, router,
// WhatsApp. Once with scripts and once without.
import { expect, type Page, test } from '@playwright/test';
import { watch, World } from '../harness.ts';

const CUSTOMERS = `nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang,tanggal_tempo,dibayar_sampai
CUST001,Budi Santoso,081234567890,Home-20M,Utara,budi,sandi-budi,2025-11-03,10,2025-12
CUST002,Siti Aminah,0812-3456-7891,Home-20M,Utara,siti,sandi-siti,03/11/2025,10,2025-12
CUST003,Joko Widodo,+62 812 3456 7892,Home-20M,Utara,joko,sandi-joko,2025-11-03,10,2025-12
CUST004,Dewi Lestari,0812 3456 7893,Home-20M,Utara,dewi,sandi-dewi,2025-11-03,25,2025-12
CUST005,Agus Salim,6281234567894,Home-20M,Utara,agus,sandi-agus,2025-11-03,10,2025-12
`;
const ACCOUNTS = ['budi', 'siti', 'joko', 'dewi', 'agus'];
const LATE = { JavaScript: { number: 'CUST001', account: 'budi', phone: '6281234567890' }, 'no JavaScript': { number: 'CUST002', account: 'siti', phone: '6281234567891' } };
type Payer = (typeof LATE)['JavaScript'];

test.describe.configure({ mode: 'serial' });
let world: World;

test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name);
});
test.afterAll(async () => world?.end());

test('a file becomes customers, bills and accounts; the late ones are isolated', async () => {
  world.connect();
  const file = world.file('pelanggan.csv', CUSTOMERS);
  const imported = world.run(['customer:import', file, '--date', '2025-12-20']);
  expect(imported).toMatchObject({ rows: 5, imported: 5, rejected: [] });
  expect(world.run(['customer:import', file, '--date', '2025-12-20'])).toMatchObject({ rows: 5, imported: 0, updated: 0, rejected: [] });

  world.run(['router:sync', '--server', 'Utara']);
  for (const account of ACCOUNTS) {
    await expect.poll(async () => (await world.line(account)).running, { message: `${account} is online` }).toBe('Home-20M');
  }

  const issue = ['invoice:generate', '--period', '2026-01', '--date', '2026-01-01'];
  const issued = world.run(issue);
  expect(issued).toMatchObject({ period: '2026-01', issued: 5, already: 0, skipped: [], total: 1_500_000 });
  expect(world.run(issue)).toMatchObject({ issued: 0, already: 5, set_hash: issued.set_hash });
  world.run(['payment:record', '--service-number', 'CUST003', '--amount', '300000', '--method', 'cash', '--date', '2026-01-05']);

  const before = await world.line('budi');
  const isolir = world.run(['isolir:auto', '--date', '2026-01-14', '--wait', '20']);
  expect(isolir).toMatchObject({ overdue: 3, isolated: 3, pending: 0, failed: [], braked: false });
  for (const account of ['budi', 'siti', 'agus']) {
    await expect.poll(async () => (await world.line(account)).running, { message: `${account} came back slowed down` }).toBe('ISOLIR');
    expect((await world.line(account)).profile).toBe('ISOLIR');
  }
  expect((await world.line('budi')).since).not.toBe(before.since);
  expect(await world.line('joko')).toMatchObject({ profile: 'Home-20M', running: 'Home-20M' });
  await world.serve();
});

/** The customer's way from the number to the payment page; the attempt's reference. */
async function lookUpAndChoose(page: Page, payer: Payer): Promise<string> {
  await page.goto(`${world.base}/billing`);
  await page.getByLabel('Nomor layanan').fill(payer.number);
  await page.getByRole('button', { name: 'Cek Tagihan' }).click();
  await expect(page.getByRole('heading', { name: 'Tagihan Anda' })).toBeVisible();
  await expect(page.getByText('Terisolir')).toBeVisible();
  await expect(page.getByText('Rp 300.000').first()).toBeVisible();
  await page.getByRole('button', { name: 'Bayar' }).click();
  await expect(page.getByRole('heading', { name: 'Pilih Cara Bayar' })).toBeVisible();
  await page.getByRole('radio', { name: /BNI/ }).check();
  await page.getByRole('button', { name: /nomor pembayaran|Bayar/ }).click();
  await expect(page.getByRole('heading', { name: 'Selesaikan Pembayaran' })).toBeVisible();
  const reference = /\/bayar\/([^/?#]+)/.exec(page.url())?.[1];
  if (!reference) throw new Error(`no reference in ${page.url()}`);

  const payment = (await world.state()).payments.find((known) => known.reference === reference);
  expect(payment).toMatchObject({ gateway: 'flip', amount: 300_000 });
  const shown = (await page.locator('main').innerText()).replaceAll(/\s/g, '');
  expect(payment?.code, 'a virtual account number').toMatch(/^\d{8,}$/);
  expect(shown, 'its number stands on our own page').toContain(payment?.code ?? '?');
  return reference;
}

async function assertRestored(payer: Payer, isolatedSince: string | undefined): Promise<void> {
  const bills = world.invoices(payer.number);
  expect(bills.find((bill) => bill.period === '2026-01')).toMatchObject({ status: 'paid', paid: 300_000 });
  expect(bills.filter((bill) => bill.period === '2026-02')).toMatchObject([{ status: 'open', total: 300_000, paid: 0 }]);
  await expect.poll(() => world.line(payer.account), { message: 'the package is back' }).toMatchObject({ profile: 'Home-20M', running: 'Home-20M' });
  expect((await world.line(payer.account)).since, 'the session is a new one').not.toBe(isolatedSince);
  await expect
    .poll(async () => (await world.state()).messages.filter((message) => message.to === payer.phone && message.text.includes('KW/2026/01/') && message.text.includes('300.000')).length)
    .toBe(1);
}

for (const [how, payer] of Object.entries(LATE)) {
  test.describe(how, () => {
    test.use({ javaScriptEnabled: how === 'JavaScript' });
    test(`bill, virtual account, paid, restored (${how})`, async ({ page }) => {
      const assertQuiet = watch(page);
      const isolatedSince = (await world.line(payer.account)).since;
      const reference = await lookUpAndChoose(page, payer);
      await world.order(`payments/flip/${reference}/pay`);
      // With a script at once; without one the page asks again every ten seconds.
      await expect(page.getByRole('heading', { name: 'Pembayaran Berhasil' })).toBeVisible({ timeout: 30_000 });
      expect(page.url()).toContain(reference);
      await assertRestored(payer, isolatedSince);
      assertQuiet();
    });
  });
}

/** The bill of a month, as the look-up for programs gives it, turned into a virtual account. */
async function virtualAccount(number: string, period: string): Promise<string> {
  const check = await fetch(`${world.base}/billing/check`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ customer_number: number }),
  });
  const { invoices } = (await check.json()) as { invoices: { id: number; periode: string; status: string }[] };
  const answer = await fetch(`${world.base}/billing/pay`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ invoice_id: invoices.find((row) => row.periode === period)?.id, gateway: 'flip', method: 'bni_va' }),
  });
  const attempt = (await answer.json()) as { success: boolean; transaction_id: string; amount: number };
  expect(attempt).toMatchObject({ success: true, amount: 300_000 });
  return attempt.transaction_id;
}
const bills = (number: string, period: string) => world.invoices(number).filter((row) => row.period === period);
const messagesTo = async (phone: string) => (await world.state()).messages.filter((message) => message.to === phone);

test('twenty equal notices at once are one payment, one next bill and one message; a wrong token is none', async () => {
  const [number, phone] = ['CUST004', '6281234567893'];
  const reference = await virtualAccount(number, '2026-01');
  const payments = world.run(['verify']).payments as number;

  await world.order(`payments/flip/${reference}/pay`, { signature: 'wrong' });
  expect(bills(number, '2026-01')).toMatchObject([{ status: 'open', paid: 0 }]);
  expect(bills(number, '2026-02')).toEqual([]);

  await world.order(`payments/flip/${reference}/pay`, { times: 20 });
  await expect.poll(() => bills(number, '2026-01')[0]?.status).toBe('paid');
  await expect.poll(() => messagesTo(phone)).toHaveLength(1);
  expect(world.run(['verify'])).toMatchObject({ payments: payments + 1, differences: [] });
  expect(bills(number, '2026-02')).toMatchObject([{ status: 'open', total: 300_000, paid: 0 }]);
  expect(world.run(['balance', '--service-number', number])).toMatchObject({ credit: 0 });
  // What came twenty times has all been worked through by now: nothing is left that could send a second one.
  expect(world.run(['work:drain', '--timeout', '20'])).toMatchObject({ dead: 0 });
  expect((await messagesTo(phone)).length).toBe(1);

  // Paid ahead: February's bill was the next one, and March is nobody's yet.
  await world.order(`payments/flip/${await virtualAccount(number, '2026-02')}/pay`, { times: 20 });
  await expect.poll(() => bills(number, '2026-02')[0]?.status).toBe('paid');
  expect(bills(number, '2026-03')).toEqual([]);
});

test('a part of the debt leaves the line isolated, the rest restores it', async () => {
  const pay = (amount: string) => world.run(['payment:record', '--service-number', 'CUST005', '--amount', amount, '--method', 'cash']);
  pay('100000');
  expect(bills('CUST005', '2026-01')).toMatchObject([{ status: 'partial', paid: 100_000 }]);
  // The notice that the line was slowed down may come before or after.
  const confirmed = async () => (await messagesTo('6281234567894')).filter((message) => message.text.includes('100.000'));
  await expect.poll(confirmed).toHaveLength(1);
  world.run(['router:sync', '--server', 'Utara']);
  expect(await world.line('agus')).toMatchObject({ profile: 'ISOLIR', running: 'ISOLIR' });

  pay('200000');
  expect(bills('CUST005', '2026-01')).toMatchObject([{ status: 'paid', paid: 300_000 }]);
  await expect.poll(() => world.line('agus'), { message: 'the package is back' }).toMatchObject({ profile: 'Home-20M', running: 'Home-20M' });
});
