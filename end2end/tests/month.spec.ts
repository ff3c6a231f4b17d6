// One month of a small provider, from an empty database to the first of the next month, by the screens: the commands
// only read. The script keeps its own books; at the end they are compared with Kimonet's, line by line, and both are
// written to the test's output. What stands for the outside world (a telephone that scans, a bank that pays, a router
// without power) is ordered at the sandbox.
import { type Browser, expect, type Page, test } from '@playwright/test';
import { hydrated, logIn, OWNER, World } from '../harness.ts';
import { digits, name, number, type Person, range, Report, sum, summed, Walk, type Way } from '../month.ts';

const [PRICE, FEE] = [300_000, 250_000];
// 24 of February's 28 days, and the fee.
const FIRST = Math.round((PRICE * 24) / 28) + FEE;
const ANI = { name: 'Ani Kasir', email: 'ani@contoh.test', role: 'Kasir' };
const TONO = { name: 'Tono Kasir', email: 'tono@contoh.test', role: 'Kasir' };
const KOKO = { name: 'Koko Kolektor', email: 'koko@contoh.test', role: 'Kolektor' };
const STAFF: Person[] = [ANI, TONO, KOKO];

// What the file holds: 200 paid ahead until February, 10 free lines, 10 with arrears, 10 with credit, 70 plain ones, of
// which 20 live where the collector goes.
const [AHEAD, FREE, ARREARS, CREDIT, PLAIN] = [range(1, 200), range(201, 210), range(211, 220), range(221, 230), range(231, 300)];
const DOORS = range(251, 270);
const [ARREAR, SALDO] = [150_000, 100_000];
const BILLED = [...ARREARS, ...CREDIT, ...PLAIN];

let world: World;
let walk: Walk;
test.use({ actionTimeout: 15_000 });

test.describe.configure({ mode: 'serial' });
test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name, { start: Date.parse('2026-01-31T10:00:00+07:00'), owner: false });
  walk = new Walk(world);
  await world.serve();
});
test.afterAll(async () => world?.end());

interface Bill { period: string; total: number; paid: number }
const bills = () => world.run(['invoice:list']).invoices as Bill[];
/** Names on the router, from service numbers. */
const lines = (services: string[]) => services.map((service) => service.toLowerCase()).sort();
const secrets = async () => (await world.state()).routers[0]?.secrets ?? [];
const isolated = async () => (await secrets()).filter((row) => row.profile === 'ISOLIR').map((row) => row.name).sort();

