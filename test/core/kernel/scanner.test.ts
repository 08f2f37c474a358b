/** The TypeScript kernel: what it takes, what it leaves, and that it never looks past the end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCAN_DONE, SCAN_NOT_MINE, SCAN_UNKNOWN_SYMBOL } from '../../../src/core/kernel/kernel.js';
import {
  ASK,
  BID,
  FIELD_LAST,
  FIELD_SIDE,
  FIELD_TIME,
  MESSAGE_DEPTH,
  MESSAGE_ROWS,
  Message,
  NUMBER_PRICE,
} from '../../../src/core/kernel/message.js';
import { ScanKernel } from '../../../src/core/kernel/scanner.js';
import { SymbolTable } from '../../../src/core/kernel/symbol-table.js';
import { parseDecimal } from '../../../src/core/numbers/decimal.js';
import {
  choice,
  compileShapes,
  decimal,
  int,
  levels,
  rowId,
  rowPrice,
  rowQty,
  rowSide,
  rowSymbol,
  rows,
  skip,
  symbol,
  text,
  time,
  type Shape,
} from '../../../src/feeds/shape.js';

const SHAPES: readonly Shape[] = [
  {
    name: 'book',
    kind: MESSAGE_DEPTH,
    parts: [
      text('{"x":"'),
      skip(),
      text('","s":"'),
      symbol(),
      text('","u":'),
      int(FIELD_LAST),
      text(',"b":'),
      levels(BID),
      text(',"a":'),
      levels(ASK),
      text('}'),
    ],
  },
  {
    name: 'other',
    kind: MESSAGE_DEPTH,
    parts: [
      text('{"p":"'),
      decimal(NUMBER_PRICE),
      text('","s":"'),
      symbol(),
      text('","m":'),
      choice(FIELD_SIDE, { true: 1, false: 0 }),
      text(',"t":"'),
      time(FIELD_TIME),
      text('"}'),
    ],
  },
  {
    name: 'rows',
    kind: MESSAGE_ROWS,
    parts: [
      text('['),
      rows(
        text('{"s":"'),
        rowSymbol(),
        text('","i":'),
        rowId(),
        text(',"d":"'),
        rowSide({ Buy: 0, Sell: 1 }),
        text('","q":'),
        rowQty(),
        text(',"p":'),
        rowPrice(),
        text('}'),
      ),
      text(']'),
    ],
  },
];

const symbols = new SymbolTable();
symbols.add('BTCUSDT', 0);
symbols.add('1000SHIBUSDT', 1);
symbols.add('币安人生USDT', 2);
const kernel = new ScanKernel(compileShapes(SHAPES), symbols);
const message = new Message();

/** The frame stands in the middle of other bytes, as in a receive buffer. */
function scan(frame: string, behind = '"]]}}'): number {
  const bytes = Buffer.from(`{"u":1,${frame}${behind}`);
  return kernel.scan(bytes, 7, bytes.length - Buffer.byteLength(behind), message);
}

const BOOK = '{"x":"any@depth","s":"BTCUSDT","u":42,"b":[["10.50","2.000"],["0.00000100","7"]],"a":[]}';

const OTHER = '{"p":"1.5","s":"BTCUSDT","m":true,"t":"2026-11-23T05:00:00.123Z"}';
const ROWS = '[{"s":"BTCUSDT","i":5,"d":"Sell","q":3,"p":0.5}]';

/** Throws when a byte outside [start, end) is read. */
function guarded(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Proxy(bytes, {
    get: (target, key) => {
      const index = typeof key === 'string' ? Number(key) : Number.NaN;
      if (Number.isInteger(index) && (index < start || index >= end)) throw new Error(`read byte ${index} of [${start}, ${end})`);
      return Reflect.get(target, key) as unknown;
    },
  });
}

