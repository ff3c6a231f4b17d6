// What the walk through a month (tests/month.spec.ts) is made of: books that the script keeps by itself (who owes, what
// each person took, what his bag holds), and the deeds of people at the screens, which write into them. The books know
// nothing of Kimonet's; at the end both are laid side by side.
import { type Browser, expect, type Page } from '@playwright/test';
import { hydrated, logIn, type World } from './harness.ts';

export interface Person { name: string; email: string; role: string }
/** A person's own password. */
export const PASSWORD = 'kuda lumping biru';
const TELEPHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** As the office writes it. */
export type Way = 'Tunai' | 'Transfer' | 'Bayar online';
interface HandOver { counted: number; short: number }

export class Books {
  /** Left to pay of what was billed so far, by service number; who has paid stays with 0. */
  readonly owed = new Map<string, number>();
  /** What came in: who took it, how, how much. */
  readonly taken: { who: string; way: Way; amount: number }[] = [];
  readonly bags = new Map<string, number>();
  readonly handed = new Map<string, HandOver>();
  /** Reminders that are due, by day of February. */
  readonly reminders = new Map<number, number>();

  bill(service: string, amount: number): void {
    this.owed.set(service, this.owes(service) + amount);
  }

  owes(service: string): number {
    return this.owed.get(service) ?? 0;
  }

  /** Services that owe, as they were billed. */
  debtors(): string[] {
    return [...this.owed].filter(([, left]) => left > 0).map(([service]) => service);
  }

  pay(service: string, amount: number, who: string, way: Way): void {
    this.bill(service, -amount);
    this.taken.push({ who, way, amount });
    if (way === 'Tunai') this.bags.set(who, this.bag(who) + amount);
  }

  bag(who: string): number {
    return this.bags.get(who) ?? 0;
  }

  /** All but `keep` is handed over, of which `short` is missing. */
  handOver(who: string, { keep = 0, short = 0 }): HandOver {
    const done = { counted: this.bag(who) - keep - short, short };
    this.bags.set(who, keep);
    this.handed.set(who, done);
    return done;
  }

  /** What came in one way; by one person, if said. */
  sum(way: Way, who?: string): number {
    return sum(this.these(way, who), (row) => row.amount);
  }

  count(way: Way, who?: string): number {
    return this.these(way, who).length;
  }

  private these(way: Way, who?: string): { amount: number }[] {
    return this.taken.filter((row) => row.way === way && (who === undefined || row.who === who));
  }
}

export function sum<T>(rows: Iterable<T>, of: (row: T) => number): number {
  let total = 0;
  for (const row of rows) total += of(row);
  return total;
}

/** Numbers and names of the file's customers. */
export const number = (n: number) => `BLN${String(n).padStart(3, '0')}`;
export const name = (n: number) => `Pelanggan ${n}`;
export const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** `Rp 300.000` as the screens write it, with whatever space they put there. */
export const rupiah = (amount: number) => new RegExp(`^Rp\\s${amount.toLocaleString('id-ID')}$`);

/** The number that a text of digits and dots holds. */
export const digits = (text: string) => Number(text.replaceAll(/[^\d-]/g, ''));

/** What the line of sums above a list says beside `word`; a list that found nothing says 0 or nothing. */
export async function summed(page: Page, word: string): Promise<number> {
  const said = page.locator('.sums span', { hasText: word }).locator('b');
  await page.locator('.sums').waitFor();
  return (await said.count()) === 0 ? 0 : digits(await said.innerText());
}

/** One cell of each row of all pages of a list that is open. */
export async function column(page: Page, cell: string): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    seen.push(...(await page.locator(`tbody tr ${cell}`).allInnerTexts()));
    const next = page.locator('.pager a[rel=next]');
    if ((await next.count()) === 0) return seen;
    await page.goto(new URL((await next.getAttribute('href')) ?? '', page.url()).href);
  }
}

/** People at the screens of one world; what they do stands in its books. */
export class Walk {
  readonly books = new Books();
  constructor(private readonly world: World) {}

  async open(page: Page, path: string): Promise<void> {
    await page.goto(`${this.world.base}${path}`);
    await hydrated(page);
  }

  /** Somebody at a browser of his own; a collector's is his telephone. */
  async as(browser: Browser, who: Person, deed: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext(who.role === 'Kolektor' ? TELEPHONE : {});
    try {
      const page = await context.newPage();
      await logIn(page, this.world, { email: who.email, password: PASSWORD });
      await hydrated(page);
      await deed(page);
    } finally {
      await context.close();
    }
  }

  /** The owner, at Pengguna, invites somebody, who sets his password behind the link. */
  async invite(page: Page, browser: Browser, who: Person): Promise<void> {
    await page.getByLabel('Nama', { exact: true }).fill(who.name);
    await page.getByLabel('Email', { exact: true }).fill(who.email);
    await page.getByLabel('Peran').selectOption({ label: who.role });
    await page.getByRole('button', { name: 'Buat undangan' }).click();
    await expect(page.getByText(`Tautan untuk ${who.name}`)).toBeVisible();
    await expect(page.locator('tbody tr', { hasText: who.name })).toContainText('Diundang');
    const link = new URL(await page.getByLabel('Tautan', { exact: true }).inputValue());
    const context = await browser.newContext();
    const theirs = await context.newPage();
    await theirs.goto(`${this.world.base}${link.pathname}`);
    await theirs.locator('input[name=password]').fill(PASSWORD);
    await theirs.locator('input[name=repeated]').fill(PASSWORD);
    await theirs.locator('form button').first().click();
    await expect(theirs).toHaveURL(/\/admin\/masuk/);
    await context.close();
  }

