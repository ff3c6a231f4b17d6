// One month of a small provider, from an empty database to the first of the next month, by the screens. The script keeps
// its own books; at the end they are compared with Kimonet's, line by line, and both are written to the test's output.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { hydrated, OWNER, World } from '../harness.ts';

const PRICE = 300_000;
const CASHIERS = ['ani@contoh.test', 'tono@contoh.test'];
const number = (n: number) => `BLN${String(n).padStart(3, '0')}`;
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

// Not in this walk yet (cash.spec.ts has them): the collector, hand-overs of the bags, and cash by method as a report.
// What the file holds: 200 paid ahead until February, 10 free lines, 10 with arrears, 10 with credit, 70 plain ones.
const [AHEAD, FREE, ARREARS, CREDIT, PLAIN] = [range(1, 200), range(201, 210), range(211, 220), range(221, 230), range(231, 300)];
const [ARREAR, SALDO] = [150_000, 100_000];
const BILLED = [...ARREARS, ...CREDIT, ...PLAIN];

/** The script's own books. */
const books = { cash: 0, transfer: 0, gateway: 0, paid: new Set<number>() };
let world: World;
test.use({ actionTimeout: 15_000 });

test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name, { start: Date.parse('2026-01-31T10:00:00+07:00'), owner: false });
  await world.serve();
});
test.afterAll(async () => world?.end());

async function open(page: Page, path: string): Promise<void> {
  await page.goto(`${world.base}${path}`);
  await hydrated(page);
}

async function enter(page: Page, email: string): Promise<void> {
  await page.goto(`${world.base}/admin/masuk`);
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(OWNER.password);
  await page.getByRole('button', { name: 'Masuk' }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/admin/masuk'));
}

/** A person at a browser of his own. */
async function as<T>(browser: Browser, email: string, deed: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await enter(page, email);
    return await deed(page);
  } finally {
    await context.close();
  }
}

/** Terima Pembayaran: everything this customer owes, as the screen counts it; `expected` is what the books say he owes. */
async function receive(page: Page, customer: string, expected: number, method: 'cash' | 'transfer'): Promise<void> {
  await open(page, `/admin/terima?cari=${customer}`);
  if ((await page.getByText('Yang dipilih').count()) === 0) {
    await page.locator('tbody tr, .hit').filter({ hasText: customer }).getByRole('link').first().click();
  }
  await expect(page.getByText('Yang dipilih')).toBeVisible();
  await hydrated(page);
  if (method === 'transfer') await page.locator('input[name=cara][value=transfer]').check({ force: true });
  await page.getByRole('button', { name: 'Uang pas' }).first().click();
  const save = page.getByRole('button', { name: /^Simpan pembayaran/ });
  await expect(save).toHaveText(new RegExp(`Rp\\s${expected.toLocaleString('id-ID')}$`));
  await save.click();
  await expect(page.getByText('Pembayaran tercatat.')).toBeVisible();
  books[method] += expected;
}

/** Waits until the schedule has done `job` for the day that the server believes in. */
async function ran(page: Page, job: string, day: string): Promise<void> {
  await expect
    .poll(async () => {
      await page.goto(`${world.base}/admin/tugas/riwayat?job=${job}`);
      return page.locator('tbody tr', { hasText: day }).filter({ hasText: 'Selesai' }).count();
    }, { timeout: 60_000, message: `${job} on ${day}` })
    .toBeGreaterThan(0);
}

const total = (rows: { total: number }[]) => rows.reduce((sum, row) => sum + row.total, 0);
const month = (period: string) => world.run(['invoice:list', '--period', period]).invoices as { total: number; paid: number; service_number: string; status: string }[];
const isolated = async () => (await world.state()).routers[0]?.secrets.filter((row) => row.profile === 'ISOLIR').map((row) => row.name).sort();