test('31 January: the first owner, and the assistant as far as WhatsApp', async ({ page }) => {
  test.setTimeout(120_000);
  await page.goto(`${world.base}/admin/siapkan`);
  await page.locator('input[name=name]').fill('Bu Rina');
  await page.locator('input[name=email]').fill(OWNER.email);
  await page.locator('input[name=password]').fill(OWNER.password);
  await page.locator('input[name=repeated]').fill(OWNER.password);
  await page.getByRole('button', { name: 'Buat akun pemilik' }).click();
  await expect(page).toHaveURL(/\/admin\/masuk/);
  await logIn(page, world);

  const on = () => page.getByRole('link', { name: 'Lanjut', exact: true }).click();
  await walk.open(page, '/admin/siap');
  await page.getByLabel('Nama perusahaan').fill('Nusa Net');
  await page.getByLabel('Email perusahaan').fill('tagihan@contoh.test');
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await on();
  await page.getByRole('button', { name: 'Sudah benar, lanjut' }).click();
  await page.getByLabel('Nama paket').fill('Home 20');
  await page.getByLabel('Harga', { exact: true }).fill('300rb');
  await page.getByLabel('Profil PPP di router').fill('Home-20M');
  await page.getByLabel('Unduh (Mbps)').fill('20');
  await page.getByLabel('Unggah (Mbps)').fill('10');
  await page.getByRole('button', { name: 'Simpan paket' }).click();
  await expect(page.getByText('Paket sudah ada.')).toBeVisible();
  await on();
  await page.getByLabel('Nama router').fill('Utara');
  await page.getByLabel('Alamat', { exact: true }).fill('127.0.0.1');
  await page.getByLabel('Port API').fill(String(world.routerPort));
  await page.getByLabel('Nama pengguna').fill('billing');
  await page.getByLabel('Kata sandi').fill('s3cret');
  await page.getByRole('button', { name: 'Simpan dan uji' }).click();
  await expect(page.getByText('Router sudah menjawab.')).toBeVisible();
  await on();
  await page.getByLabel('Pakai Flip').check();
  await page.getByLabel('Secret key', { exact: true }).fill('flip-sandbox-secret-0001');
  await page.getByLabel('Validation token', { exact: true }).fill('flip-sandbox-token-0001');
  await page.getByLabel('Alamat API khusus').fill(`${world.control}/flip`);
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await on();

  await expect(page.getByRole('heading', { name: 'WhatsApp', exact: true })).toBeVisible();
  await world.order('whatsapp', { connected: false });
  await page.getByRole('link', { name: 'Buka halaman Koneksi WhatsApp' }).click();
  await page.getByLabel('Gateway', { exact: true }).selectOption({ label: 'MPWA dan sejenisnya' });
  await page.getByLabel('Alamat gateway').fill(`${world.control}/whatsapp`);
  await page.getByLabel('Nomor perangkat').fill('6281200000001');
  await page.getByLabel('API key', { exact: true }).fill('wa-sandbox-key-0001');
  await page.getByRole('button', { name: 'Simpan', exact: true }).click();
  await expect(page.getByText('Tidak terhubung').first()).toBeVisible();
  await page.getByRole('button', { name: 'Hubungkan dengan kode QR' }).click();
  await expect(page.getByAltText('Kode QR untuk dipindai dari WhatsApp')).toBeVisible();
  await world.order('whatsapp', { connected: true });
  await expect(page.getByText('Nomor ini siap mengirim pesan.')).toBeVisible();
});

test('31 January: 300 customers from a file, those who work here, and nothing is left to set up', async ({ page, browser }) => {
  test.setTimeout(150_000);
  const head = 'nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang,tanggal_tempo,dibayar_sampai,'
    + 'tunggakan,saldo,diskon,wilayah';
  const rows = range(1, 300).map((n) => [
    number(n), name(n), `0812${String(30_000_000 + n)}`, 'Home 20', 'Utara', number(n).toLowerCase(), 'sandi', '2025-06-01', '10',
    AHEAD.includes(n) ? '2026-02' : '2026-01', ARREARS.includes(n) ? ARREAR : '', CREDIT.includes(n) ? SALDO : '', FREE.includes(n) ? '100%' : '',
    DOORS.includes(n) ? 'Kulon' : '',
  ].join(','));
  for (const n of ARREARS) walk.books.bill(number(n), ARREAR);
  await logIn(page, world);
  await walk.open(page, '/admin/siap');
  await page.getByRole('link', { name: 'Buka impor' }).click();
  await page.getByLabel('Berkas Excel').setInputFiles(world.file('pelanggan.csv', [head, ...rows].join('\n')));
  await page.getByRole('button', { name: /Unggah/ }).click();
  await expect(page.locator('.stat', { hasText: 'Baru' }).locator('strong')).toHaveText('300', { timeout: 30_000 });
  await expect(page.locator('.stat', { hasText: 'Ditolak' }).locator('strong')).toHaveText('0');
  await hydrated(page);
  await page.getByRole('button', { name: 'Impor 300 layanan sekarang' }).click();
  await expect(page.getByText('Impor selesai.')).toBeVisible({ timeout: 60_000 });
  await expect.poll(async () => (await secrets()).length, { timeout: 60_000 }).toBe(300);

  // The assistant's comparison with the old books.
  await walk.open(page, '/admin/siap');
  await page.getByRole('listitem').getByRole('link', { name: /Impor pelanggan/ }).click();
  await page.getByLabel('Tunggakan menurut pembukuan lama').fill(String(ARREARS.length * ARREAR));
  await page.getByLabel('Saldo menurut pembukuan lama').fill(String(CREDIT.length * SALDO));
  await page.getByRole('button', { name: 'Bandingkan' }).click();
  await expect(page.getByText('Cocok. 300 layanan tercatat.')).toBeVisible();
  await page.getByRole('link', { name: 'Lanjut', exact: true }).click();
  await page.getByRole('link', { name: 'Tambah kasir' }).click();
  for (const who of STAFF) await walk.invite(page, browser, who);
  await walk.open(page, '/admin/siap');
  await expect(page.getByText('Kimonet siap dipakai.')).toBeVisible();

  // The collector's area: all that the list finds there is his.
  await walk.open(page, '/admin/pelanggan');
  await page.getByLabel('Wilayah').selectOption('Kulon');
  await page.getByRole('button', { name: 'Cari', exact: true }).click();
  await expect(page.locator('.sums')).toContainText(`${DOORS.length} layanan`);
  await page.getByRole('link', { name: 'Ubah semua yang cocok' }).click();
  await page.getByLabel('Yang diubah').selectOption({ label: 'Kolektor' });
  await page.getByLabel('Menjadi').selectOption({ label: KOKO.name });
  await page.getByRole('button', { name: 'Lihat dulu' }).click();
  await page.getByRole('button', { name: 'Jalankan' }).click();
  await expect(page.getByText(`Selesai: ${DOORS.length} layanan diubah, 0 ditolak.`)).toBeVisible();
});