  /** The open form of Terima Pembayaran, which must ask for what the books say: all of it is taken, or `part`. */
  async take(page: Page, who: Person, service: string, { way = 'Tunai' as Way, part = 0 } = {}): Promise<void> {
    const owed = this.books.owes(service);
    const amount = part || owed;
    const form = page.locator('form.receive');
    await expect(form.locator('.head')).toContainText(service);
    await expect(form.locator('.row', { hasText: 'Yang dipilih' }).locator('strong')).toHaveText(rupiah(owed));
    await form.getByRole('radio', { name: way }).check({ force: true });
    if (part) await form.getByLabel('Uang diterima').fill(String(part));
    else await form.getByRole('button', { name: 'Uang pas' }).click();
    const save = form.getByRole('button', { name: /^Simpan pembayaran/ });
    await expect(save).toHaveText(new RegExp(`Rp\\s${amount.toLocaleString('id-ID')}$`));
    await save.click();
    await expect(page.getByText('Pembayaran tercatat.')).toBeVisible();
    this.books.pay(service, amount, who.name, way);
  }

  /** At the counter: the number is typed, Enter takes who has it. */
  async receive(desk: Page, who: Person, service: string, how?: { way?: Way; part?: number }): Promise<void> {
    const search = desk.getByLabel('Siapa yang membayar?');
    if ((await search.count()) === 0) await this.open(desk, '/admin/terima');
    await search.fill(service);
    await search.press('Enter');
    await this.take(desk, who, service, how);
  }

  /** A customer pays online. */
  async payOnline(page: Page, service: string, channel: RegExp): Promise<void> {
    await page.goto(`${this.world.base}/billing?nomor_layanan=${service}`);
    await page.getByRole('button', { name: 'Bayar' }).first().click();
    await page.getByRole('radio', { name: channel }).check();
    await page.getByRole('button', { name: /nomor pembayaran|Bayar/ }).click();
    await expect(page.getByRole('heading', { name: 'Selesaikan Pembayaran' })).toBeVisible();
    await this.world.order(`payments/flip/${/\/bayar\/([^/?#]+)/.exec(page.url())?.[1]}/pay`);
    await expect(page.getByRole('heading', { name: 'Pembayaran Berhasil' })).toBeVisible({ timeout: 30_000 });
    this.books.pay(service, this.books.owes(service), 'Flip', 'Bayar online');
  }

  /** The bag must hold what the books say; what is counted is handed over. */
  async handOver(page: Page, who: Person, { keep = 0, short = 0, reason = '' } = {}): Promise<void> {
    await this.open(page, '/admin/setoran');
    await expect(page.locator('#isi-tas')).toHaveText(rupiah(this.books.bag(who.name)));
    const { counted } = this.books.handOver(who.name, { keep, short });
    await page.getByLabel('Uang yang disetor, dihitung').fill(String(counted));
    if (keep) await page.getByLabel('Disimpan di tas untuk kembalian').fill(String(keep));
    if (short) await page.getByLabel('Sebab selisih').fill(reason);
    await page.getByRole('button', { name: 'Serahkan setoran' }).click();
    await expect(page.getByText(/^Setoran ST\/2026\/02\/\d+ diserahkan dan menunggu diterima\.$/)).toBeVisible();
    await expect(page.locator('#isi-tas')).toHaveText(rupiah(keep));
  }

  /** Waits until the schedule has done `job` on that day. */
  async ran(page: Page, job: string, day: string): Promise<void> {
    await expect
      .poll(async () => {
        await page.goto(`${this.world.base}/admin/tugas/riwayat?job=${job}`);
        return page.locator('tbody tr', { has: page.locator('td.date', { hasText: day }) }).filter({ hasText: 'Selesai' }).count();
      }, { timeout: 60_000, message: `${job} on ${day}` })
      .toBeGreaterThan(0);
  }

  /** Goes to a day of February after nine o'clock, where the schedule writes reminders: one to each who owes by the
   *  books, and to nobody else. */
  async reminders(page: Page, day: number): Promise<void> {
    const date = String(day).padStart(2, '0');
    await this.world.jump(`2026-02-${date}T09:05:00+07:00`);
    await logIn(page, this.world);
    await this.ran(page, 'reminders', `${date}/02/2026`);
    const owing = this.books.debtors();
    this.books.reminders.set(day, owing.length);
    const list = `/admin/pesan?kind=reminder&from=${day}/2/2026&to=${day}/2/2026`;
    await this.open(page, list);
    const names = await column(page, 'td:nth-child(2) a');
    expect(names.sort()).toEqual(owing.map((service) => name(digits(service))).sort());
    // The first few go out at once, the others follow at the pace that the settings say.
    await expect
      .poll(async () => {
        await page.goto(`${this.world.base}${list}&state=sent`);
        return summed(page, 'pesan');
      }, { timeout: 30_000, message: `reminders are sent on ${date}/02/2026` })
      .toBeGreaterThan(0);
  }
}

/** What the script says and what Kimonet says, side by side. */
export class Report {
  private readonly rows: [what: string, own: number, kimonet: number][] = [];

  add(what: string, own: number, kimonet: number | undefined): void {
    this.rows.push([what, own, kimonet ?? Number.NaN]);
  }

  text(): string {
    return this.rows.map(([what, own, kimonet]) => `${own === kimonet ? 'same' : 'DIFFERENT'}  ${what}: script ${own}, Kimonet ${kimonet}`).join('\n');
  }

  assertSame(): void {
    for (const [what, own, kimonet] of this.rows) expect.soft(kimonet, what).toBe(own);
  }
}
