// A world for a file of tests: the outside world (sandbox), a database of its own, the commands, and the server, all as
// an operator would start them. Business time starts at 15 January 2026, 10:00 in Jakarta, for every process.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, type Page } from '@playwright/test';

export type Engine = 'sqlite' | 'postgres';
export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BINARY = process.env.KIMONET_BINARY ?? join(ROOT, 'target/debug/kimonet');
const START = Date.parse('2026-01-15T10:00:00+07:00');
const STOP_MS = 10_000;
export const OWNER = { email: 'rina@contoh.test', password: 'kata-sandi-uji-01' };

// What the sandbox has (CONTRACT "Sandbox addresses and keys").
const FLIP = { secret: 'flip-sandbox-secret-0001', token: 'flip-sandbox-token-0001' };
const WHATSAPP = { device: '6281200000001', key: 'wa-sandbox-key-0001' };
const ROUTER = { user: 'billing', password: 's3cret' };

export interface Secret { name: string; profile: string; disabled: boolean }
export interface Session { name: string; profile: string; since: string }
export interface State {
  payments: { gateway: string; reference: string; method: string; code: string; amount: number; status: string }[];
  messages: { to: string; text: string; at: string }[];
  routers: { name: string; secrets: Secret[]; active: Session[] }[];
}
export interface Invoice { id: number; number: string; service_number: string; period: string; total: number; paid: number; status: string }

