// The walk through every screen with believable data, in one size, light and dark: nothing wider than the screen, axe
// finds nothing serious, each control is reached by the Tab key, the console is silent. Each size is a file of tests with
// a world of its own (tests/screens-wide.spec.ts, tests/screens-phone.spec.ts), so that two workers share the work.
import { type APIResponse, expect, type Page, test } from '@playwright/test';
import { hydrated, logIn, watch, World } from './harness.ts';
import { accessible, look, type Size, SIZES } from './screens.ts';

/** The screens and their names in docs/screens; the first of a list stands for each of its kind. */
const SCREENS: [string, string][] = [
  ['beranda', '/admin'],
  ['terima-pembayaran', '/admin/terima'],
  ['terima-pembayaran-pilih', 'debtor'],
  ['daftar-pelanggan', '/admin/pelanggan'],
  ['pelanggan', 'first:/admin/pelanggan'],
  ['ekspor-pelanggan', '/admin/pelanggan/ekspor'],
  ['ubah-massal', '/admin/pelanggan/massal'],
  ['pasang-baru', '/admin/pasang'],
  ['pasang-formulir', '/admin/pasang/baru'],
  ['pasang-hasil', 'first:/admin/pasang?tahap=aktif'],
  ['berhenti', '/admin/berhenti'],
  ['janji', '/admin/janji'],
  ['biaya-diskon', '/admin/biaya'],
  ['wilayah', '/admin/wilayah'],
  ['impor', '/admin/impor'],
  ['daftar-tagihan', '/admin/tagihan'],
  ['tagihan', 'first:/admin/tagihan'],
  ['pratinjau-tagihan', '/admin/pratinjau'],
  ['terbitkan-tagihan', '/admin/terbitkan'],
  ['daftar-tagih', '/admin/tagih'],
  ['tunggakan', '/admin/tunggakan'],
  ['riwayat-pembayaran', '/admin/pembayaran'],
  ['pembayaran', 'first:/admin/pembayaran'],
  ['setoran', '/admin/setoran'],
  ['kas-harian', '/admin/kas-harian'],
  ['ringkasan-bulan', '/admin/laporan/ringkasan'],
  ['pendapatan', '/admin/laporan/pendapatan'],
  ['pendapatan-wilayah', '/admin/laporan/pendapatan?per=wilayah'],
  ['umur-piutang', '/admin/laporan/piutang'],
  ['rincian-piutang', '/admin/laporan/piutang-rinci'],
  ['arus-kas', '/admin/laporan/arus-kas'],
  ['catat-pengeluaran', '/admin/pengeluaran'],
  ['per-kolektor', '/admin/laporan/kolektor'],
  ['ppn', '/admin/laporan/ppn'],
  ['terisolir', '/admin/terisolir'],
  ['log-isolir', '/admin/log-isolir'],
  ['daftar-router', '/admin/router'],
  ['router', 'first:/admin/router'],
  ['whatsapp', '/admin/whatsapp'],
  ['template', '/admin/template'],
  ['template-ubah', 'first:/admin/template'],
  ['pesan', '/admin/pesan'],
  ['pesan-satu', 'first:/admin/pesan'],
  ['siap', '/admin/siap?langkah=perusahaan'],
  ['siap-router', '/admin/siap?langkah=router'],
  ['semua-pengaturan', '/admin/pengaturan'],
  ...['perusahaan', 'tagihan', 'isolir', 'denda', 'pajak', 'gateway', 'pesan', 'whatsapp', 'kas', 'keamanan', 'peringatan', 'cadangan']
    .map((group): [string, string] => [`pengaturan-${group}`, `/admin/pengaturan/${group}`]),
  ['paket', '/admin/paket'],
  ['paket-harga', '/admin/paket/1?price=350000&area='],
  ['tutup-buku', '/admin/tutup-buku'],
  ['rekening', '/admin/rekening'],
  ['pengguna', '/admin/pengguna'],
  ['pengguna-satu', 'first:/admin/pengguna'],
  ['hak-akses', '/admin/pengguna/hak'],
  ['akun', '/admin/akun'],
  ['cadangan', '/admin/cadangan'],
  ['tugas-otomatis', '/admin/tugas'],
  ['tugas-riwayat', '/admin/tugas/riwayat'],
  ['macet', '/admin/tugas/macet'],
  ['log-aktivitas', '/admin/log'],
  ['lainnya', '/admin/lainnya'],
];
/** Pages for paper, and the door of somebody invited: no pictures, but nothing wrong in them either. */
const PAPERS = ['/admin/tagih/cetak', '/admin/kwitansi/1?lebar=58', '/admin/kwitansi/1?lebar=80', '/admin/setoran/1/cetak'];
let invitation = '';

