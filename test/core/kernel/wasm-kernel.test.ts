/** The WebAssembly kernel: it brings nothing of its own into the shared memory, never looks past a frame's end, and its books are those of the TypeScript one. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BookReader, DepthView } from '../../../src/core/book/book-reader.js';
import { BookWriter } from '../../../src/core/book/book-writer.js';
import { gridOf } from '../../../src/core/book/grid.js';
import { APPLY_NOT_MINE, APPLY_UNKNOWN_SYMBOL, DONE_BOOK, DONE_PART, RUN_OVER } from '../../../src/core/kernel/kernel.js';
import { KernelRoom } from '../../../src/core/kernel/kernel-room.js';
import { ASK, BID, FIELD_LAST, LevelList, MESSAGE_DEPTH } from '../../../src/core/kernel/message.js';
import { SymbolTable } from '../../../src/core/kernel/symbol-table.js';
import { compiledName } from '../../../src/core/kernel/shape-compiler.js';
import { makeWasmKernel, type WasmKernel } from '../../../src/core/kernel/wasm-kernel.js';
import { BOOK_BYTES, BOOK_LIVE, GATE_PLUS_ONE, GATE_PREV_CHAIN, WINDOW_KEYS } from '../../../src/core/memory/book-layout.js';
import { times } from '../../support/torture.js';
import { VENUES } from '../../../src/feeds/registry.js';
import { binanceUsdm } from '../../../src/feeds/venues/binance-usdm.js';
import { FrameParser } from '../../../src/net/frame-parser.js';
import { frame } from '../../net/raw-server.js';
import { compileShapes, int, levels, symbol, text } from '../../../src/feeds/shape.js';

const PROGRAM = compileShapes([
  {
    name: 'book',
    kind: MESSAGE_DEPTH,
    parts: [text('{"s":"'), symbol(), text('","u":'), int(FIELD_LAST), text(',"b":'), levels(BID), text(',"a":'), levels(ASK), text('}')],
  },
]);
const GRID = gridOf('0.01', '0.001');
const DEPTH = 60;
const START = 64;
type Pair = readonly [price: string, qty: string];

class Twins {
  readonly room: KernelRoom;
  readonly kernel: WasmKernel;
  readonly fast: BookWriter;
  readonly fastAt: number;
  readonly slow: BookWriter;
  readonly #readers: readonly [BookReader, BookReader];
  readonly #receive: Uint8Array;
  #last = 1;

  /** @param bidTicks of the best bid; the best ask stands a tick above */
  constructor(roomBytes = 2 ** 25, bidTicks = 100_000) {
    this.room = KernelRoom.alone(roomBytes);
    const [a, b] = [this.room.take(BOOK_BYTES), this.room.take(BOOK_BYTES)];
    this.fastAt = a;
    this.fast = new BookWriter(this.room.views, a, GRID);
    this.slow = new BookWriter(this.room.views, b, GRID);
    this.#readers = [new BookReader(this.room.views, a), new BookReader(this.room.views, b)];
    const kernel = makeWasmKernel(PROGRAM, new SymbolTable(), this.room);
    if (kernel === null) throw new Error('the kernel is not built: npm run build');
    this.kernel = kernel;
    this.#receive = this.room.views.u8.subarray(this.room.take(1 << 16)).subarray(0, 1 << 16);
    kernel.admit('X', 7, a);
    for (const book of [this.fast, this.slow]) {
      book.begin();
      this.#change(book, [[priceOf(bidTicks), '1']], [[priceOf(bidTicks + 1), '1']]);
      book.publish(BOOK_LIVE, this.#last, 0, 0);
    }
    this.fast.setGate(GATE_PLUS_ONE);
  }

  frame(bids: readonly Pair[], asks: readonly Pair[], last = this.#last + 1): string {
    return `{"s":"X","u":${last},"b":${JSON.stringify(bids)},"a":${JSON.stringify(asks)}}`;
  }

  /** @param behind what stands in the buffer after the frame */
  apply(frame: string, behind = '', kernel = this.kernel): number {
    this.#receive.fill(0);
    const bytes = Buffer.from(frame + behind);
    this.#receive.set(bytes, 64);
    return kernel.apply(this.#receive, 64, 64 + Buffer.byteLength(frame), 5);
  }

  /** Bytes of a socket, from the beginning of a frame. @param behind what stands in the buffer after them */
  run(bytes: Uint8Array, behind: Uint8Array = Buffer.alloc(0)): number {
    this.#receive.fill(0);
    this.#receive.set(bytes, START);
    this.#receive.set(behind, START + bytes.length);
    return this.kernel.applyRun(this.#receive, START, START + bytes.length, 5);
  }

  /** The same message through both. */
  both(bids: readonly Pair[], asks: readonly Pair[]): number {
    const done = this.apply(this.frame(bids, asks));
    this.slow.begin();
    this.#change(this.slow, bids, asks);
    this.#last++;
    if (done < 0) {
      this.fast.begin();
      this.#change(this.fast, bids, asks);
    } else if ((done & 3) === DONE_PART) this.kernel.goOn(this.fast);
    if (done < 0 || (done & 3) === DONE_PART) this.fast.publish(BOOK_LIVE, this.#last, 0, 5);
    this.slow.publish(BOOK_LIVE, this.#last, 0, 5);
    return done;
  }

  shown(which: 0 | 1): unknown {
    const view = new DepthView(DEPTH);
    const reader = this.#readers[which];
    expect(reader.readDepth(DEPTH, view)).toBe(true);
    const { bidTicks, bidLots, askTicks, askLots, bidLevels, askLevels } = reader.top;
    const { bidTicks: bt, bidLots: bl, bidCount, askTicks: at, askLots: al, askCount } = view;
    return { bidTicks, bidLots, askTicks, askLots, bidLevels, askLevels, bids: copyOf(bt, bl, bidCount), asks: copyOf(at, al, askCount) };
  }

  #change(book: BookWriter, bids: readonly Pair[], asks: readonly Pair[]): void {
    const lists = [bids, asks].map((pairs) => {
      const list = new LevelList();
      for (const [price, qty] of pairs) list.add(price, qty);
      return list;
    });
    book.change(lists[0]!, lists[1]!);
  }
}

const copyOf = (ticks: Float64Array, lots: Float64Array, count: number): number[][] => [
  [...ticks.subarray(0, count)],
  [...lots.subarray(0, count)],
];
/** Exact for ticks that no number holds as a price. */
const priceOf = (ticks: number): string => `${Math.floor(ticks / 100)}.${String(ticks % 100).padStart(2, '0')}`;
/** Mostly one of these. */
const byteOf = (...values: number[]): fc.Arbitrary<number> => fc.oneof(fc.constantFrom(...values), fc.integer({ min: 0, max: 255 }));
const money = (ticks: number): string => (ticks / 100).toFixed(2);
/** Near, at the window's edge, and far; in the forms that venues use. */
const ticksOf = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: WINDOW_KEYS / 2, max: WINDOW_KEYS * 2 }) },
);
const quantity = fc.oneof(
  fc.constantFrom('0', '0.000', '0.00000000', '1', '12.5', '99999.999', '123456789.001', '1234567890123.000'),
  fc.integer({ min: 1, max: 99_999_999 }).map((lots) => (lots / 1000).toFixed(3)),
);
const level = fc.tuple(ticksOf, quantity);