test('31 January: first owner, assistant, and 300 customers from a file', async ({ page }) => {
  test.setTimeout(150_000);
  await page.goto(`${world.base}/admin/siapkan`);
  const code = join(world.folder, 'kode-penyiapan.txt');
  if (existsSync(code) && (await page.locator('input[name=code]').count()) > 0) {
    await page.locator('input[name=code]').fill(readFileSync(code, 'utf8').trim());
  }
  await page.locator('input[name=name]').fill('Bu Rina');
  await page.locator('input[name=email]').fill(OWNER.email);
  await page.locator('input[name=password]').fill(OWNER.password);
  await page.locator('input[name=repeated]').fill(OWNER.password);
  await page.getByRole('button', { name: 'Buat akun pemilik' }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/admin/siapkan'));
  if (page.url().includes('/admin/masuk')) await enter(page, OWNER.email);

  await open(page, '/admin/siap');
  await page.getByLabel('Nama perusahaan').fill('Nusa Net');
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();
  await page.getByRole('button', { name: 'Sudah benar, lanjut' }).click();
  await page.getByLabel('Nama paket').fill('Home 20');
  await page.getByLabel('Harga', { exact: true }).fill('300rb');
  await page.getByLabel('Profil PPP di router').fill('Home-20M');
  await page.getByLabel('Unduh (Mbps)').fill('20');
  await page.getByLabel('Unggah (Mbps)').fill('10');
  await page.getByRole('button', { name: 'Simpan paket' }).click();
  await expect(page.getByText('Paket sudah ada.')).toBeVisible();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();
  await page.getByLabel('Nama router').fill('Utara');
  await page.getByLabel('Alamat', { exact: true }).fill('127.0.0.1');
  await page.getByLabel('Port API').fill(String(world.routerPort));
  await page.getByLabel('Nama pengguna').fill('billing');
  await page.getByLabel('Kata sandi').fill('s3cret');
  await page.getByRole('button', { name: 'Simpan dan uji' }).click();
  await expect(page.getByText('Router sudah menjawab.')).toBeVisible();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();
  await page.getByLabel('Pakai Flip').check();
  await page.getByLabel('Secret key', { exact: true }).fill('flip-sandbox-secret-0001');
  await page.getByLabel('Validation token', { exact: true }).fill('flip-sandbox-token-0001');
  await page.getByLabel('Alamat API khusus').fill(`${world.control}/flip`);
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'WhatsApp', exact: true })).toBeVisible();
  // WhatsApp and the sandbox's company mail: what the provider's own page would say, set by command.
  world.gateways();
  // Pengguna: two cashiers, by command until their invitations are part of this walk.
  for (const email of CASHIERS) {
    world.run(['staff:create', '--email', email, '--name', email.split('@')[0] ?? '', '--role', 'cashier', '--password-stdin'], OWNER.password);
  }

  const head = 'nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang,tanggal_tempo,dibayar_sampai,tunggakan,saldo,diskon';
  const rows = range(1, 300).map((n) => [
    number(n), `Pelanggan ${n}`, `0812${String(30_000_000 + n)}`, 'Home 20', 'Utara', number(n).toLowerCase(), 'sandi', '2025-06-01', '10',
    AHEAD.includes(n) ? '2026-02' : '2026-01', ARREARS.includes(n) ? ARREAR : '', CREDIT.includes(n) ? SALDO : '', FREE.includes(n) ? '100%' : '',
  ].join(','));
  await open(page, '/admin/impor');
  await page.getByLabel('Berkas Excel').setInputFiles(world.file('pelanggan.csv', [head, ...rows].join('\n')));
  await page.getByRole('button', { name: /Unggah/ }).click();
  await expect(page.locator('.stat', { hasText: 'Baru' }).locator('strong')).toHaveText('300', { timeout: 30_000 });
  await expect(page.locator('.stat', { hasText: 'Ditolak' }).locator('strong')).toHaveText('0');
  await hydrated(page);
  await page.getByRole('button', { name: 'Impor 300 layanan sekarang' }).click();
  await expect(page.getByText('Impor selesai.')).toBeVisible({ timeout: 60_000 });

  // The assistant's comparison with the old books.
  await open(page, '/admin/siap');
  while ((await page.getByLabel('Tunggakan menurut pembukuan lama').count()) === 0) {
    await page.getByRole('link', { name: /Impor pelanggan/ }).first().click();
    await page.waitForLoadState('networkidle');
  }
  await page.getByLabel('Tunggakan menurut pembukuan lama').fill(String(ARREARS.length * ARREAR));
  await page.getByLabel('Saldo menurut pembukuan lama').fill(String(CREDIT.length * SALDO));
  await page.getByRole('button', { name: 'Bandingkan' }).click();
  await expect(page.getByText('Cocok. 300 layanan tercatat.')).toBeVisible();
  await expect.poll(async () => (await world.state()).routers[0]?.secrets.length, { timeout: 60_000 }).toBe(300);
});