/** A port nobody listens on, and neither on the next one. */
/** A port that is free, of which the next ones are free as well. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    try {
      for (let next = first + 1; next < first + count; next++) await freePort(next);
      return first;
    } catch {
      // Somebody has the next one: look elsewhere.
    }
  }
}

async function freePort(wanted = 0): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.on('error', failed);
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? done(address.port) : failed(new Error('no port'))));
    });
  });
}

function psql(url: string, statement: string): void {
  const run = spawnSync('psql', [url, '-q', '-v', 'ON_ERROR_STOP=1', '-c', statement], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`psql: ${run.error?.message ?? run.stderr}`);
}

interface Program { child: ChildProcess; log: string; name: string }

export class World {
  readonly base: string;
  /** The sandbox's own page. */
  readonly control: string;
  private programs = new Map<string, Program>();
  private constructor(
    readonly engine: Engine,
    readonly folder: string,
    private readonly port: number,
    private readonly outside: number,
    readonly routerPort: number,
    private readonly env: NodeJS.ProcessEnv,
    private readonly database: string | null,
  ) {
    this.base = `http://localhost:${port}`;
    this.control = `http://127.0.0.1:${outside}`;
  }

  /** Folder, database, key, schema, owner and a running sandbox; the clock stands at `start` now. */
  static async begin(engine: string, { routers = 1, start = START, owner = true } = {}): Promise<World> {
    if (engine !== 'sqlite' && engine !== 'postgres') throw new Error(`no engine ${engine}`);
    const folder = mkdtempSync(join(tmpdir(), 'kimonet-e2e-'));
    const [port, outside, routerPort] = [await freePort(), await freePort(), await freePorts(routers)];
    let url = `sqlite:${join(folder, 'kimonet.db')}`;
    let database: string | null = null;
    if (engine === 'postgres') {
      const server = process.env.TEST_DATABASE_URL;
      if (!server) throw new Error('TEST_DATABASE_URL is not set: run scripts/test.sh browser-postgres');
      database = `e2e_${process.pid}_${port}`;
      psql(server, `CREATE DATABASE ${database}`);
      const own = new URL(server);
      own.pathname = `/${database}`;
      url = own.toString();
    }
    const { KIMONET_KEY: _key, KIMONET_KEY_FILE: _file, ...inherited } = process.env;
    const env = {
      ...inherited,
      KIMONET_DATA: folder,
      DATABASE_URL: url,
      KIMONET_BASE_URL: `http://localhost:${port}`,
      KIMONET_CLOCK_OFFSET_S: String(Math.round((start - Date.now()) / 1000)),
      KIMONET_TIMEZONE: 'Asia/Jakarta',
      LEPTOS_SITE_ADDR: `127.0.0.1:${port}`,
      LEPTOS_SITE_ROOT: 'target/site',
    };
    const world = new World(engine, folder, port, outside, routerPort, env, database);
    world.run(['key:generate']);
    world.run(['db:migrate']);
    if (owner) world.run(['staff:create', '--email', OWNER.email, '--name', 'Bu Rina', '--role', 'owner', '--password-stdin'], OWNER.password);
    const http = `127.0.0.1:${outside}`;
    const args = ['sandbox', '--http', http, '--routeros', `127.0.0.1:${routerPort}`, '--routers', String(routers), '--callback-base', world.base];
    await world.launch('sandbox', args, `http://${http}/control/state`);
    return world;
  }

  /** Flip and WhatsApp at the sandbox. */
  gateways(): void {
    const at = `http://127.0.0.1:${this.outside}`;
    this.run([
      'setting:set', 'company.name=Kimonet Uji', 'company.email=tagihan@contoh.test', 'gateway.flip.enabled=true',
      'gateway.flip.environment=sandbox', `gateway.flip.base_url=${at}/flip`, `gateway.flip.secret_key=${FLIP.secret}`,
      `gateway.flip.validation_token=${FLIP.token}`, 'whatsapp.provider=mpwa', `whatsapp.api_url=${at}/whatsapp`,
      `whatsapp.device_id=${WHATSAPP.device}`, `whatsapp.api_key=${WHATSAPP.key}`,
    ]);
  }

  /** Believable customers with a year of history on three routers that answer. */
  seed(customers: number): void {
    this.run(['db:seed', '--customers', String(customers), '--months', '12', '--random-seed', '7', '--routeros', `127.0.0.1:${this.routerPort}`]);
  }

  /** Flip and WhatsApp at the sandbox, one package, and one router named Utara. */
  connect(): void {
    this.gateways();
    this.run(['package:add', '--name', 'Home-20M', '--price', '300000', '--profile', 'Home-20M', '--down-kbps', '20000', '--up-kbps', '20000']);
    this.run(
      ['router:add', '--name', 'Utara', '--host', '127.0.0.1', '--port', String(this.routerPort), '--username', ROUTER.user, '--password-stdin'],
      ROUTER.password,
    );
    const answer = this.run(['mikrotik:test', '--server', 'Utara']);
    expect(answer).toMatchObject({ ok: true, isolir_profile_exists: true });
  }

  /** Writes a file into the world's folder; its path. */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Runs a command with --json; its object. Fails with what it said unless it ended well. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the commands' objects differ
  run(args: string[], stdin?: string): any {
    const done = spawnSync(BINARY, ['--json', ...args], { cwd: ROOT, env: this.env, input: stdin ?? '', encoding: 'utf8', timeout: 120_000 });
    if (done.status !== 0) throw new Error(`kimonet ${args.join(' ')}: exit ${done.status}\n${done.error?.message ?? ''}${done.stderr}\n${done.stdout}`);
    return JSON.parse(done.stdout);
  }

  /** Starts the server and waits until it is healthy. */
  async serve(): Promise<void> {
    await this.launch('server', ['serve'], `${this.base}/health`);
  }

  /** Business time now, in milliseconds, as every process of this world has it. */
  now(): number {
    return Date.now() + Number(this.env.KIMONET_CLOCK_OFFSET_S) * 1000;
  }

  /** A second server on the same database, at a port of its own; ends it with SIGKILL when the result is called. */
  async another(): Promise<() => Promise<void>> {
    const port = await freePort();
    const name = `server-${port}`;
    await this.launch(name, ['serve'], `http://localhost:${port}/health`, { LEPTOS_SITE_ADDR: `127.0.0.1:${port}` });
    return async () => {
      const child = this.programs.get(name)?.child;
      this.programs.delete(name);
      if (!child || child.exitCode !== null) throw new Error(`${name} had ended by itself`);
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await gone;
    };
  }

  /** Rows of a statement on PostgreSQL, as text. */
  rows(statement: string): string[] {
    const run = spawnSync('psql', [this.env.DATABASE_URL ?? '', '-At', '-v', 'ON_ERROR_STOP=1', '-c', statement], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`psql: ${run.error?.message ?? run.stderr}`);
    return run.stdout.split('\n').filter((line) => line !== '');
  }

  /** Moves business time to `instant`, for the server (stopped and started again) and for every command. */
  async jump(instant: string): Promise<void> {
    const server = this.programs.get('server');
    if (server) await this.stop(server);
    this.env.KIMONET_CLOCK_OFFSET_S = String(Math.round((Date.parse(instant) - Date.now()) / 1000));
    await this.serve();
  }

  private async launch(name: string, args: string[], ready: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
    const log = join(this.folder, `${name}.log`);
    const out = openSync(log, 'a');
    const child = spawn(BINARY, args, { cwd: ROOT, env: { ...this.env, ...more }, stdio: ['ignore', out, out] });
    this.programs.set(name, { child, log, name });
    await expect
      .poll(
        async () => {
          if (child.exitCode !== null) throw new Error(`${name} ended: ${readFileSync(log, 'utf8')}`);
          return fetch(ready).then((answer) => answer.status, () => 0);
        },
        { timeout: 30_000, intervals: [50], message: `${name} answers at ${ready}` },
      )
      .toBe(200);
  }

  /** Sends SIGTERM; it must be gone, with exit 0, within 10 seconds. */
  private async stop(program: Program): Promise<void> {
    const { child, name, log } = program;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} had ended by itself: ${readFileSync(log, 'utf8')}`);
    const ended = new Promise<string>((done) => child.once('exit', (code, signal) => done(`${code ?? signal}`)));
    child.kill('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((done) => { timer = setTimeout(() => done('too late'), STOP_MS); });
    const how = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (how === 'too late') child.kill('SIGKILL');
    if (how !== '0') throw new Error(`${name} did not stop well (${how}): ${readFileSync(log, 'utf8').slice(-3000)}`);
  }

  /** Checks every sum, stops server and sandbox, and removes what was made. */
  async end(): Promise<void> {
    const problems: unknown[] = [];
    try {
      expect(this.run(['verify']).differences).toEqual([]);
    } catch (error) {
      problems.push(error);
    }
    // The server first: it still talks to the sandbox.
    for (const name of ['server', 'sandbox']) {
      const program = this.programs.get(name);
      if (program) await this.stop(program).catch((error: unknown) => problems.push(error));
    }
    if (this.database && process.env.TEST_DATABASE_URL) psql(process.env.TEST_DATABASE_URL, `DROP DATABASE ${this.database} WITH (FORCE)`);
    if (problems.length > 0) {
      throw new Error(problems.map(String).join('\n'));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async state(): Promise<State> {
    const answer = await fetch(`http://127.0.0.1:${this.outside}/control/state`);
    return (await answer.json()) as State;
  }

  /** Orders at the sandbox's own door, `payments/flip/REF/pay` or `routers/r0`. */
  async order(what: string, body: object = {}): Promise<void> {
    const answer = await fetch(`http://127.0.0.1:${this.outside}/control/${what}`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  }

  /** Account and session of a name on the router. */
  async line(name: string): Promise<{ profile?: string; running?: string; since?: string }> {
    const router = (await this.state()).routers[0];
    const secret = router?.secrets.find((row) => row.name === name);
    const session = router?.active.find((row) => row.name === name);
    return { profile: secret?.profile, running: session?.profile, since: session?.since };
  }

  invoices(serviceNumber: string): Invoice[] {
    return this.run(['invoice:list', '--service-number', serviceNumber]).invoices as Invoice[];
  }
}

/** Collects what a page complains about, and prints it at once; call the result at the end. */
export function watch(page: Page): () => void {
  const complaints = {
    all: [] as string[],
    push(text: string): void {
      console.log(text);
      this.all.push(text);
    },
  };
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || (message.type() === 'warning' && /hydrat|tracking context/i.test(message.text()))) {
      complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('response', (answer) => {
    if (answer.status() >= 500) complaints.push(`${answer.status()} ${answer.url()}`);
  });
  return () => expect(complaints.all, 'nothing is wrong in the console').toEqual([]);
}

/** Waits until the office's WebAssembly listens: typed text must not be lost to it. */
export async function hydrated(page: Page): Promise<void> {
  await page.locator('body[data-ready]').waitFor();
  await page.waitForLoadState('networkidle');
}

/** Logs in, as the owner unless somebody else is named. */
export async function logIn(page: Page, world: World, who = OWNER): Promise<void> {
  await page.goto(`${world.base}/admin/masuk`);
  await page.locator('input[name=email]').fill(who.email);
  await page.locator('input[name=password]').fill(who.password);
  await page.getByRole('button', { name: 'Masuk' }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/admin/masuk'));
}
