/** Where a resting order of the paper gateway stands in its price's queue, and what fills it. */
import { describe, expect, it } from 'vitest';
import { BOOK_GAP } from '../../../src/core/memory/book-layout.js';
import { TAPE_FLAG_OLD } from '../../../src/core/memory/layout.js';
import { FLAG_MAKER, FLAG_POST_ONLY, TIF_IOC } from '../../../src/core/memory/record.js';
import { Reason } from '../../../src/core/orders/reasons.js';
import { SPOT } from '../../core/ledger/money-fixture.js';
import { Bench, brief, BUY, INSTANT, marketed, SELL } from './paper-fixture.js';

/** A level grows behind our order and shrinks again; then a trade. */
function fillsBehindCancels(model: 'queue' | 'queue-proportional'): string[] {
  const bench = marketed(new Bench({ options: { ...INSTANT, model } }));
  bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
  bench.step();
  bench.book(SPOT, [[BUY, 9_999, 400]]);
  bench.step();
  bench.book(SPOT, [[BUY, 9_999, 100]]);
  bench.step(1_000);
  bench.step(300_000);
  bench.trade(SPOT, 9_999, 15, SELL);
  return brief(bench.step());
}

describe('paper gateway: queue', () => {
  it('a resting order waits behind what was there, then fills partially, then whole', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    expect(brief(bench.step())).toEqual(['ACK']);
    bench.trade(SPOT, 9_999, 38, SELL);
    expect(brief(bench.step())).toEqual([]);
    bench.trade(SPOT, 9_999, 5, SELL);
    expect(brief(bench.step())).toEqual(['FILL 3@9999']);
    bench.trade(SPOT, 9_999, 100, SELL);
    const heard = bench.step();
    expect(brief(heard)).toEqual(['FILL 7@9999']);
    expect(heard[0]).toMatchObject({ cum: 10, qty: 10, flags: FLAG_MAKER, orderId: 7 });
    expect(bench.gateway.openOrderCount()).toBe(0);
  });

  it('a trade of the same side as ours, an old one, or one from before our arrival does not fill', () => {
    const bench = marketed();
    bench.trade(SPOT, 9_999, 500, SELL);
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    expect(brief(bench.step())).toEqual(['ACK']);
    bench.trade(SPOT, 9_999, 500, BUY);
    bench.trade(SPOT, 9_999, 500, SELL, TAPE_FLAG_OLD);
    expect(brief(bench.step())).toEqual([]);
    bench.nowUs -= 10;
    bench.trade(SPOT, 9_999, 500, SELL);
    expect(brief(bench.step(20))).toEqual([]);
  });

  it('a trade through our price fills us fully at our price', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: SELL, price: 10_005, qty: 1_000 });
    bench.step();
    bench.trade(SPOT, 10_006, 1, BUY);
    expect(brief(bench.step())).toEqual(['FILL 1000@10005']);
  });

  it('a book beyond our price fills us at our price, up to what is visible there', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 25 });
    bench.step();
    bench.book(SPOT, [
      [BUY, 9_999, 0],
      [SELL, 9_999, 5],
    ]);
    expect(brief(bench.step())).toEqual([]);
    bench.book(SPOT, [
      [BUY, 9_998, 0],
      [SELL, 9_998, 20],
    ]);
    expect(brief(bench.step())).toEqual(['FILL 20@9999']);
    bench.book(SPOT, [[SELL, 10_010, 1]]);
    expect(brief(bench.step())).toEqual([]);
    bench.book(SPOT, [[SELL, 9_998, 21]]);
    expect(brief(bench.step())).toEqual(['FILL 5@9999']);
  });

  it('an order far from the market queues behind the level at its price, wherever the book keeps it', () => {
    const bench = marketed();
    const levels: [number, number, number][] = [];
    for (let n = 0; n < 150; n++) levels.push([BUY, 9_900 - n * 10, 5], [SELL, 10_100 + n, 5]);
    levels.push([SELL, 400_000, 25]);
    bench.book(SPOT, levels);
    bench.ask({ orderId: 1, side: BUY, price: 8_410, qty: 10 });
    bench.ask({ orderId: 2, side: SELL, price: 400_000, qty: 10 });
    bench.ask({ orderId: 3, side: SELL, price: 399_999, qty: 10 });
    bench.step();
    bench.trade(SPOT, 8_410, 7, SELL);
    bench.trade(SPOT, 399_999, 3, BUY);
    bench.trade(SPOT, 400_000, 31, BUY);
    expect(bench.step().map(({ orderId, fillLots }) => [orderId, fillLots])).toEqual([
      [1, 2],
      [3, 3],
      [3, 7],
      [2, 6],
    ]);
  });

  it('a print with a fraction of a lot fills whole lots', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.trade(SPOT, 9_999, 44.7, SELL);
    expect(brief(bench.step())).toEqual(['FILL 4@9999']);
  });

  it('two of our orders at a price share a trade in order of arrival', () => {
    const bench = marketed();
    bench.ask({ orderId: 1, side: BUY, price: 9_999, qty: 10 });
    bench.ask({ orderId: 2, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.trade(SPOT, 9_999, 55, SELL);
    expect(bench.step().map(({ orderId, fillLots }) => [orderId, fillLots])).toEqual([
      [1, 10],
      [2, 5],
    ]);
  });

  it('a level that shrinks below our queue moves us up, but its late print does not move us again', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.book(SPOT, [[BUY, 9_999, 30]]);
    bench.step();
    bench.trade(SPOT, 9_999, 10, SELL);
    bench.trade(SPOT, 9_999, 25, SELL);
    expect(brief(bench.step())).toEqual([]);
    bench.trade(SPOT, 9_999, 6, SELL);
    expect(brief(bench.step())).toEqual(['FILL 1@9999']);
  });

  it('a level smaller than the queue before us moves us up', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.book(SPOT, [[BUY, 9_999, 5]]);
    bench.step();
    bench.step(300_000);
    bench.trade(SPOT, 9_999, 6, SELL);
    expect(brief(bench.step())).toEqual(['FILL 1@9999']);
  });

  it('only the proportional model advances by cancels behind a larger level', () => {
    expect(fillsBehindCancels('queue')).toEqual([]);
    expect(fillsBehindCancels('queue-proportional')).toEqual(['FILL 5@9999']);
  });

  it('waits while the book is not live, and fills again after', () => {
    const bench = marketed();
    bench.ask({ orderId: 7, side: BUY, price: 9_999, qty: 10 });
    bench.step();
    bench.book(SPOT, [], BOOK_GAP);
    bench.trade(SPOT, 9_990, 500, SELL);
    expect(brief(bench.step())).toEqual([]);
    bench.book(SPOT, []);
    bench.step();
    bench.trade(SPOT, 9_990, 500, SELL);
    expect(brief(bench.step())).toEqual(['FILL 10@9999']);
  });

  it('what arrives while the book is not live takes, or is cancelled if post-only, when the book is back', () => {
    const bench = marketed();
    bench.book(SPOT, [], BOOK_GAP);
    bench.ask({ orderId: 1, side: BUY, price: 10_001, qty: 10 });
    bench.ask({ orderId: 2, side: BUY, price: 10_001, qty: 10, flags: FLAG_POST_ONLY });
    bench.ask({ orderId: 3, side: BUY, price: 10_001, qty: 10, tif: TIF_IOC });
    expect(brief(bench.step())).toEqual(['ACK', 'ACK', 'ACK', `EXPIRED ${Reason.NO_LIQUIDITY}`]);
    bench.book(SPOT, []);
    expect(brief(bench.step())).toEqual(['FILL 10@10001', `CANCELLED ${Reason.POST_ONLY_WOULD_TAKE}`]);
  });
});