test('1 and 3 February: the schedule issues the month, and reminds a week before the due day', async ({ page }) => {
  await world.jump('2026-02-01T00:30:00+07:00');
  await logIn(page, world);
  await walk.ran(page, 'invoicing', '01/02/2026');
  for (const n of BILLED) walk.books.bill(number(n), CREDIT.includes(n) ? PRICE - SALDO : PRICE);
  expect(sum(bills().filter((row) => row.period === '2026-02'), (row) => row.total)).toBe(BILLED.length * PRICE);
  await walk.reminders(page, 3);
});

test('5 February: two new lines, and money over the counter, by transfer and online', async ({ page, browser }) => {
  test.setTimeout(180_000);
  await world.jump('2026-02-05T10:00:00+07:00');
  await logIn(page, world);
  const fresh: string[] = [];
  for (const [n, who] of ['Siti Baru', 'Dedi Baru'].entries()) {
    await walk.open(page, '/admin/pasang/baru');
    await page.getByLabel('Nama', { exact: true }).fill(who);
    await page.getByLabel('Telepon (WhatsApp)').fill(`0812-9999-000${n}`);
    await page.getByLabel('Paket').selectOption({ index: 1 });
    await page.getByLabel('Router').selectOption({ label: 'Utara' });
    await page.getByLabel('Nama PPPoE').fill(`baru${n}`);
    await page.getByLabel('Biaya pemasangan').fill('250rb');
    await page.getByRole('button', { name: 'Aktifkan sekarang' }).click();
    await expect(page.getByText('Layanan aktif.')).toBeVisible();
    fresh.push((await page.locator('.facts dd').first().innerText()).trim());
  }
  for (const service of fresh) walk.books.bill(service, FIRST);
  await walk.as(browser, ANI, async (desk) => {
    for (const service of [...fresh.slice(0, 1), ...range(231, 234).map(number)]) await walk.receive(desk, ANI, service);
    for (const n of [235, 236]) await walk.receive(desk, ANI, number(n), { way: 'Transfer' });
    await walk.receive(desk, ANI, number(237), { part: 100_000 });
  });
  await walk.as(browser, TONO, async (desk) => {
    for (const service of [...fresh.slice(1), ...[211, 212, 221].map(number)]) await walk.receive(desk, TONO, service);
  });
  await walk.payOnline(page, number(240), /BNI/);
  await walk.payOnline(page, number(241), /QRIS/);
});

