/**
 * Bybit book messages that can be played for ever: the texts are made once, and before each turn the update ids are written into them anew, so that every message
 * is the next one of its book. Levels are absolute quantities on fixed sides, so any order of turns is a possible market. The same bytes every time.
 */
import { SeededRandom } from '../../src/workers/random.js';

const EVENT_MS = 1_700_000_000_000;
/** All ids have ten digits. */
const FIRST_ID = 1_000_000_000;
const MIDDLE_TICKS = 600_000;
const DEPTH_TICKS = 180;
/** Of changes that take a level away. */
const REMOVED = 0.35;

type Pair = readonly [string, string];

const price = (tick: number): string => (tick / 10).toFixed(1);

function text(symbol: string, type: string, b: readonly Pair[], a: readonly Pair[]): string {
  return `{"topic":"orderbook.200.${symbol}","ts":${EVENT_MS},"type":"${type}","data":{"s":"${symbol}","b":${JSON.stringify(b)},"a":${JSON.stringify(a)},"u":${FIRST_ID},"seq":${FIRST_ID}},"cts":${EVENT_MS}}`;
}

export interface EndlessOptions {
  readonly symbols: readonly string[];
  /** Messages of one turn, dealt to the symbols one after the other. */
  readonly messages: number;
  readonly levels: number;
  /** Bytes before each message, to be filled in by `head`: the frame's header. */
  readonly head?: (payloadBytes: number) => Uint8Array;
}

export class EndlessStream {
  /** One turn of messages with their heads, back to back. */
  readonly bytes: Buffer;
  /** Where each message begins and ends in `bytes`, heads left out. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly snapshots: readonly string[];
  readonly #symbols: number;
  /** Places of the two ids of each message. */
  readonly #ids: Int32Array;
  #turns = 0;

  constructor({ symbols, messages, levels, head }: EndlessOptions) {
    if (messages % symbols.length !== 0)
      throw new Error(`${messages} messages are not the same count for each of ${symbols.length} symbols`);
    const random = new SeededRandom(11);
    const quantity = (): string => ((1 + Math.floor(random.next() * 50_000)) / 1000).toFixed(3);
    const all = (sign: number): Pair[] => Array.from({ length: DEPTH_TICKS }, (_, i) => [price(MIDDLE_TICKS + sign * (i + 1)), quantity()]);
    this.snapshots = symbols.map((symbol) => text(symbol, 'snapshot', all(-1), all(1)));
    const some = (sign: number): Pair[] => {
      const ticks = new Set<number>();
      // Mostly near the best.
      while (ticks.size < levels / 2) ticks.add(1 + Math.floor(random.next() ** 2 * DEPTH_TICKS));
      return [...ticks].map((away) => [price(MIDDLE_TICKS + sign * away), random.next() < REMOVED && away > 1 ? '0' : quantity()]);
    };
    this.#symbols = symbols.length;
    this.starts = new Int32Array(messages);
    this.ends = new Int32Array(messages);
    this.#ids = new Int32Array(messages * 2);
    const pieces: Uint8Array[] = [];
    let at = 0;
    for (let n = 0; n < messages; n++) {
      const payload = Buffer.from(text(symbols[n % symbols.length] ?? '', 'delta', some(-1), some(1)));
      const before = head?.(payload.length) ?? new Uint8Array(0);
      this.starts[n] = at + before.length;
      at += before.length + payload.length;
      this.ends[n] = at;
      const start = this.starts[n] ?? 0;
      this.#ids[n * 2] = start + payload.lastIndexOf('"u":') + 4;
      this.#ids[n * 2 + 1] = start + payload.lastIndexOf('"seq":') + 6;
      pieces.push(before, payload);
    }
    this.bytes = Buffer.concat(pieces);
  }

  get messages(): number {
    return this.starts.length;
  }

  /** Update id of every book after `turns` turns. */
  lastIdAfter(turns: number): number {
    return FIRST_ID + turns * (this.messages / this.#symbols);
  }

  /** Writes the ids of the next turn into `into`, where `bytes` stands from `offset` on. Allocates nothing. */
  nextTurn(into: Uint8Array = this.bytes, offset = 0): void {
    const base = this.lastIdAfter(this.#turns++);
    const ids = this.#ids;
    for (let n = 0; n < ids.length >> 1; n++) {
      let rest = base + 1 + Math.floor(n / this.#symbols);
      const u = offset + ids[n * 2]! + 9;
      const seq = offset + ids[n * 2 + 1]! + 9;
      for (let digit = 0; digit < 10; digit++) {
        const ascii = 48 + (rest % 10);
        into[u - digit] = ascii;
        into[seq - digit] = ascii;
        rest = Math.floor(rest / 10);
      }
    }
  }
}