test('1 February: the schedule issues the month', async ({ page }) => {
  await world.jump('2026-02-01T00:30:00+07:00');
  await enter(page, OWNER.email);
  await ran(page, 'invoicing', '01/02/2026');
  expect(total(month('2026-02'))).toBe(BILLED.length * PRICE);
});

test('5 February: two new lines, and money over the counter, by transfer and online', async ({ page, browser }) => {
  test.setTimeout(180_000);
  await world.jump('2026-02-05T10:00:00+07:00');
  await enter(page, OWNER.email);
  for (const [n, name] of ['Siti Baru', 'Dedi Baru'].entries()) {
    await open(page, '/admin/pasang/baru');
    await page.getByLabel('Nama', { exact: true }).fill(name);
    await page.getByLabel('Telepon (WhatsApp)').fill(`0812-9999-000${n}`);
    await page.getByLabel('Paket').selectOption({ index: 1 });
    await page.getByLabel('Router').selectOption({ label: 'Utara' });
    await page.getByLabel('Nama PPPoE').fill(`baru${n}`);
    await page.getByLabel('Biaya pemasangan').fill('250rb');
    await page.getByRole('button', { name: 'Aktifkan sekarang' }).click();
    await expect(page.getByText('Layanan aktif.')).toBeVisible();
    const own = (await page.locator('.facts dd').first().innerText()).trim();
    // 24 of February's 28 days, and the fee.
    await as(browser, CASHIERS[n] ?? '', (desk) => receive(desk, own, Math.round((PRICE * 24) / 28) + 250_000, 'cash'));
  }
  await as(browser, CASHIERS[0] ?? '', async (desk) => {
    for (const n of range(231, 234)) { await receive(desk, number(n), PRICE, 'cash'); books.paid.add(n); }
    for (const n of range(235, 236)) { await receive(desk, number(n), PRICE, 'transfer'); books.paid.add(n); }
  });
  await as(browser, CASHIERS[1] ?? '', async (desk) => {
    for (const n of range(211, 212)) { await receive(desk, number(n), PRICE + ARREAR, 'cash'); books.paid.add(n); }
    await receive(desk, number(221), PRICE - SALDO, 'cash');
    books.paid.add(221);
  });
  for (const n of [240, 241]) {
    await page.goto(`${world.base}/billing?nomor_layanan=${number(n)}`);
    await page.getByRole('button', { name: 'Bayar' }).first().click();
    await page.getByRole('radio', { name: /BNI/ }).check();
    await page.getByRole('button', { name: /nomor pembayaran|Bayar/ }).click();
    await expect(page.getByRole('heading', { name: 'Selesaikan Pembayaran' })).toBeVisible();
    await world.order(`payments/flip/${/\/bayar\/([^/?#]+)/.exec(page.url())?.[1]}/pay`);
    await expect(page.getByRole('heading', { name: 'Pembayaran Berhasil' })).toBeVisible({ timeout: 30_000 });
    books.gateway += PRICE;
    books.paid.add(n);
  }
});