let world: World;
/** What a form of the office sends. */
async function send(page: Page, path: string, data: object): Promise<APIResponse> {
  const answer = await page.request.post(`${world.base}/api/admin/${path}`, { data });
  expect(answer.status(), `${path}: ${await answer.text()}`).toBe(200);
  return answer;
}

/** Rows that only work in the office makes: staff, a new line, cash taken and handed over, a backup, a refused message. */
async function live(page: Page): Promise<void> {
  for (const [name, role] of [['Ani Kasir', 'cashier'], ['Dedi Teknisi', 'technician'], ['Joko Kolektor', 'collector']] as const) {
    const answer = await send(page, 'staff/invite', { name, email: `${name.split(' ')[0]?.toLowerCase()}@contoh.test`, phone: '', role });
    invitation = new URL(((await answer.json()) as { url: string }).url).pathname;
  }
  const start = (await (await send(page, 'install/start', { service_id: 0, customer_id: 0 })).json()) as { form: object };
  for (const [n, step] of ['calon', 'jadwal', 'aktif'].entries()) {
    await send(page, 'install/save', {
      form: {
        ...start.form, request_id: crypto.randomUUID().replaceAll('-', ''), name: ['Wulan Sari', 'Bayu Aji', 'Ratna Dewi'][n], phone: `0812777700${n}0`, address: 'Jalan Melati 4',
        area: 'Dusun Baru', package_id: 1, router_id: 1, pppoe_username: `baru${n}`, pppoe_password: 'sandi-baru', fee: '250rb', install_on: '2026-01-21', started_on: '2026-01-20', step,
      },
    });
  }
  await send(page, 'bank/save', { account: { id: 0, bank: 'BCA', number: '1234567890', holder: 'Kimonet Uji', active: true } });
  await send(page, 'backup/make', {});
  world.run(['setting:set', 'whatsapp.api_key=salah']);
  const open = world.run(['invoice:list', '--status', 'open']).invoices as { service_number: string; total: number }[];
  await receive(page, open.at(-1)?.service_number ?? '');
  await expect.poll(async () => (await send(page, 'work/stuck', { page: 1 })).text(), { timeout: 30_000 }).toContain('WhatsApp');
  await page.goto(`${world.base}/admin/setoran`);
  await hydrated(page);
  await page.locator('#counted').fill('50000');
  await page.locator('#reason').fill('sisanya masih di laci');
  await page.getByRole('button', { name: 'Serahkan setoran' }).click();
  await expect(page.getByText('ST/2026/01/000001', { exact: false }).first()).toBeVisible();
}

async function receive(page: Page, number: string): Promise<void> {
  await choose(page, number);
  await page.getByRole('button', { name: 'Uang pas' }).first().click();
  await page.getByRole('button', { name: /^Simpan pembayaran/ }).click();
  await expect(page.getByText('Pembayaran tercatat.')).toBeVisible();
}

async function choose(page: Page, number: string): Promise<void> {
  await page.goto(`${world.base}/admin/terima?cari=${number}`);
  await hydrated(page);
  if ((await page.getByText('Yang dipilih').count()) === 0) {
    await page.locator('tbody tr, .hit').filter({ hasText: number }).getByRole('link').first().click();
  }
  await expect(page.getByText('Yang dipilih')).toBeVisible();
}

async function firstOf(page: Page, address: string): Promise<string> {
  await page.goto(world.base + address);
  const list = address.split('?')[0] ?? address;
  // Beside the rows, which have numbers, these lists lead to papers and forms under their own address.
  const numbered = ['/admin/pasang', '/admin/pelanggan', '/admin/pengguna', '/admin/tagihan', '/admin/pembayaran'];
  const own = numbered.includes(list) ? '0123456789' : '';
  const links = page.locator(`a[href^="${list}/"]`);
  await expect(links.first()).toBeAttached();
  const all = await links.evaluateAll((found) => found.map((one) => one.getAttribute('href') ?? ''));
  return all.find((href) => own === '' || own.includes(href.slice(list.length + 1)[0] ?? '-')) ?? list;
}

