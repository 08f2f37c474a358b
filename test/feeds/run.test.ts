/** Messages that come several in one read: books, trades, quotes, marks and counts are those of the same messages one by one. Needs the recordings (test/support/recordings.ts). */
import { describe, expect, it } from 'vitest';
import { OurBooks } from '../../bench/support/our-books.js';
import type { CorpusFrame } from '../../bench/support/corpus.js';
import { READ_OK } from '../../src/feeds/frame-reader.js';
import { readRecording } from '../../src/feeds/recording.js';
import type { FeedSink } from '../../src/feeds/sink.js';
import { recordingInfo } from '../../src/feeds/verify.js';
import { needRecordings, READ_RECORDINGS, recordingPath } from '../support/recordings.js';
import { times } from '../support/torture.js';
import { chance } from './protocols.js';
import { OneBook } from './one-book.js';

const LINES = times(4_000, Infinity);
const MOST_AT_ONCE = 40;

/** What is told beside the books; how often a book is told of is not the same, and which ones in one read is. */
class Heard implements FeedSink {
  readonly log: string[] = [];
  changes = 0;
  readonly #changed = new Set<number>();

  bookChanged(instrument: number): void {
    this.changes++;
    this.#changed.add(instrument);
  }
  state(instrument: number, state: number): void {
    this.log.push(`state ${instrument} ${state}`);
  }
  trade(instrument: number, trade: object): void {
    this.log.push(`trade ${instrument} ${JSON.stringify({ ...trade, recvUs: 0 })}`);
  }
  quote(instrument: number, quote: object): void {
    this.log.push(`quote ${instrument} ${JSON.stringify({ ...quote, recvUs: 0 })}`);
  }
  mark(instrument: number, mark: object): void {
    this.log.push(`mark ${instrument} ${JSON.stringify({ ...mark, recvUs: 0 })}`);
  }
  endOfRead(): void {
    this.log.push(`changed ${[...this.#changed].toSorted((a, b) => a - b).join()}`);
    this.#changed.clear();
  }
}

/** A Bybit book message with one bid. */
const message = (type: string, u: number, bid: string): Buffer =>
  Buffer.from(
    `{"topic":"orderbook.50.BTCUSDT","type":"${type}","ts":${1_700_000_000_000 + u},"data":{"s":"BTCUSDT","b":[["${bid}","1"]],"a":[["20.5","1"]],"u":${u},"seq":${u}},"cts":${1_700_000_000_000 + u}}`,
  );

describe('messages of one read', () => {
  for (const name of READ_RECORDINGS) {
    it(`${name}: leave what they leave one by one`, async () => {
      if (!needRecordings()) return;
      const { venue } = await recordingInfo(recordingPath(name), undefined);
      const sinks = [new Heard(), new Heard()] as const;
      const [together, single] = [new OurBooks(venue, 'wasm', undefined, sinks[0]), new OurBooks(venue, 'wasm', undefined, sinks[1])];
      const next = chance(7);
      let waiting: CorpusFrame[] = [];
      const flush = (): void => {
        if (waiting.length === 0) return;
        together.read(together.land(waiting));
        for (const { conn, bytes } of waiting) expect(single.reader(conn).read(bytes, 0, bytes.length, 0)).toBe(READ_OK);
        for (const sink of sinks) sink.endOfRead();
        waiting = [];
      };
      let wanted = 1;
      let lines = 0;
      for await (const line of readRecording(recordingPath(name))) {
        if (++lines > LINES) break;
        if (line.kind === 'in' && line.raw.length <= 0xffff) {
          // A read is one connection's.
          if (waiting[0]?.conn !== line.conn) flush();
          waiting.push({ restSymbol: null, conn: line.conn, bytes: Buffer.from(line.raw) });
          if (waiting.length < wanted) continue;
          flush();
          wanted = 1 + Math.floor(next() * MOST_AT_ONCE);
          continue;
        }
        flush();
        for (const books of [together, single]) {
          if (line.kind === 'in') books.reader(line.conn).read(Buffer.from(line.raw), 0, Buffer.byteLength(line.raw), 0);
          else if (line.kind === 'http') {
            const symbol = venue.depth?.symbolOf(line.http) ?? null;
            if (symbol !== null) books.reader('').readSnapshot(symbol, line.raw, 0);
          }
        }
      }
      flush();
      expect(together.result()).toBe(single.result());
      expect(together.stats).toEqual(single.stats);
      expect(together.gaps).toBe(0);
      expect(sinks[0].log.join('\n')).toBe(sinks[1].log.join('\n'));
      // Books are told of once a run.
      expect(sinks[0].changes).toBeLessThan(sinks[1].changes);
    });
  }

  it('tells of a gap in their midst, and goes on behind it', () => {
    const one = new OneBook('bybit', 'linear:BTCUSDT', 'BTCUSDT', 'wasm');
    const took: number[] = [];
    const say = (...messages: Buffer[]): void => one.sayAtOnce(messages, (count) => took.push(count));
    say(message('snapshot', 10, '10.5'), message('delta', 11, '10.6'), message('delta', 12, '10.7'), message('delta', 14, '10.8'));
    expect(one.gaps).toEqual(['sequence']);
    expect(one.isLive()).toBe(false);
    say(message('delta', 15, '10.8'), message('snapshot', 20, '11.5'), message('delta', 21, '11.6'));
    expect(one.isLive()).toBe(true);
    expect(one.best(0, 3)).toEqual(['11.6:1', '11.5:1']);
    expect(took.reduce((sum, count) => sum + count)).toBe(7);
    expect(one.stats).toMatchObject({ frames: 7, bookMessages: 7, bad: 0 });
  });
});