describe('WasmKernel', () => {
  it('has no data of its own and takes nothing but the memory from outside', () => {
    const file = new URL('../../../dist/core/kernel/kernel.wasm', import.meta.url);
    const compiled = new WebAssembly.Module(readFileSync(file));
    const { Module } = WebAssembly as unknown as { Module: { imports(module: unknown): readonly { name: string; kind: string }[] } };
    expect(Module.imports(compiled)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
    // Sections of a module: a byte of kind, a length. Kind 11 is data.
    const bytes = readFileSync(file);
    for (let at = 8; at < bytes.length;) {
      expect(bytes[at++]).not.toBe(11);
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++]!;
        length |= (byte & 127) << shift;
        if (byte < 128) break;
      }
      at += length;
    }
  });

  it('holds the shapes of every venue file as code', () => {
    const compiled = new WebAssembly.Module(readFileSync(new URL('../../../dist/core/kernel/kernel.wasm', import.meta.url)));
    const { Module } = WebAssembly as unknown as { Module: { exports(module: unknown): readonly { name: string }[] } };
    const names = Module.exports(compiled).map(({ name }) => name);
    for (const { id, shapes } of VENUES) expect(names, id).toContain(compiledName(compileShapes(shapes)));
    expect(names).not.toContain(compiledName(PROGRAM));
  });

  it('leaves what it does not know, what is out of order and what does not fit, and touches nothing', () => {
    const one = new Twins();
    const before = JSON.stringify(one.shown(0));
    const good: Pair[] = [['999.99', '2.000']];
    expect(one.apply(one.frame(good, []).replace('"X"', '"Y"'))).toBe(APPLY_UNKNOWN_SYMBOL);
    expect(one.kernel.unknownSymbol()).toBe('Y');
    for (const last of [0, 1, 3, 4]) expect(one.apply(one.frame(good, [], last))).toBe(APPLY_NOT_MINE);
    for (const price of ['999.999', '.5', '999.', '', '-1', '1e3', '9.9.9', '999,99', '99999999999999999', '9999999999999999.99'])
      expect(one.apply(one.frame([...good, [price, '1']], [])), price).toBe(APPLY_NOT_MINE);
    for (const qty of ['1.0001', '1.', '', ' 1', '1x', '0.0000000001'])
      expect(one.apply(one.frame([...good, ['999.98', qty]], [])), qty).toBe(APPLY_NOT_MINE);
    expect(one.apply(one.frame(good, []).replace('],"a"', ' ],"a"'))).toBe(APPLY_NOT_MINE);
    expect(JSON.stringify(one.shown(0))).toBe(before);
    expect(one.apply(one.frame(good, [])) & 3).toBe(DONE_BOOK);
    expect(JSON.stringify(one.shown(0))).not.toBe(before);
  });

  it('has the books of the readable way where keys are larger than its short conversion holds', () => {
    for (const bidTicks of [
      2 ** 50 - 400_000,
      2 ** 50 - 3,
      2 ** 50 + 400_000,
      2 ** 51 - 3,
      2 ** 51 + 400_000,
      2 ** 52 - 3,
      2 ** 52 + 400_000,
    ]) {
      const one = new Twins(2 ** 25, bidTicks);
      const near = (ticks: number, qty: string): Pair => [priceOf(bidTicks + ticks), qty];
      const done = one.both([near(-1, '2'), near(-40, '3'), near(-WINDOW_KEYS - 5, '4')], [near(2, '5'), near(70, '6')]);
      one.both([near(-1, '0'), near(0, '7')], [near(1, '0'), near(WINDOW_KEYS * 2, '8')]);
      expect(one.shown(0), String(bidTicks)).toEqual(one.shown(1));
      if (bidTicks < 2 ** 50 - 400_000 + 1) expect(done & 3).toBe(DONE_BOOK);
      if (bidTicks >= 2 ** 51) expect(done & 3).toBe(DONE_PART);
    }
  });

  it('takes zeros in front of a number as the readable way does', () => {
    const one = new Twins();
    expect(one.both([['0999.99', '2.000']], [['01000.05', '01.50']]) & 3).toBe(DONE_BOOK);
    expect(one.shown(0)).toEqual(one.shown(1));
  });

  it('G2: a frame that is cut anywhere is not its own, although the rest stands behind the end', () => {
    const one = new Twins();
    const whole = one.frame(
      [
        ['999.99', '12.5'],
        ['999.00', '0.00000000'],
      ],
      [['1000.05', '123456789.001']],
    );
    for (let cut = 0; cut < whole.length; cut++)
      expect(one.apply(whole.slice(0, cut), whole.slice(cut)), whole.slice(0, cut)).toBe(APPLY_NOT_MINE);
    expect(one.apply(whole) >> 2).toBe(7);
  });

  it('G2: the same for shapes that are code', () => {
    const one = new Twins();
    const kernel = makeWasmKernel(compileShapes(binanceUsdm.shapes), new SymbolTable(), one.room);
    if (kernel === null) throw new Error('the kernel is not built: npm run build');
    kernel.admit('X', 7, one.fastAt);
    one.fast.setGate(GATE_PREV_CHAIN);
    const event =
      '{"e":"depthUpdate","E":1626992754921,"T":1626992754903,"s":"X","U":2,"u":3,"pu":1,"b":[["999.99","12.5"],["999.00","0.000"]],"a":[["1000.05","7"]]}';
    const whole = `{"stream":"x@depth@100ms","data":${event}}`;
    const before = JSON.stringify(one.shown(0));
    for (let cut = 0; cut < whole.length; cut++) expect(one.apply(whole.slice(0, cut), whole.slice(cut), kernel)).toBe(APPLY_NOT_MINE);
    for (const other of [event.replace('"T"', '"t"'), event.replace('"U":2', '"U":02'), event.replace('"pu":1', '"pu":2'), `${event} `])
      expect(one.apply(other, '', kernel), other).toBe(APPLY_NOT_MINE);
    expect(JSON.stringify(one.shown(0))).toBe(before);
    expect(one.apply(whole, '', kernel)).toBe((7 << 2) | DONE_BOOK);
    expect(JSON.stringify(one.shown(0))).not.toBe(before);
    expect(one.apply(event.replace('"u":3,"pu":1', '"u":4,"pu":3'), '', kernel)).toBe((7 << 2) | DONE_BOOK);
  });

  it('takes whole text frames one behind the other, a few kilobytes at once, and says where it stopped', () => {
    const one = new Twins();
    const text = (n: number): string => one.frame([['999.99', String(n)]], [], 1 + n);
    const frames = Array.from({ length: 200 }, (_, i) => frame(1, text(i + 1)));
    const wire = Buffer.concat(frames);
    expect(one.run(wire)).toBe(RUN_OVER);
    const { runFrames, runBytes, runTo } = one.kernel;
    expect(runTo - START).toBe(Buffer.concat(frames.slice(0, runFrames)).length);
    expect(runBytes).toBe(runTo - START - 2 * runFrames);
    expect(runBytes).toBeGreaterThanOrEqual(4096);
    expect(runBytes).toBeLessThan(4096 + 100);
    expect([one.kernel.changedCount, one.kernel.changedAt(0)]).toEqual([1, 7]);
    const other = frame(1, '{"s":"X","u":other}');
    const rest = Buffer.concat([...frames.slice(runFrames, runFrames + 2), other, frames[runFrames + 2]!]);
    expect(one.run(rest)).toBe(APPLY_NOT_MINE);
    expect(one.kernel.runFrames).toBe(2);
    expect(rest.subarray(one.kernel.runFrom - START, one.kernel.runTo - START).toString()).toBe('{"s":"X","u":other}');
    expect(one.run(frame(1, one.frame([], [], runFrames + 4).replace('"X"', '"Z"')))).toBe(APPLY_UNKNOWN_SYMBOL);
    expect(one.kernel.unknownSymbol()).toBe('Z');
    expect([one.kernel.runFrames, one.kernel.changedCount]).toEqual([0, 0]);
  });

  it('ends a run when many books have changed', () => {
    const one = new Twins(2 ** 28);
    const names = Array.from({ length: 40 }, (_, i) => `S${i}`);
    for (const [index, name] of names.entries()) {
      const at = one.room.take(BOOK_BYTES);
      const book = new BookWriter(one.room.views, at, GRID);
      book.begin();
      book.setKey(0, -100_000, 1);
      book.setKey(1, 100_001, 1);
      book.publish(BOOK_LIVE, 1, 0, 0);
      book.setGate(GATE_PLUS_ONE);
      one.kernel.admit(name, index, at);
    }
    const wire = Buffer.concat(
      names.flatMap((name) => [2, 3].map((last) => frame(1, one.frame([], [['1000.05', '1']], last).replace('X', name)))),
    );
    const told: number[] = [];
    for (let from = 0; from < wire.length; from = one.kernel.runTo - START + from) {
      expect(one.run(wire.subarray(from))).toBe(RUN_OVER);
      expect(one.kernel.changedCount).toBeLessThanOrEqual(16);
      for (let i = 0; i < one.kernel.changedCount; i++) told.push(one.kernel.changedAt(i));
    }
    // The sixteenth may be told of twice: its second message is the next run's.
    expect([...new Set(told)]).toEqual(names.map((_, index) => index));
    expect(told.length).toBeLessThan(names.length + 4);
  });

  it('G2: takes a frame as whole exactly when the parser of the socket does', () => {
    fc.assert(
      fc.property(
        byteOf(0x81, 0x81, 0x81, 0x01, 0x80, 0x82, 0xc1, 0x89),
        byteOf(126, 126, 127, 125, 254),
        fc.integer({ min: 0, max: 2 }),
        byteOf(0, 1, 125, 126, 127),
        fc.integer({ min: 0, max: 400 }),
        (first, second, high, low, size) => {
          const one = new Twins();
          const isLong = (second & 127) >= 126;
          const head = Buffer.from(isLong ? [first, second, high, low] : [first, second]);
          const whole = Buffer.concat([head, Buffer.alloc(size, 'a')]);
          const seen: number[] = [];
          const receive = Buffer.alloc(2048);
          const parser = new FrameParser(receive, 1 << 20, {
            onMessage: (_bytes, start, end, isText) => {
              if (isText) seen.push(start, end);
              return false;
            },
            onControl: () => false,
            onPeerClose: () => undefined,
          });
          parser.room().set(whole);
          parser.landed(whole.length);
          parser.parse();
          // Whole frames of zeros behind what has landed would show a look beyond the end.
          const done = one.run(whole, Buffer.alloc(64, 0x81));
          if (seen.length === 0) expect([done, one.kernel.runFrames, one.kernel.runTo]).toEqual([RUN_OVER, 0, START]);
          else expect([done, one.kernel.runFrom - START, one.kernel.runTo - START]).toEqual([APPLY_NOT_MINE, ...seen]);
        },
      ),
      { numRuns: times(400, 20_000) },
    );
  });

  it('makes the same books as TypeScript, window moves, spills and empty sides included', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            bids: fc.array(level, { maxLength: 6 }),
            asks: fc.array(level, { maxLength: 6 }),
            move: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -60_000, max: 60_000 }) }),
          }),
          { maxLength: 60 },
        ),
        (messages) => {
          const one = new Twins();
          let middle = 300_000;
          for (const { bids, asks, move } of messages) {
            middle = Math.max(290_000, middle + move);
            one.both(
              bids.map(([away, qty]) => [money(middle - away), qty]),
              asks.map(([away, qty]) => [money(middle + 1 + away), qty]),
            );
            expect(one.shown(0)).toEqual(one.shown(1));
          }
        },
      ),
      { numRuns: times(60, 5_000) },
    );
  });
});
