/** BitMEX beyond books and orders: bins, seldom tables, statistics, its own description, and margin that changes under an open position. */
import { describe, expect, it } from 'vitest';
import type { LiquidationEvent } from '../../../src/venue-sim/exchange/contract.js';
import { bitmexStream } from '../../../src/venue-sim/venues/bitmex/public-streams.js';
import { BitmexClient, dataOf, rowsOf, type Row } from '../support/bitmex-client.js';
import { TestVenue } from '../support/venue-client.js';

describe('bitmex bins', () => {
  it('stream each minute once it closed, as REST lists it', () => {
    const venue = new TestVenue('bitmex');
    venue.run(1);
    const client = venue.open('/realtime?subscribe=tradeBin1m:XBTUSD,quoteBin1m:XBTUSD,tradeBin5m');
    venue.run(62);
    const messages = client.take();
    const partials = messages.filter((message) => message['action'] === 'partial');
    expect(partials.map(({ table, keys, filter }) => [table, keys, filter])).toEqual([
      ['tradeBin1m', [], { symbol: 'XBTUSD' }],
      ['quoteBin1m', [], { symbol: 'XBTUSD' }],
      ['tradeBin5m', [], {}],
    ]);
    const [bin, ...more] = dataOf(messages, 'tradeBin1m', 'insert');
    const listed = venue.get('/api/v1/trade/bucketed?symbol=XBTUSD&binSize=1m&count=1&reverse=true').json as Row[];
    expect([bin, more]).toEqual([listed[0], []]);
    expect(Number(bin?.['trades'])).toBeGreaterThan(0);
    expect(dataOf(messages, 'quoteBin1m', 'insert')).toMatchObject([{ symbol: 'XBTUSD', timestamp: bin?.['timestamp'] }]);
    expect(dataOf(messages, 'tradeBin5m', 'insert')).toEqual([]);
  });

  it('and seldom tables are named by the help that clients ask for, and begin with a partial', () => {
    const venue = new TestVenue('bitmex');
    const help = venue.get('/api/v1/schema/websocketHelp').json as { readonly subscriptionSubjects: { readonly public: string[] } };
    const tables = help.subscriptionSubjects.public;
    expect(tables).toEqual(expect.arrayContaining(['tradeBin1m', 'quoteBin1d', 'liquidation', 'settlement', 'insurance']));
    const client = venue.open(`/realtime?subscribe=${tables.join(',')}`);
    const partials = client.take().filter((message) => message['action'] === 'partial');
    expect(partials.map(({ table }) => table)).toEqual(tables);
    for (const partial of partials)
      expect(partial, String(partial['table'])).toMatchObject({ keys: expect.any(Array), types: expect.any(Object) });
  });
});

describe('bitmex liquidations', () => {
  it('come and go in one turn, on their own market', () => {
    const { exchange } = new BitmexClient().venue.venue;
    const [market, other] = exchange.markets;
    const [account] = exchange.testAccounts;
    if (market === undefined || other === undefined || account === undefined) throw new Error('no market');
    const placed = exchange.place(account, { market, side: 'buy', ticks: market.lastTicks - 900, lots: 3 });
    if (!placed.ok) throw new Error(placed.refusal.reason);
    const event: LiquidationEvent = { type: 'liquidation', sequence: 1, uuid: '', account, timeUs: 1, market, order: placed.order };
    const told = (symbol: string): Row[] => {
      const source = bitmexStream(exchange.markets, 'liquidation', symbol, () => 1, [event]);
      return (source?.produce(1) ?? []).map((text) => JSON.parse(text) as Row);
    };
    const { id } = placed.order;
    expect(told(market.spec.symbol)).toMatchObject([
      { action: 'insert', data: [{ orderID: id, side: 'Buy', leavesQty: 3 * market.spec.lotUnits }] },
      { action: 'delete', data: [{ orderID: id }] },
    ]);
    expect(told(other.spec.symbol)).toEqual([]);
  });
});

