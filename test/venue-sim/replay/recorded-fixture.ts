/**
 * Small recordings in the recordings' format, made by a seeded walk: Binance spot and COIN-M, Bybit linear and spot, BitMEX. Books move around a price that
 * wanders, so levels appear, change, vanish and are eaten; nothing in it describes the instruments by REST, so the replay has to.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** 2024-08-08, when the simulated venues' shipped configuration did not exist: market time is far from the wall's. */
const START_MS = 1_723_161_250_000;
const STEP_MS = 50;
const LEVELS = 40;

/** A 31-bit linear congruential walk: the same recording every time. */
class Walk {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(most: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (this.#state >>> 8) % most;
  }
}

interface Change {
  readonly side: 'bid' | 'ask';
  readonly ticks: number;
  /** 0 = gone. */
  readonly lots: number;
  /** The level was there before. */
  readonly isKnown: boolean;
}

/** Both sides by ticks; bids below `mid`, asks above, so it is never crossed. */
export class WalkingBook {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  mid: number;
  readonly #walk: Walk;

  constructor(seed: number, mid: number) {
    this.#walk = new Walk(seed);
    this.mid = mid;
    for (let i = 1; i <= LEVELS; i++) {
      this.bids.set(mid - i, 1 + this.#walk.below(500));
      this.asks.set(mid + i, 1 + this.#walk.below(500));
    }
  }

  step(): Change[] {
    const changes = new Map<string, Change>();
    const set = (side: 'bid' | 'ask', ticks: number, lots: number): void => {
      const levels = side === 'bid' ? this.bids : this.asks;
      const key = `${side}${ticks}`;
      const isKnown = changes.get(key)?.isKnown ?? levels.has(ticks);
      if (lots === 0) levels.delete(ticks);
      else levels.set(ticks, lots);
      if (lots === 0 && !isKnown) changes.delete(key);
      else changes.set(key, { side, ticks, lots, isKnown });
    };
    const move = this.#walk.below(4) === 0 ? (this.#walk.below(2) === 0 ? 1 : -1) : 0;
    if (move !== 0) {
      this.mid += move;
      if (this.bids.has(this.mid)) set('bid', this.mid, 0);
      if (this.asks.has(this.mid)) set('ask', this.mid, 0);
      set(move > 0 ? 'bid' : 'ask', this.mid - move, 1 + this.#walk.below(500));
    }
    for (let i = this.#walk.below(4); i >= 0; i--) {
      const side = this.#walk.below(2) === 0 ? 'bid' : 'ask';
      const away = 1 + this.#walk.below(LEVELS);
      // The best level stays, so that a side is never empty.
      set(side, side === 'bid' ? this.mid - away : this.mid + away, away > 1 && this.#walk.below(4) === 0 ? 0 : 1 + this.#walk.below(500));
    }
    return [...changes.values()];
  }
}

interface Line {
  readonly t: number;
  readonly conn?: string;
  readonly http?: string;
  readonly raw: string;
}

export interface Fixture {
  readonly folder: string;
  readonly spot: string;
  readonly coinm: string;
  readonly bybit: string;
  readonly bitmex: string;
  /** A day later than the others. */
  readonly later: string;
  remove(): void;
}

/** @param steps fifty milliseconds each */
export function writeFixture(steps: number): Fixture {
  const folder = mkdtempSync(path.join(tmpdir(), 'thor-recorded-'));
  const file = (name: string, lines: readonly Line[]): string => {
    const text = lines.map(({ t, conn, http, raw }) => JSON.stringify(http === undefined ? { t, dir: 'in', conn, raw } : { t, http, raw }));
    writeFileSync(path.join(folder, name), `${text.join('\n')}\n`);
    return path.join(folder, name);
  };
  const recordings = [
    { file: 'spot.ndjson', exchange: 'binance', market: 'spot', connections: {} },
    { file: 'later.ndjson', exchange: 'binance', market: 'usdm', connections: {} },
    { file: 'coinm.ndjson', exchange: 'binance', market: 'coinm', connections: {} },
    {
      file: 'bybit.ndjson',
      exchange: 'bybit',
      market: 'linear+spot',
      connections: { a: 'wss://stream.bybit.com/v5/public/linear', b: 'wss://stream.bybit.com/v5/public/spot' },
    },
    { file: 'bitmex.ndjson', exchange: 'bitmex', market: 'inverse futures', connections: { m: 'wss://www.bitmex.com/realtime' } },
  ];
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify({ recordings }));
  return {
    folder,
    spot: file('spot.ndjson', binance('spot', 'BTCUSDT', 1, steps, START_MS)),
    later: file('later.ndjson', binance('usdm', 'ETHUSDT', 9, 40, START_MS + 86_400_000)),
    coinm: file('coinm.ndjson', binance('coinm', 'BTCUSD_PERP', 2, steps, START_MS + 700)),
    bybit: file('bybit.ndjson', bybit(steps)),
    bitmex: file('bitmex.ndjson', bitmex(steps)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Prices have one decimal, amounts five on spot (written with the venue's trailing zeros) and none on contracts. */
function binance(market: 'spot' | 'usdm' | 'coinm', symbol: string, seed: number, steps: number, startMs: number): Line[] {
  const lines: Line[] = [];
  const book = new WalkingBook(seed, 617_000);
  const lower = symbol.toLowerCase();
  const isSpot = market === 'spot';
  const price = (ticks: number): string => (isSpot ? `${(ticks / 10).toFixed(1)}0000000` : (ticks / 10).toFixed(1));
  const qty = (lots: number): string => (isSpot ? `${(lots / 1e5).toFixed(5)}000` : String(lots));
  const extra = market === 'coinm' ? { ps: symbol.split('_')[0] } : {};
  const root = { spot: '/api/v3', usdm: '/fapi/v1', coinm: '/dapi/v1' }[market];
  let last = 50_000_000;
  let trade = 1_000;
  for (let step = 0; step < steps; step++) {
    const t = startMs + step * STEP_MS;
    const times = isSpot ? { E: t } : { E: t, T: t };
    // The snapshot is older than the last event before it: the first ones after it must be recognised.
    if (step === 6) {
      const side = (levels: Map<number, number>, sign: number): string[][] =>
        [...levels].sort((x, y) => sign * (x[0] - y[0])).map(([ticks, lots]) => [price(ticks), qty(lots)]);
      const answer = { lastUpdateId: last, ...(isSpot ? {} : { E: t, T: t }), bids: side(book.bids, -1), asks: side(book.asks, 1) };
      lines.push({ t: t + 1, http: `GET ${root}/depth?symbol=${symbol}&limit=1000`, raw: JSON.stringify(answer) });
    }
    const changes = book.step();
    const of = (which: 'bid' | 'ask'): string[][] =>
      changes.filter(({ side }) => side === which).map(({ ticks, lots }) => [price(ticks), qty(lots)]);
    const first = last + 1;
    const prev = last;
    last += 1 + (step % 3);
    const chain = isSpot ? { U: first, u: last } : { U: first, u: last, pu: prev };
    const depth = { e: 'depthUpdate', ...times, s: symbol, ...extra, ...chain, b: of('bid'), a: of('ask') };
    lines.push({ t: t + 0.25, conn: 'c', raw: `{"stream":"${lower}@depth@100ms","data":${JSON.stringify(depth)}}` });
    if (step % 2 === 0) {
      const isSell = step % 4 === 0;
      const ticks = isSell ? book.mid - 1 : book.mid + 1;
      const print = {
        e: 'trade',
        ...times,
        s: symbol,
        t: trade++,
        p: price(ticks),
        q: qty(3),
        ...(isSpot ? { T: t } : { X: 'MARKET' }),
        m: isSell,
      };
      lines.push({
        t: t + 0.5,
        conn: 'c',
        raw: `{"stream":"${lower}@trade","data":${JSON.stringify(isSpot ? { ...print, M: true } : print)}}`,
      });
    }
  }
  return lines;
}

/** Levels as Bybit writes them. */
function bybitLevels(levels: Iterable<readonly [number, number]>): string[][] {
  return [...levels].map(([ticks, lots]) => [(ticks / 10).toFixed(1), lots === 0 ? '0' : (lots / 1000).toFixed(3)]);
}

/** Linear contracts and spot have their own ends of the same price, and their own key order. */
function bybit(steps: number): Line[] {
  const lines: Line[] = [];
  for (const [conn, seed, category] of [
    ['a', 3, 'linear'],
    ['b', 4, 'spot'],
  ] as const) {
    const book = new WalkingBook(seed, 617_000);
    for (let step = 0; step < steps; step++) {
      const t = START_MS + step * STEP_MS + seed / 8;
      const ts = Math.floor(t) - 5;
      const isFirst = step === 0;
      const changes = isFirst ? [] : book.step();
      const of = (which: 'bid' | 'ask'): string[][] =>
        bybitLevels(
          isFirst
            ? which === 'bid'
              ? book.bids
              : book.asks
            : changes.filter(({ side }) => side === which).map(({ ticks, lots }) => [ticks, lots] as const),
        );
      const data = { s: 'BTCUSDT', b: of('bid'), a: of('ask'), u: 700 + step, seq: 9_000 + 7 * step };
      const topic = 'orderbook.200.BTCUSDT';
      const type = isFirst ? 'snapshot' : 'delta';
      const frame = category === 'spot' ? { topic, ts, type, data, cts: ts } : { topic, type, ts, data, cts: ts };
      lines.push({ t, conn, raw: JSON.stringify(frame) });
      if (step % 3 !== 1) continue;
      const S = step % 2 === 0 ? 'Buy' : 'Sell';
      const p = ((S === 'Buy' ? book.mid + 1 : book.mid - 1) / 10).toFixed(1);
      const trade = { T: ts, s: 'BTCUSDT', S, v: '0.002', p, L: 'ZeroPlusTick', i: `id-${category}-${step}`, BT: false };
      lines.push({ t: t + 0.25, conn, raw: JSON.stringify({ topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts, data: [trade] }) });
    }
  }
  return lines.sort((x, y) => x.t - y.t);
}

/** The venue's own rule: an id counts down from its instrument's range with the price. */
const bitmexId = (ticks: number): number => 8_800_000_000 - ticks;

/** Ids stand for prices; an update names the id alone. */
function bitmex(steps: number): Line[] {
  const lines: Line[] = [];
  const symbol = 'XBTUSD';
  const book = new WalkingBook(5, 123_400);
  const row = (side: 'bid' | 'ask', ticks: number, lots: number): object => ({
    symbol,
    id: bitmexId(ticks),
    side: side === 'bid' ? 'Buy' : 'Sell',
    size: lots * 100,
    price: ticks / 2,
  });
  const head = { table: 'orderBookL2', keys: ['symbol', 'id', 'side'], types: {}, foreignKeys: {}, attributes: {}, filter: { symbol } };
  const bids = [...book.bids].map(([ticks, lots]) => row('bid', ticks, lots));
  const asks = [...book.asks].map(([ticks, lots]) => row('ask', ticks, lots)).toReversed();
  const { table, ...rest } = head;
  lines.push({ t: START_MS + 100, conn: 'm', raw: JSON.stringify({ table, action: 'partial', ...rest, data: [...asks, ...bids] }) });
  for (let step = 0; step < steps; step++) {
    const t = START_MS + 150 + step * STEP_MS;
    const changes = book.step();
    const send = (action: string, data: readonly object[], at: number): void => {
      if (data.length > 0) lines.push({ t: t + at, conn: 'm', raw: JSON.stringify({ table, action, data }) });
    };
    // A price that changes sides is another id's business first: deletes come before inserts.
    const gone = changes.filter(({ lots }) => lots === 0);
    send(
      'delete',
      gone.map(({ side, ticks }) => ({ symbol, id: bitmexId(ticks), side: side === 'bid' ? 'Buy' : 'Sell' })),
      0,
    );
    send(
      'update',
      changes
        .filter(({ lots, isKnown }) => lots > 0 && isKnown)
        .map(({ side, ticks, lots }) => ({ symbol, id: bitmexId(ticks), side: side === 'bid' ? 'Buy' : 'Sell', size: lots * 100 })),
      0.25,
    );
    send(
      'insert',
      changes.filter(({ lots, isKnown }) => lots > 0 && !isKnown).map(({ side, ticks, lots }) => row(side, ticks, lots)),
      0.5,
    );
    if (step % 3 !== 0) continue;
    const side = step % 2 === 0 ? 'Buy' : 'Sell';
    const price = (side === 'Buy' ? book.mid + 1 : book.mid - 1) / 2;
    const timestamp = new Date(Math.floor(t)).toISOString();
    const trdMatchID = `00000000-0000-4000-8000-${String(step).padStart(12, '0')}`;
    const data = [
      {
        timestamp,
        symbol,
        side,
        size: 100,
        price,
        tickDirection: 'ZeroPlusTick',
        trdMatchID,
        grossValue: 1,
        homeNotional: 1,
        foreignNotional: 100,
      },
    ];
    lines.push({ t: t + 0.75, conn: 'm', raw: JSON.stringify({ table: 'trade', action: 'insert', data }) });
  }
  return lines;
}