/** Daftar Tagih on the collector's telephone: his own who owe, and what they owe together. */
async function assertDoors(door: Page, services: number[]): Promise<void> {
  await expect(door.getByRole('heading', { name: 'Daftar Tagih' })).toBeVisible();
  const shown = [await summed(door, 'layanan'), await summed(door, 'Belum dibayar')];
  expect(shown).toEqual([services.length, sum(services, (n) => walk.books.owes(number(n)))]);
}

async function handOverAll(page: Page, browser: Browser): Promise<void> {
  await walk.as(browser, ANI, (desk) => walk.handOver(desk, ANI, { keep: 100_000 }));
  await walk.as(browser, TONO, (desk) => walk.handOver(desk, TONO, { short: 5_000, reason: 'salah kembalian' }));
  await walk.as(browser, KOKO, (door) => walk.handOver(door, KOKO));
  await walk.open(page, '/admin/setoran');
  await expect(page.locator('tbody tr', { hasText: TONO.name }).getByText(/kurang/)).toContainText('salah kembalian');
  for (const who of STAFF) {
    const row = page.locator('tbody tr', { hasText: who.name }).filter({ hasText: 'ST/2026/02/' });
    await expect(row).toContainText('Menunggu diterima');
    await row.getByRole('button', { name: 'Terima setoran' }).click();
    await expect(row).toContainText(/Diterima\s*Bu Rina/);
  }
}

test('7 February, H-3: reminders; the collector goes from door to door; the bags are handed over', async ({ page, browser }) => {
  test.setTimeout(180_000);
  await walk.reminders(page, 7);
  await walk.as(browser, KOKO, async (door) => {
    await assertDoors(door, DOORS);
    for (const n of range(251, 256)) {
      await walk.open(door, '/admin/tagih');
      await door.locator('section', { hasText: number(n) }).getByRole('link', { name: 'Terima' }).tap();
      await walk.take(door, KOKO, number(n));
    }
    await walk.open(door, '/admin/tagih');
    await assertDoors(door, range(257, 270));
    // One who owes as well, but not to him.
    await walk.open(door, `/admin/tagih?q=${number(250)}`);
    await expect(door.getByText('Tidak ada yang perlu ditagih.')).toBeVisible();
  });
  await handOverAll(page, browser);
});

test('9 and 10 February, H-1 and H: who still owes is reminded; arrears that were due on the 7th are isolated', async ({ page }) => {
  test.setTimeout(120_000);
  await walk.reminders(page, 9);
  await expect.poll(isolated, { timeout: 60_000 }).toEqual(lines(ARREARS.map(number).filter((service) => walk.books.owes(service) > 0)));
  await walk.reminders(page, 10);
});

test('11 February: the router has no power on isolir day; on the next, the late ones are isolated', async ({ page, browser }) => {
  test.setTimeout(120_000);
  const before = await isolated();
  await world.order('routers/r0', { up: false });
  await world.jump('2026-02-11T08:30:00+07:00');
  await logIn(page, world);
  await walk.ran(page, 'isolir', '11/02/2026');
  // Who pays while nobody reaches the router is not isolated by what it is told later.
  await walk.as(browser, ANI, (desk) => walk.receive(desk, ANI, number(244)));
  expect(await isolated(), 'nobody reaches it').toEqual(before);
  await world.order('routers/r0', { up: true });
  await world.jump('2026-02-12T08:30:00+07:00');
  await expect.poll(isolated, { timeout: 60_000 }).toEqual(lines(walk.books.debtors()));
});

