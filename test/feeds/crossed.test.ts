/** Bids that meet asks by the venue's own messages: the books are kept, shown to who checks them, and hidden from who trades on them. */
import { describe, expect, it } from 'vitest';
import { BOOK_DOUBTED, BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { findVenue } from '../../src/feeds/registry.js';
import { VerifyRun } from '../../src/feeds/verify.js';
import { OneBook } from './one-book.js';

/** More crossed messages in a row than a venue with sequence numbers is believed. */
const TOO_LONG = 17;

function spotEvent(id: number, bids: readonly (readonly [string, string])[]): string {
  return JSON.stringify({ e: 'depthUpdate', E: 1, s: 'AB', U: id, u: id, b: bids, a: [] });
}

function spotSnapshot(id: number): string {
  return JSON.stringify({ lastUpdateId: id, bids: [['10', '1']], asks: [['11', '2']] });
}

function rowsFrame(action: string, ...data: readonly object[]): string {
  return JSON.stringify({ table: 'orderBookL2', action, data });
}

const PARTIAL = rowsFrame(
  'partial',
  { symbol: 'AB', id: 1, side: 'Buy', size: 5, price: 10 },
  { symbol: 'AB', id: 2, side: 'Sell', size: 6, price: 11 },
);
const CROSSING = rowsFrame('insert', { symbol: 'AB', id: 3, side: 'Buy', size: 7, price: 12 });
const UNCROSSING = rowsFrame('delete', { symbol: 'AB', id: 2, side: 'Sell' });

interface Said {
  readonly frame?: string;
  readonly rest?: string;
}

function rowsOf(venueId: string, said: readonly Said[]): string[] {
  const run = new VerifyRun({ venue: findVenue(venueId)!, connections: {} }, 'ts', { nowUs: () => 0, wallUs: () => 0 });
  said.forEach(({ frame, rest }, i) => {
    const common = { line: i + 1, t: i, raw: frame ?? rest ?? '' };
    if (rest === undefined) run.line({ ...common, kind: 'in', conn: 'c', http: '' });
    else run.line({ ...common, kind: 'http', conn: '', http: 'GET /api/v3/depth?symbol=AB&limit=1000' });
  });
  const rows = run
    .takeRows()
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t').slice(0, 6).join(' '));
  const final = run.finals()['AB'];
  run.stop();
  return [...rows, JSON.stringify(final?.bids)];
}

describe('verify', () => {
  it('shows a crossed book of a venue with sequence numbers as the venue said it, however long it lasts', () => {
    const crossed = Array.from({ length: TOO_LONG + 2 }, (_, i) => ({ frame: spotEvent(6 + i, [['12', String(i + 1)]]) }));
    const rows = rowsOf('binance-spot', [{ rest: spotSnapshot(5) }, ...crossed, { frame: spotEvent(25, [['12', '0']]) }]);
    expect(rows).toEqual([
      '1 AB snapshot 5 10:1 11:2',
      ...crossed.map((_, i) => `${i + 2} AB delta ${6 + i} 12:${i + 1} 11:2`),
      '21 AB delta 25 10:1 11:2',
      '[["10","1"]]',
    ]);
  });

  it('shows a crossed book without sequence numbers too', () => {
    const rows = rowsOf('bitmex', [{ frame: PARTIAL }, { frame: CROSSING }, { frame: UNCROSSING }]);
    expect(rows).toEqual(['1 AB snapshot - 10:5 11:6', '2 AB delta - 12:7 11:6', '3 AB delta - 12:7 -', '[["12","7"],["10","5"]]']);
  });

  it('takes a second snapshot of the book’s own age, and leaves an older one', () => {
    const rest = { rest: spotSnapshot(6) };
    const rows = rowsOf('binance-spot', [
      { rest: spotSnapshot(5) },
      { frame: spotEvent(6, [['10', '9']]) },
      rest,
      { rest: spotSnapshot(5) },
    ]);
    expect(rows.slice(2, 4)).toEqual(['3 AB snapshot 6 10:1 11:2', '4 AB stale 6 10:1 11:2']);
  });
});

describe('trading', () => {
  it('sees no book while a sequenced one is crossed, and sees it again when that is over', () => {
    const one = new OneBook('binance-spot', 'AB', 'AB');
    one.session.reader.readSnapshot('AB', spotSnapshot(5), 0);
    expect(one.isLive()).toBe(true);
    one.socket.say(spotEvent(6, [['12', '1']]));
    expect([one.isLive(), one.reader.top.state, one.best(0, 3)]).toEqual([false, BOOK_DOUBTED, []]);
    one.socket.say(spotEvent(7, [['12', '0']]));
    expect([one.isLive(), one.best(0, 3), one.gaps]).toEqual([true, ['10:1'], []]);
  });

  it('doubts a sequenced book that stays crossed until a new snapshot comes, and says so once', () => {
    const one = new OneBook('binance-spot', 'AB', 'AB');
    one.session.reader.readSnapshot('AB', spotSnapshot(5), 0);
    for (let i = 0; i < TOO_LONG + 3; i++) one.socket.say(spotEvent(6 + i, [['12', String(i + 1)]]));
    expect([one.gaps, one.slot.sync.needsSnapshot]).toEqual([['crossed'], true]);
    one.socket.say(spotEvent(26, [['12', '0']]));
    expect([one.isLive(), one.slot.sync.isLive]).toEqual([false, false]);
    one.session.reader.readSnapshot('AB', spotSnapshot(26), 0);
    expect([one.isLive(), one.reader.top.state, one.slot.sync.needsSnapshot]).toEqual([true, BOOK_LIVE, false]);
  });

  it('doubts a book without sequence numbers from the first crossing until its next partial', () => {
    const one = new OneBook('bitmex', 'AB', 'AB');
    one.socket.say(PARTIAL);
    expect(one.isLive()).toBe(true);
    one.socket.say(CROSSING);
    expect([one.isLive(), one.gaps, one.slot.sync.needsSnapshot]).toEqual([false, ['crossed'], true]);
    one.socket.say(UNCROSSING);
    expect([one.isLive(), one.best(0, 3)]).toEqual([false, []]);
    one.socket.say(PARTIAL);
    expect([one.isLive(), one.best(0, 3)]).toEqual([true, ['10:5']]);
  });
});