/** From an open bill to the paid one: each step of the public payment. */
async function payPages(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  const number = world.run(['invoice:list', '--status', 'open']).invoices[0]?.service_number as string;
  await page.goto(`${world.base}/billing?nomor_layanan=${encodeURIComponent(number)}`);
  await expect(page.getByRole('heading', { name: 'Tagihan Anda' })).toBeVisible();
  await look('tagihan-anda');
  await page.getByRole('button', { name: 'Bayar' }).first().click();
  await expect(page.getByRole('heading', { name: 'Pilih Cara Bayar' })).toBeVisible();
  await look('pilih-cara-bayar');
  const methods = page.url();
  await page.getByRole('radio', { name: /QRIS/ }).check();
  await page.getByRole('button', { name: /nomor pembayaran|Bayar|QR/ }).click();
  await expect(page.getByRole('heading', { name: 'Selesaikan Pembayaran' })).toBeVisible();
  await expect(page.getByRole('img', { name: 'Kode QRIS' })).toBeVisible();
  await look('selesaikan-qris');
  await page.goto(methods);
  await page.getByRole('radio', { name: /BNI/ }).check();
  await page.getByRole('button', { name: /nomor pembayaran|Bayar/ }).click();
  await expect(page.getByRole('heading', { name: 'Selesaikan Pembayaran' })).toBeVisible();
  await look('selesaikan-va');
  await world.order(`payments/flip/${/\/bayar\/([^/?#]+)/.exec(page.url())?.[1]}/pay`);
  await expect(page.getByRole('heading', { name: 'Pembayaran Berhasil' })).toBeVisible({ timeout: 30_000 });
  await look('pembayaran-berhasil');
}

/** A world of sixty customers in the middle of a month. */
async function begin(engine: string): Promise<void> {
  world = await World.begin(engine, { routers: 3, start: Date.parse('2026-01-20T10:00:00+07:00') });
  world.seed(60);
  world.run(['invoice:generate', '--date', '2026-01-01']);
  // Two thirds paid in the first days; the rest is late, and some of it isolated.
  const open = world.run(['invoice:list', '--period', '2026-01', '--status', 'open']).invoices as { service_number: string; total: number }[];
  open.filter((_, n) => n % 3 < 2).forEach((bill, n) => {
    const day = `2026-01-0${1 + (n % 7)}`;
    world.run(['payment:record', '--service-number', bill.service_number, '--amount', String(bill.total), '--method', n % 2 ? 'cash' : 'transfer', '--received-by', 'Rina', '--received-on', day]);
  });
  world.gateways();
  world.run(['isolir:auto']);
  for (const router of world.run(['router:sync']).routers) expect(router).toMatchObject({ error: null });
  await world.serve();
}

/** The tests of a file that looks at every screen in this size. */
export function everyScreen(size: Size): void {
  const { width, height } = SIZES[size];
  // The walk needs the rows that the morning makes.
  test.describe.configure({ mode: 'serial' });
  test.beforeAll(async ({}, info) => begin(info.project.name));
  test.afterAll(async () => world?.end());

  test(`the office works for a morning (${size})`, async ({ page }) => {
    await logIn(page, world);
    await live(page);
  });

  test.describe(size, () => {
    test.use({ viewport: { width, height } });
    test(`every screen (${size})`, async ({ page }) => {
      test.setTimeout(400_000);
      const assertQuiet = watch(page);
      const seen = (name: string) => look(page, name, size);
      await page.goto(`${world.base}/billing`);
      await seen('cek-tagihan');
      await payPages(page, seen);
      await page.goto(world.control);
      await seen('dunia-luar');
      await page.goto(`${world.base}/admin/masuk`);
      await hydrated(page);
      await seen('masuk');
      await logIn(page, world);
      for (const [name, where] of SCREENS) {
        if (where === 'debtor') {
          await choose(page, world.run(['invoice:list', '--status', 'open']).invoices[0].service_number as string);
        } else {
          const path = where.startsWith('first:') ? await firstOf(page, where.slice('first:'.length)) : where;
          const answer = await page.goto(world.base + path);
          expect(answer?.status(), path).toBe(200);
        }
        await hydrated(page);
        await expect(page.locator('h1').first()).toBeVisible();
        await seen(name);
        // The amount and its age are seen without pushing a table aside.
        for (const part of name === 'tunggakan' ? ['.amount', '.age'] : []) {
          const box = await page.locator('tbody tr').first().locator(part).boundingBox();
          expect(box && box.x >= 0 && box.x + box.width <= width, `${part} on the screen`).toBe(true);
        }
      }
      for (const path of [...PAPERS, invitation]) {
        expect((await page.goto(world.base + path))?.status(), path).toBe(200);
        await accessible(page, path);
      }
      assertQuiet();
    });
  });
}