describe('bitmex statistics and description', () => {
  it('add up the instruments by root symbol and currency', () => {
    const venue = new TestVenue('bitmex');
    venue.run(1);
    const stats = venue.get('/api/v1/stats').json as Row[];
    const instruments = venue.get('/api/v1/instrument/active').json as Row[];
    const named = (symbol: string): Row => instruments.find((row) => row['symbol'] === symbol) ?? {};
    expect(stats.map(({ rootSymbol, currency }) => `${String(rootSymbol)} ${String(currency)}`)).toEqual([
      'XBT XBt',
      'XBT USDt',
      'ETH XBt',
      'Total XBt',
      'Total USDt',
    ]);
    expect(stats[0]?.['openInterest']).toBe(named('XBTUSD')['openInterest']);
    expect(stats[3]?.['turnover24h']).toBe(Number(named('XBTUSD')['turnover24h']) + Number(named('ETHUSD')['turnover24h']));
    for (const path of ['liquidation', 'settlement', 'insurance', 'announcement/urgent'])
      expect(venue.get(`/api/v1/${path}`).json).toEqual([]);
  });

  it('describe only what is served', () => {
    const bitmex = new BitmexClient();
    interface Operation {
      readonly operationId: string;
      readonly responses: { readonly '200': { readonly schema: { readonly type: string } } };
      readonly parameters: readonly { readonly name: string; readonly required: boolean }[];
    }
    const { basePath, paths } = bitmex.venue.get('/api/explorer/swagger.json').json as {
      readonly basePath: string;
      readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    };
    expect(basePath).toBe('/api/v1');
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) => ({ path, method, one })),
    );
    expect(new Set(operations.map(({ one }) => one.operationId)).size).toBe(operations.length);
    expect(paths['/order']?.['post']?.parameters.filter(({ required }) => required).map(({ name }) => name)).toEqual(['symbol']);
    for (const { path, method, one } of operations) {
      bitmex.venue.run(0.15);
      const { status, json } = bitmex.call(method.toUpperCase(), path.slice(1));
      expect(status, `${method} ${path}`).not.toBe(404);
      if (status === 200) expect(Array.isArray(json) ? 'array' : 'object', `${method} ${path}`).toBe(one.responses['200'].schema.type);
    }
    expect(bitmex.venue.protocol.counters.unknownPaths.size).toBe(0);
  });
});

describe('bitmex margin under an open position', () => {
  it('becomes that of the leverage, goes back to cross, and is refused when too little is free', () => {
    const bitmex = new BitmexClient();
    bitmex.venue.run(0.1);
    const leverage = (value: number): ReturnType<BitmexClient['call']> => {
      bitmex.venue.run(1);
      return bitmex.call('POST', 'position/leverage', { symbol: 'XBTUSD', leverage: value });
    };
    bitmex.call('POST', 'order', { symbol: 'XBTUSD', orderQty: 1_000_000, ordType: 'Market' });
    const entry = -Number(rowsOf(bitmex.get('position'))[0]?.['currentCost'] ?? 0);
    const isolated = leverage(10).json as Row;
    expect(isolated).toMatchObject({ leverage: 10, crossMargin: false, currentQty: 1_000_000 });
    expect(Number(isolated['posInit'])).toBeCloseTo(Math.abs(entry) / 10, -4);
    expect((leverage(5).json as Row)['posInit']).toBeGreaterThan(Number(isolated['posInit']));
    expect(leverage(0).json).toMatchObject({ crossMargin: true });
    // An order elsewhere binds what the position would need at leverage 1.
    bitmex.call('POST', 'position/leverage', { symbol: 'ETHUSD', leverage: 1 });
    bitmex.call('POST', 'order', { symbol: 'ETHUSD', orderQty: 3_500, price: 1_500 });
    expect(leverage(1)).toMatchObject({ status: 400, json: { error: { message: expect.stringContaining('insufficient') } } });
    bitmex.call('DELETE', 'order/all', { symbol: 'ETHUSD' });
    expect(leverage(1)).toMatchObject({ status: 200, json: { crossMargin: false } });
    expect(leverage(0).json).toMatchObject({ crossMargin: true });
    bitmex.call('POST', 'order', { symbol: 'XBTUSD', orderQty: 4_000_000, ordType: 'Market' });
    expect(leverage(1)).toMatchObject({ status: 400, json: { error: { message: expect.stringContaining('insufficient') } } });
    expect(rowsOf(bitmex.get('position'))[0]).toMatchObject({ crossMargin: true });
    expect(bitmex.venue.venue.exchange.audit()).toEqual([]);
  });
});
