/**
 * A made-up, faultless stream in a venue's own format, for machines without the recordings: one book that begins with a snapshot and then changes near its best prices.
 * The same bytes every time.
 */
import { SeededRandom } from '../../src/workers/random.js';
import type { CorpusFrame } from './corpus.js';

const DEPTH_TICKS = 400;
const MIDDLE_TICKS = 600_000;
/** Of changes that take a level away. */
const REMOVED = 0.35;
const EVENT_MS = 1_700_000_000_000;

type Pair = [string, string];

class MadeBook {
  readonly #random = new SeededRandom(7);
  /** Lots by tick of each side; bids below the middle, asks above. */
  readonly sides: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];

  constructor() {
    for (let i = 1; i <= DEPTH_TICKS; i++) {
      this.sides[0].set(MIDDLE_TICKS - i, this.#lots());
      this.sides[1].set(MIDDLE_TICKS + i, this.#lots());
    }
  }

  /** One changed level, mostly near the best; lots 0 = gone. */
  change(side: 0 | 1): { tick: number; before: number; lots: number } {
    const away = 1 + Math.floor(this.#random.next() ** 2 * DEPTH_TICKS);
    const tick = side === 0 ? MIDDLE_TICKS - away : MIDDLE_TICKS + away;
    const levels = this.sides[side];
    const before = levels.get(tick) ?? 0;
    const lots = before > 0 && this.#random.next() < REMOVED ? 0 : this.#lots();
    if (lots === 0) levels.delete(tick);
    else levels.set(tick, lots);
    return { tick, before, lots };
  }

  side(): 0 | 1 {
    return this.#random.next() < 0.5 ? 0 : 1;
  }

  #lots(): number {
    return 1 + Math.floor(this.#random.next() * 50_000);
  }
}

const price = (tick: number): string => (tick / 10).toFixed(1);
const quantity = (lots: number): string => (lots / 1000).toFixed(3);
const pairs = (levels: ReadonlyMap<number, number>): Pair[] => [...levels].map(([tick, lots]) => [price(tick), quantity(lots)]);

const frame = (text: string): CorpusFrame => ({ restSymbol: null, conn: 'made', bytes: Buffer.from(text) });

/** @param levels changed by each message */
export function madeStream(venueId: string, messages: number, levels: number): { before: CorpusFrame[]; frames: CorpusFrame[] } {
  const book = new MadeBook();
  const maker = venueId === 'bitmex' ? bitmex : venueId === 'bybit' ? bybit : binance(venueId);
  const before = maker.before(book);
  const frames = Array.from({ length: messages }, (_, n) => frame(maker.message(book, n, levels)));
  return { before: before.map(({ symbol, text }) => ({ ...frame(text), restSymbol: symbol })), frames };
}

interface Maker {
  /** `symbol` of a REST answer, null in the stream. */
  before(book: MadeBook): readonly { readonly symbol: string | null; readonly text: string }[];
  message(book: MadeBook, n: number, levels: number): string;
}

/** Distinct levels: a venue names a price once a message. */
function changes(book: MadeBook, levels: number): [Pair[], Pair[]] {
  const made: [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  for (let i = 0; i < levels; i++) {
    const side = book.side();
    const { tick, lots } = book.change(side);
    made[side].set(tick, lots);
  }
  return [pairs(made[0]), pairs(made[1])];
}

function binance(venueId: string): Maker {
  const isSpot = venueId === 'binance-spot';
  const symbol = venueId === 'binance-coinm' ? 'BTCUSD_PERP' : 'BTCUSDT';
  const pair = venueId === 'binance-coinm' ? ',"ps":"BTCUSD"' : '';
  return {
    before: (book) => [{ symbol, text: JSON.stringify({ lastUpdateId: 1000, bids: pairs(book.sides[0]), asks: pairs(book.sides[1]) }) }],
    message(book, n, levels) {
      const [b, a] = changes(book, levels);
      const at = EVENT_MS + n;
      const times = isSpot ? `"E":${at}` : `"E":${at},"T":${at}`;
      const first = 1001 + n * 10;
      const ids = `"U":${first},"u":${first + 9}${isSpot ? '' : `,"pu":${first - 1}`}`;
      return `{"stream":"${symbol.toLowerCase()}@depth@100ms","data":{"e":"depthUpdate",${times},"s":"${symbol}"${pair},${ids},"b":${JSON.stringify(b)},"a":${JSON.stringify(a)}}}`;
    },
  };
}

const bybitText = (type: string, n: number, b: readonly Pair[], a: readonly Pair[]): string =>
  `{"topic":"orderbook.200.BTCUSDT","ts":${EVENT_MS + n},"type":"${type}","data":{"s":"BTCUSDT","b":${JSON.stringify(b)},"a":${JSON.stringify(a)},"u":${n + 2},"seq":${n + 2}},"cts":${EVENT_MS + n}}`;

const bybit: Maker = {
  before: (book) => [{ symbol: null, text: bybitText('snapshot', 0, pairs(book.sides[0]), pairs(book.sides[1])) }],
  message: (book, n, levels) => bybitText('delta', n + 1, ...changes(book, levels)),
};

const row = (side: 0 | 1, tick: number, rest: object): object => ({
  symbol: 'XBTUSD',
  id: 8_799_000_000 + tick,
  side: side === 0 ? 'Buy' : 'Sell',
  ...rest,
});
const bitmexText = (action: string, data: readonly object[]): string =>
  `{"table":"orderBookL2","action":"${action}","data":${JSON.stringify(data)}}`;

const bitmex: Maker = {
  before(book) {
    const rows = ([0, 1] as const).flatMap((side) =>
      [...book.sides[side]].map(([tick, size]) => row(side, tick, { size, price: tick / 10 })),
    );
    return [{ symbol: null, text: bitmexText('partial', rows) }];
  },
  message(book) {
    const side = book.side();
    const { tick, before, lots } = book.change(side);
    if (lots === 0) return bitmexText('delete', [row(side, tick, {})]);
    if (before === 0) return bitmexText('insert', [row(side, tick, { size: lots, price: tick / 10 })]);
    return bitmexText('update', [row(side, tick, { size: lots })]);
  },
};
