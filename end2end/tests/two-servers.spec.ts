// Two servers on one PostgreSQL over a month of jumps of the clock. One of them is killed with -9 ten times, at moments
// that nobody chose: each scheduled run and each message happens once all the same, and every sum is right.
import { expect, test } from '@playwright/test';
import { World } from '../harness.ts';

const CUSTOMERS = 60;
const DAYS = ['02-01T00:30', '02-01T09:30', '02-03T10:00', '02-05T10:00', '02-08T10:00', '02-10T10:00', '02-15T08:30', '02-20T10:00', '02-28T10:00', '03-01T00:30'];
/** The slots that those moments leave due, in UTC: each month's, and one for each gap in which a day's slot was missed. */
const SLOTS: Record<string, [string, string[]]> = {
  backup: ['19:00', ['01-31', '02-01', '02-03', '02-05', '02-08', '02-10', '02-15', '02-20', '02-28']],
  invoicing: ['17:01', ['01-31', '02-28']],
  isolir: ['01:00', ['02-01', '02-02', '02-04', '02-06', '02-09', '02-11', '02-16', '02-21', '03-01']],
  prorate: ['17:05', ['01-31', '02-01', '02-03', '02-05', '02-08', '02-10', '02-15', '02-20', '02-28']],
  reminders: ['02:00', ['02-01', '02-02', '02-04', '02-06', '02-09', '02-11', '02-15', '02-21', '03-01']],
};
const number = (n: number) => `DUA${String(n).padStart(3, '0')}`;
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
let world: World;

test.beforeAll(async ({}, info) => {
  world = await World.begin(info.project.name, { start: Date.parse('2026-01-31T10:00:00+07:00') });
});
test.afterAll(async () => world?.end());

test('each run and each message once, whatever is killed', async () => {
  test.setTimeout(240_000);
  world.connect();
  const head = 'nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password,tanggal_pasang,tanggal_tempo,dibayar_sampai';
  const rows = Array.from({ length: CUSTOMERS }, (_, n) => `${number(n)},Pelanggan ${n},0812${40_000_000 + n},Home-20M,Utara,dua${n},sandi,2025-06-01,10,2026-01`);
  world.run(['customer:import', world.file('dua.csv', [head, ...rows].join('\n'))]);
  await world.serve();
  const waits: number[] = [];
  let paid = 0;
  for (const day of DAYS) {
    await world.jump(`2026-${day}:00+07:00`);
    const kill = await world.another();
    // Work that both may take: four payments with their confirmations, except in the night.
    if (!day.includes('T00')) {
      for (let n = 0; n < 4; n++) world.run(['payment:record', '--service-number', number(paid++), '--amount', '300000', '--method', 'cash']);
    }
    waits.push(Math.round(Math.random() * 1_500));
    await pause(waits.at(-1) ?? 0);
    await kill();
    const again = await world.another();
    await pause(500);
    await again();
  }
  console.log(`killed after ${waits.join(', ')} ms, and each second server once more`);
  const now = new Date(Date.parse('2026-03-01T09:00:00+07:00'));
  await world.jump(now.toISOString());
  // What a killed server had begun is taken over when its lease has run out.
  await expect.poll(() => world.rows(`SELECT kind, state, last_error FROM work WHERE state IN ('ready', 'running', 'retry') AND run_at <= '${now.toISOString()}'`), { timeout: 90_000 }).toEqual([]);
  expect(world.rows('SELECT job, slot FROM job_run GROUP BY job, slot HAVING count(*) > 1')).toEqual([]);
  // Slot by slot: each day's jobs on each day that was visited late enough, whichever server was alive.
  const slots = world.rows("SELECT job || ' ' || slot FROM job_run WHERE state = 'done' AND job IN ('invoicing', 'prorate', 'isolir', 'reminders', 'backup') ORDER BY 1");
  expect(slots).toEqual(Object.entries(SLOTS).flatMap(([job, [time, days]]) => days.map((day) => `${job} 2026-${day}T${time}:00Z`)));
  // What was carried out, by the queue's own rows: as often as there are slots, and none of them twice.
  const carried = world.rows("SELECT payload FROM work WHERE kind = 'run_job' AND state = 'done'");
  expect(new Set(carried).size, 'no slot was carried out twice').toBe(carried.length);
  expect(world.rows("SELECT job, slot FROM job_run WHERE state = 'failed' AND job IN ('invoicing', 'prorate', 'isolir', 'reminders')")).toEqual([]);
  const february = world.run(['invoice:list', '--period', '2026-02']).invoices as { total: number }[];
  expect(february.map((row) => row.total)).toEqual(Array.from({ length: CUSTOMERS }, () => 300_000));
  expect(world.run(['invoice:list', '--period', '2026-03']).invoices).toHaveLength(CUSTOMERS);
  const sent = (await world.state()).messages.map((message) => `${message.to} ${message.text}`);
  expect(new Set(sent).size, 'nothing went out twice').toBe(sent.length);
  const confirmations = world.rows("SELECT state, count(*) FROM message WHERE kind = 'payment_confirmation' GROUP BY state ORDER BY state");
  console.log(`payments ${paid}; confirmations ${confirmations.join(', ')}; messages out ${sent.length}`);
  expect(world.rows("SELECT count(*) FROM message WHERE kind = 'payment_confirmation'")).toEqual([String(paid)]);
});
