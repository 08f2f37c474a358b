import { describe, expect, it } from 'vitest';
import type { PnlRow } from '../../src/core/ledger/pnl.js';
import { summaryLines, type Summary } from '../../src/workers/summary.js';

const NONE = { count: 0, p50: 0, p99: 0, max: 0 };
const ROW: PnlRow = {
  asset: 'USDT',
  grid: '1.5',
  arb: '0',
  other: '0',
  trend: '-0.25',
  fees: '-0.5',
  funding: '0',
  conversion: '0',
  rounding: '0',
  equityChange: '0.75',
  unexplained: '0',
  residual: '0',
};
const SUMMARY: Summary = {
  mode: 'sim',
  seconds: 60.1,
  simulated: true,
  orders: { sent: 9, accepted: 8, amended: 1, rejected: 0, denied: 2, cancelled: 3, filled: 4, open: 0, unknown: 0 },
  fills: { count: 5, byVenue: { bybit: 5, bitmex: 0 }, byStrategy: { 'btc-grid': 5 }, byKind: { grid: 5, arb: 0 } },
  refused: { risk: { STALE_BOOK: 2 }, arb: {} },
  books: { live: 3, gaps: 1, resyncs: 1 },
  frames: { kernel: 100, mapper: 2, bad: 0 },
  latencyUs: {
    frameToBook: { count: 100, p50: 1.25, p99: 123.4, max: 12_345 },
    tickToOrder: NONE,
    orderToBytes: NONE,
    orderToAck: NONE,
    orderToDurable: NONE,
  },
  pnl: [ROW],
  differences: null,
};

describe('summaryLines', () => {
  it('says what happened, simulated first, and leaves out what did not happen', () => {
    expect(summaryLines(SUMMARY, 'node dist/main.js')).toEqual([
      'SIMULATED  sim, 60.1 s of market time',
      'orders   sent 9, accepted 8, amended 1, rejected 0, denied 2, cancelled 3, filled 4, open 0, unknown 0',
      'fills    5  by venue bybit 5  by strategy btc-grid 5',
      'refused  by risk STALE_BOOK 2  opportunities none',
      'books    3 live, 1 gaps, 1 resyncs; frames 100 fast, 2 mapped, 0 bad',
      'frameToBook     100 times, p50 1.3 us, p99 123 us, worst 12.3 ms',
      'profit USDT  0.75  = grid 1.5 + trend -0.25 + fees -0.5  (unexplained 0, residual 0)',
    ]);
  });

  it('tells the result in one currency where that is configured, and which asset has no way to it', () => {
    const none = { arb: '0', other: '0', funding: '0', conversion: '0', rounding: '0' };
    const report = { currency: 'USDT', source: 'middles', rates: [], profit: '0.75', grid: '1.5', trend: '-0.25', fees: '-0.5', ...none };
    expect(summaryLines({ ...SUMMARY, report }, '').at(-1)).toBe('in USDT     0.75  = grid 1.5 + trend -0.25 + fees -0.5  (middles)');
    const rates = [
      { asset: 'USDT', rate: '1', via: [] },
      { asset: 'ETH', rate: null, via: [] },
    ];
    expect(summaryLines({ ...SUMMARY, report: { ...report, profit: null, rates } }, '').at(-1)).toBe(
      'in USDT     not told: no market of this run leads from ETH to USDT',
    );
  });

  it('C17: names lanes that were started again, and the strategy that was left out', () => {
    const restarts = [
      { lane: 'feed-0', why: 'it died: no memory', stopped: null },
      { lane: 'hot', why: 'it has not turned for 5.0 s', stopped: 'mine' },
    ];
    expect(summaryLines({ ...SUMMARY, restarts }, '').slice(-2)).toEqual([
      'restart  lane feed-0: it died: no memory',
      'restart  lane hot: it has not turned for 5.0 s; mine was not run again and its orders were cancelled',
    ]);
  });

  it('names strategies that their own code stopped', () => {
    expect(summaryLines({ ...SUMMARY, stopped: ['mine'] }, '').at(-1)).toBe(
      'STOPPED  mine: its code threw, its orders were cancelled; the log has the error',
    );
  });

  it('names a strategy whose deal was not brought to its end', () => {
    expect(summaryLines({ ...SUMMARY, unclosed: 'btc-arb' }, '').at(-1)).toBe(
      'LEFT     btc-arb was not done when the stop gave up waiting; the next start takes up what is open',
    );
  });

  it('names what could not be closed at a stop, or says that nothing is held', () => {
    const closing = { strategies: ['a', 'b'], left: [] };
    expect(summaryLines({ ...SUMMARY, closing }, '').at(-1)).toBe('closed   a, b: nothing is held');
    const left = [{ strategy: 'b', instrument: 'bybit:linear:BTCUSDT', qty: '-0.003' }];
    expect(summaryLines({ ...SUMMARY, closing: { ...closing, left } }, '').at(-1)).toBe(
      'LEFT     b still holds -0.003 of bybit:linear:BTCUSDT',
    );
  });

  it('does not call a live run simulated, and says no residual where there is none', () => {
    const lines = summaryLines({ ...SUMMARY, simulated: false, mode: 'paper', pnl: [{ ...ROW, residual: null }] }, '');
    expect(lines[0]).toBe('paper, 60.1 s of market time');
    expect(lines.at(-1)).toBe('profit USDT  0.75  = grid 1.5 + trend -0.25 + fees -0.5  (unexplained 0)');
  });

  it('ends with the error, and with how to take up orders that rest', () => {
    const lines = summaryLines(
      { ...SUMMARY, error: 'lane hot died: x', orders: { ...SUMMARY.orders, open: 7 } },
      'node dist/main.js --seed 2',
    );
    expect(lines.slice(-2)).toEqual([
      'error    lane hot died: x',
      'open     7 orders rest and are adopted by the next start: node dist/main.js --seed 2',
    ]);
  });

  it('a row in which nothing moved but its check reads as zero', () => {
    const quiet = { ...ROW, grid: '0', trend: '0', fees: '0', equityChange: '0', residual: '0.1' };
    expect(summaryLines({ ...SUMMARY, pnl: [quiet] }, '').at(-1)).toBe('profit USDT  0  = 0  (unexplained 0, residual 0.1)');
  });
});