test('15 February: the router is down on isolir day; a day later the late ones are isolated', async ({ page }) => {
  test.setTimeout(120_000);
  await world.order('routers/r0', { up: false });
  await world.jump('2026-02-15T08:30:00+07:00');
  await enter(page, OWNER.email);
  await ran(page, 'isolir', '15/02/2026');
  expect((await isolated())?.filter((name) => PLAIN.map((n) => number(n).toLowerCase()).includes(name)), 'nobody reaches it').toEqual([]);
  await world.order('routers/r0', { up: true });
  await world.jump('2026-02-16T08:30:00+07:00');
  const late = BILLED.filter((n) => !books.paid.has(n)).map((n) => number(n).toLowerCase());
  await expect.poll(isolated, { timeout: 60_000 }).toEqual(late);
});

test('17 February: who pays is restored; one line is to end with the month', async ({ page, browser }) => {
  test.setTimeout(120_000);
  await world.jump('2026-02-17T09:00:00+07:00');
  await as(browser, CASHIERS[1] ?? '', async (desk) => {
    for (const n of [242, 243]) { await receive(desk, number(n), PRICE, 'cash'); books.paid.add(n); }
  });
  for (const n of [242, 243]) {
    await expect.poll(async () => (await world.line(number(n).toLowerCase())).profile, { timeout: 30_000 }).toBe('Home-20M');
  }
  await enter(page, OWNER.email);
  await open(page, `/admin/pelanggan?q=${number(1)}`);
  await page.getByRole('link', { name: 'Pelanggan 1', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Pelanggan 1', exact: true })).toBeVisible();
  await hydrated(page);
  await page.getByText(`Ubah layanan ${number(1)}`).click();
  await page.locator('[id^=rencana-][id$=-alasan]').fill('Pindah rumah');
  await page.getByRole('button', { name: 'Rencanakan' }).click();
  await page.getByText(`Ubah layanan ${number(1)}`).click();
  await expect(page.getByText(/Berhenti mulai 1 Maret 2026/).first()).toBeVisible();
});

test('1 March: the month is over and every total is the one the script kept', async ({ page }, info) => {
  test.setTimeout(120_000);
  await world.jump('2026-03-01T00:30:00+07:00');
  await enter(page, OWNER.email);
  await ran(page, 'invoicing', '01/03/2026');
  const february = month('2026-02');
  const fees = 2 * 250_000;
  const firsts = 2 * Math.round((PRICE * 24) / 28);
  const open = BILLED.filter((n) => !books.paid.has(n));
  const owed = open.length * PRICE - CREDIT.filter((n) => !books.paid.has(n)).length * SALDO;
  const paid = (world.run(['invoice:list']).invoices as { paid: number }[]).reduce((sum, row) => sum + row.paid, 0);
  const rows: [string, number, number][] = [
    ['billed for February', BILLED.length * PRICE + firsts + fees, total(february)],
    ['still owed for February', owed, february.reduce((sum, row) => sum + row.total - row.paid, 0)],
    ['bills for March', 300 - FREE.length - 1 + 2, month('2026-03').filter((row) => row.total > 0).length],
    ['billed for March', (300 - FREE.length - 1 + 2) * PRICE, total(month('2026-03'))],
    ['isolated lines', open.length, (await isolated())?.length ?? -1],
    ['paid on all bills', books.cash + books.transfer + books.gateway + CREDIT.length * SALDO, paid],
    // The file's credits are payments of their own kind.
    ['payments', books.paid.size + 2 + CREDIT.length, world.run(['verify']).payments as number],
  ];
  const verify = world.run(['verify']);
  const report = [
    `received: cash ${books.cash}, transfer ${books.transfer}, online ${books.gateway}`,
    ...rows.map(([what, own, kimonet]) => `${own === kimonet ? 'same' : 'DIFFERENT'}  ${what}: script ${own}, Kimonet ${kimonet}`),
    `verify: ${JSON.stringify(verify)}`,
  ].join('\n');
  console.log(report);
  await info.attach('month.txt', { body: report, contentType: 'text/plain' });
  expect(verify.differences).toEqual([]);
  for (const [what, own, kimonet] of rows) expect.soft(kimonet, what).toBe(own);
});