test('17 February: who pays is restored; one line is to end with the month', async ({ page, browser }) => {
  test.setTimeout(120_000);
  await world.jump('2026-02-17T09:00:00+07:00');
  await walk.as(browser, TONO, async (desk) => {
    for (const n of [242, 243]) await walk.receive(desk, TONO, number(n));
  });
  for (const n of [242, 243]) {
    await expect.poll(async () => (await world.line(number(n).toLowerCase())).profile, { timeout: 30_000 }).toBe('Home-20M');
  }
  await logIn(page, world);
  await walk.open(page, `/admin/pelanggan?q=${number(1)}`);
  await page.getByRole('link', { name: name(1), exact: true }).click();
  await expect(page.getByRole('heading', { name: name(1), exact: true })).toBeVisible();
  await hydrated(page);
  const service = page.locator('details', { hasText: `Ubah layanan ${number(1)}` });
  await service.locator('summary').click();
  await service.locator('[id^=rencana-][id$=-alasan]').fill('Pindah rumah');
  await service.getByRole('button', { name: 'Lihat dulu' }).click();
  await service.getByRole('button', { name: 'Jalankan' }).click();
  // Saved, the customer's page reads itself anew, twice, and the section is closed; what is planned stands here as well.
  await expect(service).not.toHaveAttribute('open', /.*/);
  await walk.open(page, '/admin/berhenti');
  await expect(page.locator('tbody tr')).toHaveCount(1);
  await expect(page.locator('tbody tr')).toContainText(new RegExp(`${name(1)}.*01/03/2026.*Pindah rumah`, 's'));
});

/** Bills, what is left of them, and lines. */
async function compareBills(page: Page, report: Report): Promise<void> {
  const all = bills();
  const march = all.filter((row) => row.period === '2026-03' && row.total > 0);
  const owed = sum(walk.books.owed.values(), (left) => left);
  const count = 300 - FREE.length - 1 + 2;
  report.add('billed for February', BILLED.length * PRICE + 2 * FIRST, sum(all.filter((row) => row.period === '2026-02'), (row) => row.total));
  report.add('still owed until February', owed, sum(all.filter((row) => row.period <= '2026-02'), (row) => row.total - row.paid));
  report.add('bills for March', count, march.length);
  report.add('billed for March', count * PRICE, sum(march, (row) => row.total));
  report.add('paid on all bills', sum(walk.books.taken, (row) => row.amount) + CREDIT.length * SALDO, sum(all, (row) => row.paid));
  report.add('isolated on the router', walk.books.debtors().length, (await isolated()).length);
  await walk.open(page, '/admin/pelanggan');
  report.add('Daftar Pelanggan: owed, March among it', owed + count * PRICE, await summed(page, 'Belum dibayar'));
  await walk.open(page, '/admin/pelanggan?access=isolated');
  report.add('Daftar Pelanggan: isolated', walk.books.debtors().length, await summed(page, 'layanan'));
  await walk.open(page, '/admin/pelanggan?stage=berhenti');
  report.add('Daftar Pelanggan: stopped', 1, await summed(page, 'layanan'));
}

const DAYS = 'from=1/2/2026&to=28/2/2026';

