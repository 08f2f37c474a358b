/** Simulated exchanges as a process of their own, for tests that script faults, and read what the venues hold past every interface of the engine. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineProcess } from './engine-process.js';

export interface ScriptedFault {
  readonly kind: string;
  readonly venue?: string;
  readonly match?: Readonly<Record<string, string>>;
  readonly count?: number;
  readonly afterMs?: number;
  readonly forMs?: number;
  readonly probability?: number;
  readonly params?: Readonly<Record<string, string | number | boolean>>;
}

/** An order as a venue's own state has it. */
export interface VenueOrderRow {
  readonly venue: string;
  readonly clientId: string;
  readonly state: string;
  readonly filledLots: number;
}

export interface ExchangesOptions {
  readonly seed: number;
  readonly speed: number;
  readonly limitMs: number;
  readonly only?: readonly string[];
  readonly port?: number;
  /** A kill loses nothing that a client was told. */
  readonly commits?: boolean;
}

/** The account of a venue's printed key; state files name it so. */
const TEST_ACCOUNT = 1000;
/** Market time that a fault has to find its occasion. */
const STRUCK_WITHIN_MS = 60_000;
/** Kinds that last until they are taken away: the others strike as often as they are told to. */
const STATES: ReadonlySet<string> = new Set(['maintenance', 'rate-limit-storm', 'clock-skew', 'stream-stall']);
/** Market time that each lasts at least. */
const LEAST_MS = 1_000;

export class Exchanges {
  readonly addresses: string;
  readonly #args: readonly string[];
  readonly #limitMs: number;
  readonly #state: string;
  #process: EngineProcess;
  #admin = '';

  constructor(folder: string, { seed, speed, limitMs, only, port, commits }: ExchangesOptions) {
    this.addresses = join(folder, 'addresses.json');
    this.#state = join(folder, 'state');
    const own = [
      ...(only === undefined ? [] : ['--only', only.join(',')]),
      ...(port === undefined ? [] : ['--port', String(port)]),
      ...(commits === true ? ['--commit'] : []),
    ];
    this.#args = [
      'venues',
      '--addresses',
      this.addresses,
      '--state',
      this.#state,
      '--seed',
      String(seed),
      '--speed',
      String(speed),
      ...own,
    ];
    this.#limitMs = limitMs;
    this.#process = new EngineProcess(this.#args, { limitMs });
  }

  /** kill -9. */
  async die(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process.ended;
  }

  /** From the state that was kept, at the same ports. */
  async rise(): Promise<void> {
    this.#process = new EngineProcess(this.#args, { limitMs: this.#limitMs });
    await this.ready();
  }

  async ready(): Promise<void> {
    await this.#process.line((line) => line.includes('SIMULATED exchanges'));
    this.#admin = (JSON.parse(readFileSync(this.addresses, 'utf8')) as { admin: string }).admin;
  }

  async script(faults: readonly ScriptedFault[]): Promise<void> {
    const answer = await fetch(`${this.#admin}/faults`, { method: 'POST', body: JSON.stringify(faults) });
    if (answer.status !== 200) throw new Error(`faults refused: ${await answer.text()}`);
  }

  /** Until so much market time has gone by. */
  async pass(ms: number): Promise<void> {
    const untilMs = (await this.marketMs()) + ms;
    while ((await this.marketMs()) < untilMs) await pause();
  }

  /** Scripts the faults, waits until each of them has struck so often (a skewed clock strikes nobody: it is there for a while), and takes them away. */
  async untilStruck(faults: readonly ScriptedFault[], times: number): Promise<void> {
    const states = faults.filter(({ kind }) => STATES.has(kind));
    const strikes = faults.filter(({ kind }) => !STATES.has(kind));
    await this.script([...states, ...strikes.map((fault) => ({ count: times, ...fault }))]);
    const untilMs = (await this.marketMs()) + STRUCK_WITHIN_MS;
    for (;;) {
      const missing = (await this.#faults()).filter(({ kind, hits }) => kind !== 'clock-skew' && hits < times);
      if (missing.length === 0) break;
      if ((await this.marketMs()) > untilMs) throw new Error(`never struck: ${JSON.stringify(missing)}`);
      await pause();
    }
    await this.pass(LEAST_MS);
    await this.clear();
  }

  async clear(): Promise<void> {
    await fetch(`${this.#admin}/faults`, { method: 'DELETE' });
  }

  async audit(): Promise<unknown> {
    return ((await this.#get('/audit')) as { right: unknown }).right;
  }

  async marketMs(): Promise<number> {
    return ((await this.#get('/status')) as { marketUs: number }).marketUs / 1000;
  }

  /** Every order of the account that trades, open and ended, as the venues saved them. */
  async orders(): Promise<VenueOrderRow[]> {
    await fetch(`${this.#admin}/save`, { method: 'POST' });
    const { exchanges, historyFile, historyBytes } = JSON.parse(
      readFileSync(join(this.#state, 'exchanges.json'), 'utf8'),
    ) as SavedExchanges;
    const open = Object.entries(exchanges).flatMap(([venue, { accounts }]) =>
      (accounts.find(({ id }) => id === TEST_ACCOUNT)?.open ?? []).map((order) => ({ venue, ...order })),
    );
    const path = join(this.#state, historyFile);
    const text = existsSync(path) ? readFileSync(path).subarray(0, historyBytes).toString('utf8') : '';
    const ended = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as [string, number, string, Omit<VenueOrderRow, 'venue'>])
      .filter(([, account, kind]) => account === TEST_ACCOUNT && kind === 'order')
      .map(([venue, , , order]) => ({ venue, ...order }));
    return [...open, ...ended];
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGINT');
    await this.#process.ended;
  }

  async #faults(): Promise<readonly { readonly kind: string; readonly hits: number }[]> {
    return ((await this.#get('/faults')) as { faults: { kind: string; hits: number }[] }).faults;
  }

  async #get(path: string): Promise<unknown> {
    return (await fetch(this.#admin + path)).json();
  }
}

interface SavedExchanges {
  readonly exchanges: Readonly<Record<string, { readonly accounts: readonly { id: number; open: Omit<VenueOrderRow, 'venue'>[] }[] }>>;
  readonly historyFile: string;
  readonly historyBytes: number;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 30));
}