describe('kernel', () => {
  it('keeps integers, symbols and levels without trailing zeros', () => {
    expect(scan(BOOK)).toBe(SCAN_DONE);
    expect([message.kind, message.instrument, message.fields[FIELD_LAST]]).toEqual([MESSAGE_DEPTH, 0, 42]);
    expect(message.bids.count).toBe(2);
    expect(Array.from(message.bids.price.slice(0, 2))).toEqual([105, 1]);
    expect(Array.from(message.bids.priceDecimals.slice(0, 2))).toEqual([1, 6]);
    expect(Array.from(message.bids.qty.slice(0, 2))).toEqual([2, 7]);
    expect(message.asks.count).toBe(0);
  });

  it('finds symbols with digits and with letters of any script', () => {
    for (const [name, index] of [
      ['1000SHIBUSDT', 1],
      ['币安人生USDT', 2],
    ] as const) {
      expect(scan(BOOK.replace('BTCUSDT', name))).toBe(SCAN_DONE);
      expect(message.instrument).toBe(index);
    }
    expect(scan(BOOK.replace('BTCUSDT', 'ETHUSDT'))).toBe(SCAN_UNKNOWN_SYMBOL);
    expect(Buffer.from(`{"u":1,${BOOK.replace('BTCUSDT', 'ETHUSDT')}`).toString('utf8', kernel.symbolStart, kernel.symbolEnd)).toBe(
      'ETHUSDT',
    );
  });

  it('leaves every frame cut short, wherever it is cut and whatever stands behind it', () => {
    for (const frame of [BOOK, OTHER, ROWS]) {
      const bytes = Buffer.from(frame);
      expect(kernel.scan(bytes, 0, bytes.length, message)).toBe(SCAN_DONE);
      for (let end = 0; end < bytes.length; end++) expect(kernel.scan(bytes, 0, end, message), frame.slice(0, end)).toBe(SCAN_NOT_MINE);
      for (let start = 1; start < bytes.length; start++) expect(kernel.scan(bytes, start, bytes.length, message)).toBe(SCAN_NOT_MINE);
      expect(scan(`${frame} `)).toBe(SCAN_NOT_MINE);
    }
  });

  it('never reads at or past the end, or before the start', () => {
    for (const frame of [BOOK, OTHER, ROWS]) {
      const bytes = Buffer.from(`${frame}${frame}`);
      for (let end = 0; end <= frame.length; end++) {
        expect(kernel.scan(guarded(bytes, 0, end), 0, end, message)).toBe(end === frame.length ? SCAN_DONE : SCAN_NOT_MINE);
      }
    }
  });

  it('leaves other key orders, white space, escapes, signs, exponents and numbers that do not fit', () => {
    for (const frame of [
      BOOK.replace('"u":42', '"u": 42'),
      BOOK.replace('"u":42', '"u":042'),
      BOOK.replace('"u":42', '"u":-42'),
      BOOK.replace('"u":42', '"u":4.2'),
      BOOK.replace('"u":42', '"u":9007199254740993'),
      BOOK.replace('BTCUSDT', 'BTC\\u0055SDT'),
      BOOK.replace('any@', 'any\u0001'),
      BOOK.replace('"10.50"', '"1e1"'),
      BOOK.replace('"10.50"', '"-1"'),
      BOOK.replace('"10.50"', '".5"'),
      BOOK.replace('"10.50"', '"5."'),
      BOOK.replace('"10.50"', '""'),
      BOOK.replace('"10.50"', '"00.5"'),
      BOOK.replace('"10.50"', '10.5'),
      BOOK.replace('"2.000"', '"99999999999999999"'),
      BOOK.replace('"2.000"', '"0.1234567890123456789"'),
      BOOK.replace('],["0', '],]["0'),
      '',
    ]) {
      expect(scan(frame), frame).toBe(SCAN_NOT_MINE);
    }
  });

  it('reads each number as the readable path does', () => {
    const number = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 5 }));
    fc.assert(
      fc.property(number, ([digits, decimals, zeros]) => {
        const padded = digits.toString().padStart(decimals + 1, '0');
        const whole = decimals === 0 ? padded : `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
        const written = whole + (decimals > 0 ? '0'.repeat(zeros) : '');
        expect(scan(BOOK.replace('10.50', written))).toBe(SCAN_DONE);
        const { mantissa, scale } = parseDecimal(written);
        const shown = { mantissa: BigInt(message.bids.price[0]!), scale: message.bids.priceDecimals[0]! };
        expect(shown.mantissa * 10n ** BigInt(18 - shown.scale)).toBe(mantissa * 10n ** BigInt(18 - scale));
        expect(shown.scale).toBeLessThanOrEqual(scale);
      }),
    );
  });

  it('reads rows of several instruments, and stops at one it does not know', () => {
    expect(scan('[{"s":"BTCUSDT","i":5,"d":"Sell","q":3,"p":0.5},{"s":"1000SHIBUSDT","i":6,"d":"Buy","q":4,"p":7}]')).toBe(SCAN_DONE);
    const { rows: found } = message;
    expect(found.count).toBe(2);
    expect([...found.instrument.slice(0, 2), ...found.id.slice(0, 2), ...found.side.slice(0, 2)]).toEqual([0, 1, 5, 6, 1, 0]);
    expect([...found.price.slice(0, 2), ...found.priceDecimals.slice(0, 2)]).toEqual([5, 7, 1, 0]);
    expect(scan('[{"s":"BTCUSDT","i":5,"d":"Sell","q":3,"p":0.5},{"s":"X","i":6,"d":"Buy","q":4,"p":7}]')).toBe(SCAN_UNKNOWN_SYMBOL);
  });

  it('reads ISO times to the millisecond and no impossible ones', () => {
    const frame = '{"p":"1.5","s":"BTCUSDT","m":false,"t":"2024-02-29T23:59:59.999Z"}';
    expect(scan(frame)).toBe(SCAN_DONE);
    expect(message.fields[FIELD_TIME]).toBe(Date.parse('2024-02-29T23:59:59.999Z'));
    expect([message.fields[FIELD_SIDE], message.mantissa[NUMBER_PRICE], message.decimals[NUMBER_PRICE]]).toEqual([0, 15, 1]);
    for (const wrong of [
      '2024-13-01T00:00:00.000Z',
      '2024-04-31T00:00:00.000Z',
      '2024-04-30T24:00:00.000Z',
      '2024-04-30 00:00:00.000Z',
      '24-04-30T00:00:00.000Z',
    ]) {
      expect(scan(frame.replace('2024-02-29T23:59:59.999Z', wrong)), wrong).toBe(SCAN_NOT_MINE);
    }
  });

  it('takes frames of thousands of levels', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => `["${i + 1}.25","${i}.5"]`).join(',');
    expect(scan(BOOK.replace('"a":[]', `"a":[${many}]`))).toBe(SCAN_DONE);
    expect(message.asks.count).toBe(5_000);
    expect([message.asks.price[4_999], message.asks.qty[4_999]]).toEqual([500_025, 49_995]);
  });
});