/** Money by way and by person, hand-overs and bags. */
async function compareMoney(page: Page, report: Report): Promise<void> {
  const { books } = walk;
  for (const [way, method] of [['Tunai', 'cash'], ['Transfer', 'transfer'], ['Bayar online', 'gateway']] as const) {
    await walk.open(page, `/admin/pembayaran?method=${method}&${DAYS}`);
    report.add(`Riwayat Pembayaran: ${way}`, books.sum(way), await summed(page, 'Jumlah'));
    report.add(`Riwayat Pembayaran: ${way}, how many`, books.count(way), await summed(page, 'pembayaran'));
  }

  await walk.open(page, `/admin/kas-harian?${DAYS}`);
  const whole = (await page.locator('tfoot td').allInnerTexts()).map(digits);
  const handed = [...books.handed.values()];
  report.add('Kas Harian: cash in', books.sum('Tunai'), whole[2]);
  report.add('Kas Harian: handed over', sum(handed, (row) => row.counted), whole[3]);
  report.add('Kas Harian: missing', sum(handed, (row) => row.short), whole[4]);
  report.add('Kas Harian: left in the bags', sum(books.bags.values(), (holds) => holds), whole[7]);
  const parts = page.locator('section', { has: page.getByRole('heading', { name: 'Diterima' }) }).locator('tbody tr');
  const people = [...new Set(books.taken.map((row) => `${row.who}\t${row.way}`))].sort();
  expect((await parts.allInnerTexts()).map((text) => text.split('\t').slice(0, 2).join('\t')).sort()).toEqual(people);
  for (const [who = '', way = ''] of people.map((row) => row.split('\t'))) {
    const cells = parts.filter({ hasText: who }).filter({ hasText: way }).locator('td');
    report.add(`Kas Harian: ${who}, ${way}`, books.sum(way as Way, who), digits(await cells.nth(3).innerText()));
    report.add(`Kas Harian: ${who}, ${way}, how many`, books.count(way as Way, who), digits(await cells.nth(2).innerText()));
  }

  await walk.open(page, '/admin/setoran');
  for (const who of STAFF) {
    const mine = page.locator('tbody tr', { hasText: who.name });
    const given = mine.filter({ hasText: 'ST/2026/02/' }).locator('td').nth(1);
    const short = given.locator('.sub', { hasText: 'kurang' });
    const own = books.handed.get(who.name) ?? { counted: 0, short: 0 };
    report.add(`Setoran ${who.name}: handed over`, own.counted, digits((await given.innerText()).split('\n')[0] ?? ''));
    report.add(`Setoran ${who.name}: missing`, own.short, (await short.count()) ? digits(await short.innerText()) : 0);
    const holds = mine.filter({ hasNotText: 'ST/2026/02/' }).locator('td').nth(1);
    report.add(`Setoran ${who.name}: bag afterwards`, books.bag(who.name), digits(await holds.innerText()));
  }
}

async function compareMessages(page: Page, report: Report): Promise<void> {
  for (const [day, own] of walk.books.reminders) {
    await walk.open(page, `/admin/pesan?kind=reminder&from=${day}/2/2026&to=${day}/2/2026`);
    report.add(`Antrean & Riwayat: reminders on ${day} February`, own, await summed(page, 'pesan'));
  }
  await walk.open(page, `/admin/pesan?kind=reminder&${DAYS}`);
  report.add('Antrean & Riwayat: reminders in the month', sum(walk.books.reminders.values(), (own) => own), await summed(page, 'pesan'));
  await walk.open(page, `/admin/pesan?kind=new_bill&${DAYS}`);
  report.add('Antrean & Riwayat: new bills', BILLED.length, await summed(page, 'pesan'));
}

test('1 March: the month is over and every total is the one the script kept', async ({ page }, info) => {
  test.setTimeout(120_000);
  await world.jump('2026-03-01T00:30:00+07:00');
  await logIn(page, world);
  await walk.ran(page, 'invoicing', '01/03/2026');
  const stopped = async () => (await secrets()).filter((row) => row.disabled).map((row) => row.name);
  await expect.poll(stopped, { timeout: 30_000 }).toEqual(lines([number(1)]));

  const report = new Report();
  await compareBills(page, report);
  await compareMoney(page, report);
  await compareMessages(page, report);
  const verify = world.run(['verify']);
  // The file's credits are payments of their own kind.
  report.add('verify: payments', walk.books.taken.length + CREDIT.length, verify.payments);
  const text = `${report.text()}\nverify: ${JSON.stringify(verify)}`;
  console.log(text);
  await info.attach('month.txt', { body: text, contentType: 'text/plain' });
  expect(verify.differences).toEqual([]);
  report.assertSame();
});
