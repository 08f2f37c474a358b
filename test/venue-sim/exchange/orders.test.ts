/** The life of an order at a simulated exchange: what is refused, what rests, fills, changes and ends, and what is told about it. */
import { describe, expect, it } from 'vitest';
import { TestExchange, names } from './support.js';

describe('orders of a simulated exchange', () => {
  it('lock what they may give away, and give it back when they end', () => {
    const test = new TestExchange('binance-spot', 'BTCUSDT');
    const { exchange, account } = test;
    const ticks = test.bid - 5_000;
    const order = test.placed({ side: 'buy', ticks, lots: 1_000 });
    // 1000 lots of 0.00001 at a tick of 0.01: ticks x lots x 1e-7, in units of 1e-8.
    const locked = BigInt(ticks) * 1_000n * 10n;
    expect(exchange.wallet(account, 'USDT')).toMatchObject({ total: 1_000_000n * 10n ** 8n, locked });
    exchange.amend(account, order, { lots: 400 });
    expect(exchange.wallet(account, 'USDT').locked).toBe(BigInt(ticks) * 400n * 10n);
    exchange.cancel(account, order);
    expect(exchange.wallet(account, 'USDT')).toMatchObject({ locked: 0n, available: 1_000_000n * 10n ** 8n });
    expect(order).toMatchObject({ state: 'cancelled', endReason: 'user', filledLots: 0 });
  });

  it('take the fee from what is received: base for a buyer, quote for a seller', () => {
    const test = new TestExchange('binance-spot', 'BTCUSDT');
    const { exchange, account } = test;
    const ticks = test.ask;
    const bought = test.place({ side: 'buy', ticks, lots: 100, timeInForce: 'ioc' });
    expect(bought).toMatchObject({ ok: true, fills: [{ ticks, lots: 100, isMaker: false, feeUnits: 100n }] });
    expect(exchange.wallet(account, 'BTC').total).toBe(20n * 10n ** 8n + 100n * 1_000n - 100n);
    expect(exchange.wallet(account, 'USDT').total).toBe(1_000_000n * 10n ** 8n - BigInt(ticks) * 100n * 10n);
    const before = exchange.wallet(account, 'USDT').total;
    const bid = test.bid;
    const sold = test.place({ side: 'sell', ticks: bid, lots: 33, timeInForce: 'ioc' });
    const value = BigInt(bid) * 33n * 10n;
    const fee = (value * 2n + 1_000n) / 2_000n;
    expect(sold).toMatchObject({ ok: true, fills: [{ feeUnits: fee, valueUnits: value }] });
    expect(exchange.wallet(account, 'USDT').total).toBe(before + value - fee);
  });

  it('tell in order what happens to them: new, executions, the wallets once', () => {
    const test = new TestExchange('binance-spot', 'BTCUSDT');
    test.placed({ side: 'buy', ticks: test.ask, lots: 100 });
    expect(test.events).toEqual([]);
    const told = test.told();
    expect(names(told)).toEqual(['order new', 'order fill', 'fill', 'wallet trade']);
    expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, index) => (told[0]?.sequence ?? 0) + index));
    expect(told[0]).toMatchObject({ order: { state: 'new', filledLots: 0 } });
    expect(told[1]).toMatchObject({ order: { state: 'filled', filledLots: 100 }, fill: { lots: 100 } });
    expect(told[3]).toMatchObject({
      changes: new Map([
        ['BTC', 99_900n],
        ['USDT', -BigInt(test.exchange.fills(test.account)[0]?.ticks ?? 0) * 1_000n],
      ]),
    });
  });

  it('rest in the public book and fill from the flow, partially too, at the maker fee', () => {
    const test = new TestExchange('binance-usdm', 'BTCUSDT');
    const ahead = test.market.engine.levelLots('buy', test.bid);
    const order = test.placed({ side: 'buy', ticks: test.bid, lots: 20_000, postOnly: true });
    expect(test.market.engine.levelLots('buy', order.ticks ?? 0)).toBe(ahead + 20_000);
    test.until(() => order.state !== 'new');
    expect(order.state).toBe('part-filled');
    test.until(() => order.state === 'filled');
    const fills = test.exchange.fills(test.account);
    expect(fills.length).toBeGreaterThan(1);
    expect(fills.reduce((lots, fill) => lots + fill.lots, 0)).toBe(20_000);
    expect(new Set(fills.map(({ ticks, isMaker, feeRate }) => `${ticks} ${isMaker} ${feeRate}`))).toEqual(
      new Set([`${order.ticks} true 0.0002`]),
    );
    expect(test.exchange.position(test.account, test.market)).toMatchObject({ lots: 20_000, entryUnits: order.filledUnits });
    expect(test.exchange.audit()).toEqual([]);
  });

  it('are printed to the public also when a request fills them between two steps', () => {
    const test = new TestExchange('binance-spot', 'ETHUSDT');
    const placed = test.place({ side: 'buy', ticks: test.ask, lots: 7 });
    if (!placed.ok) throw new Error('refused');
    const id = placed.fills[0]?.tradeId;
    test.run(1);
    expect(test.market.freshTrades.map((trade) => trade.id)).toContain(id);
    test.run(1);
    expect(test.market.freshTrades.map((trade) => trade.id)).not.toContain(id);
    // One that is done while others are being told, before the market's own streams: told now, and not again.
    const told: number[] = [];
    let late: number | undefined;
    test.world.afterStep(() => {
      if (late === undefined) {
        const second = test.place({ side: 'sell', ticks: test.bid, lots: 7 });
        late = second.ok ? second.fills[0]?.tradeId : undefined;
      }
      for (const trade of test.market.freshTrades) told.push(trade.id);
    });
    test.run(3);
    expect(told.filter((trade) => trade === late)).toHaveLength(1);
  });

  it('C1: are refused when their client id is in use, and may reuse it afterwards unless the venue remembers', () => {
    const test = new TestExchange('bitmex', 'XBTUSD');
    const first = test.placed({ side: 'buy', ticks: test.bid - 9, clientId: 'a' });
    expect(test.refusal({ side: 'buy', ticks: test.bid - 9, clientId: 'a' })).toBe('duplicate-client-id');
    test.exchange.cancel(test.account, first);
    expect(test.refusal({ side: 'buy', ticks: test.bid - 9, clientId: 'a', uniqueClientId: 'ever' })).toBe('duplicate-client-id');
    const second = test.placed({ side: 'buy', ticks: test.bid - 9, clientId: 'a' });
    expect(test.exchange.find(test.account, { clientId: 'a' })).toBe(second);
    expect(test.exchange.find(test.account, { id: first.id })).toBe(first);
    expect(test.exchange.find(test.spare, { id: first.id })).toBeUndefined();
  });

  it('keep their place in the queue when only the quantity falls, and lose it otherwise', () => {
    const test = new TestExchange('binance-usdm', 'BTCUSDT');
    const ticks = test.bid - 400;
    const first = test.placed({ side: 'buy', ticks, lots: 10 });
    const second = test.placed({ side: 'buy', ticks, lots: 10 });
    const order = (): number[] => {
      const orders: number[] = [];
      for (let resting = test.market.engine.side('buy').at(ticks)?.first ?? null; resting !== null; resting = resting.next)
        if (resting.owner === test.account.id) orders.push(resting.lots);
      return orders;
    };
    test.exchange.amend(test.account, first, { lots: 4 });
    expect(order()).toEqual([4, 10]);
    test.exchange.amend(test.account, first, { lots: 5 });
    expect(order()).toEqual([10, 5]);
    test.exchange.amend(test.account, second, { ticks: ticks + 1 });
    expect(second).toMatchObject({ ticks: ticks + 1, amendments: 1, state: 'new' });
    expect(test.exchange.amend(test.account, second, { ticks: ticks + 1 })).toMatchObject({ refusal: { reason: 'nothing-to-change' } });
  });

  it('C11: post-only never takes: refused, or taken and ended at once, as the venue does it', () => {
    const test = new TestExchange('bybit', 'BTCUSDT', { kind: 'linear' });
    expect(test.refusal({ side: 'buy', ticks: test.ask, postOnly: true })).toBe('would-take');
    expect(test.placed({ side: 'buy', ticks: test.ask, postOnly: true, ifWouldTake: 'cancel' })).toMatchObject({
      state: 'expired',
      endReason: 'would-take',
    });
    const resting = test.placed({ side: 'buy', ticks: test.bid - 3, postOnly: true });
    expect(test.exchange.amend(test.account, resting, { ticks: test.ask })).toMatchObject({ ok: false, refusal: { reason: 'would-take' } });
    expect(resting.state).toBe('new');
    expect(test.exchange.fills(test.account)).toEqual([]);
  });

  it('C11: immediate-or-cancel takes what is there, fill-or-kill all or nothing, a market order by quote never spends more', () => {
    const test = new TestExchange('binance-spot', 'BTCUSDT');
    const depth = test.market.engine.asks.best()?.lots ?? 0;
    const immediate = test.placed({ side: 'buy', ticks: test.ask, lots: depth + 50, timeInForce: 'ioc' });
    expect(immediate).toMatchObject({ state: 'expired', endReason: 'immediate-or-cancel', filledLots: depth });
    const next = test.market.engine.asks.best()?.lots ?? 0;
    expect(test.refusal({ side: 'buy', ticks: test.ask, lots: next + 1, timeInForce: 'fok', ifNotFillable: 'refuse' })).toBe(
      'not-fillable',
    );
    expect(test.placed({ side: 'buy', ticks: test.ask, lots: next, timeInForce: 'fok' })).toMatchObject({ state: 'filled' });
    const quoteUnits = 12_345n * 10n ** 8n;
    const bought = test.placed({ side: 'buy', lots: null, quoteUnits });
    expect(bought).toMatchObject({ state: 'filled', quoteUnits });
    expect(quoteUnits - bought.filledUnits).toBeGreaterThanOrEqual(0n);
    // Less than one more lot at the last price is left.
    expect(quoteUnits - bought.filledUnits).toBeLessThan(10n * BigInt(test.ask + 100_000));
    expect(test.refusal({ side: 'buy', lots: null, quoteUnits: 5n })).toBe('quote-too-small');
  });

  it('C11, C14: reduce-only closes and never opens: clipped, refused, shrunk when the position shrinks', () => {
    const test = new TestExchange('binance-usdm', 'BTCUSDT');
    expect(test.refusal({ side: 'sell', ticks: test.ask + 50, reduceOnly: true })).toBe('nothing-to-reduce');
    test.placed({ side: 'buy', lots: 100 });
    expect(test.refusal({ side: 'buy', ticks: test.bid - 50, reduceOnly: true })).toBe('nothing-to-reduce');
    expect(test.refusal({ side: 'sell', ticks: test.ask + 50, lots: 101, reduceOnly: true, ifTooMuchToReduce: 'refuse' })).toBe(
      'too-much-to-reduce',
    );
    const near = test.placed({ side: 'sell', ticks: test.ask + 500, lots: 60, reduceOnly: true });
    const far = test.placed({ side: 'sell', ticks: test.ask + 600, lots: 60, reduceOnly: true });
    expect(far.lots).toBe(40);
    test.placed({ side: 'sell', lots: 50 });
    expect([near.lots, far.state, far.endReason]).toEqual([50, 'cancelled', 'reduce-only']);
    test.placed({ side: 'sell', lots: 50 });
    expect([near.state, near.endReason]).toEqual(['cancelled', 'reduce-only']);
    expect(test.exchange.position(test.account, test.market).lots).toBe(0);
  });

  it('C11: meet their own account as they asked: none, the taker ends, the maker ends, both end', () => {
    const test = new TestExchange('binance-spot', 'SOLUSDT');
    const mid = test.ask;
    const wall = test.placed({ side: 'sell', ticks: mid, lots: 10 });
    const depth = (test.market.engine.asks.best()?.lots ?? 0) - 10;
    const taker = test.placed({ side: 'buy', ticks: mid, lots: depth + 5, selfTrade: 'expire-taker' });
    expect([taker.state, taker.endReason, taker.filledLots, wall.state]).toEqual(['expired', 'self-trade', depth, 'new']);
    const second = test.placed({ side: 'buy', ticks: mid, lots: 5, selfTrade: 'expire-maker' });
    expect([second.state, wall.state, wall.endReason]).toEqual(['new', 'expired', 'self-trade']);
    expect(test.exchange.wallet(test.account, 'SOL').locked).toBe(0n);
    const both = test.placed({ side: 'sell', ticks: mid, lots: 3, selfTrade: 'expire-both' });
    expect([both.state, second.state]).toEqual(['expired', 'expired']);
    test.placed({ side: 'sell', ticks: mid, lots: 3 });
    expect(test.placed({ side: 'buy', ticks: mid, lots: 3 })).toMatchObject({ state: 'filled' });
    expect(test.exchange.audit()).toEqual([]);
  });

  it('are bounded: balance, margin, and how many may be open in a market', () => {
    const spot = new TestExchange('binance-spot', 'BTCUSDT');
    expect(spot.place({ side: 'sell', ticks: spot.ask + 10, lots: 2_000_001 })).toMatchObject({
      refusal: { reason: 'insufficient-balance', asset: { asset: 'BTC' }, required: 2_000_001_000n, available: 2_000_000_000n },
    });
    expect(spot.exchange.test(spot.account, { market: spot.market, side: 'sell', ticks: spot.ask, lots: 2_000_001 }).ok).toBe(false);
    const margin = new TestExchange('binance-usdm', 'BTCUSDT');
    expect(margin.refusal({ side: 'buy', ticks: margin.bid, lots: 400_000 })).toBe('insufficient-margin');
    for (let count = 0; count < 200; count++) margin.placed({ side: 'buy', ticks: margin.bid - 100 - count });
    expect(margin.refusal({ side: 'buy', ticks: margin.bid - 50 })).toBe('too-many-orders');
    expect(margin.exchange.cancelAll(margin.account, margin.market)).toHaveLength(200);
    expect(margin.exchange.openOrders(margin.account)).toEqual([]);
    expect(margin.exchange.orders(margin.account, { limit: 3 }).map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });

  it('of one account are nothing to the other', () => {
    const test = new TestExchange('bitmex', 'XBTUSD');
    const order = test.placed({ side: 'buy', ticks: test.bid - 5 });
    expect(test.exchange.cancel(test.spare, order)).toMatchObject({ ok: false, refusal: { reason: 'unknown-order', order: null } });
    expect(test.exchange.cancelAll(test.spare)).toEqual([]);
    expect(order.state).toBe('new');
  });
});
