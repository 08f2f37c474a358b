/** BitMEX's lists as clients page, filter and pick them, quotes by the minute, the statement added up, and what exists without content. */
import { describe, expect, it } from 'vitest';
import { BitmexClient, type Row } from '../support/bitmex-client.js';
import { START_US, TestVenue } from '../support/venue-client.js';

const target = (path: string, query: Readonly<Record<string, string>>): string => `${path}?${new URLSearchParams(query).toString()}`;

function traded(): BitmexClient {
  const client = new BitmexClient();
  client.venue.run(0.5);
  client.call('POST', 'order', { symbol: 'XBTUSD', orderQty: 200, clOrdID: 'one' });
  client.call('POST', 'order', { symbol: 'XBTUSD', orderQty: -100, clOrdID: 'two' });
  client.venue.run(0.5);
  return client;
}

describe('bitmex columns', () => {
  it('pick what was asked for beside the keys, of public and of signed lists, by JSON or with commas', () => {
    const client = traded();
    const names = (path: string, query: Readonly<Record<string, string>>): string[] => {
      const [row] = client.get(target(path, query)).json as Row[];
      return Object.keys(row ?? {}).toSorted();
    };
    expect(names('trade', { symbol: 'XBTUSD', count: '1', columns: '["price"]' })).toEqual(['price', 'symbol', 'timestamp']);
    expect(names('instrument', { columns: 'tickSize,lotSize' })).toEqual(['lotSize', 'symbol', 'tickSize', 'timestamp']);
    expect(names('trade/bucketed', { columns: 'close', partial: 'true' })).toEqual(['close', 'symbol', 'timestamp']);
    expect(names('order', { columns: '["price"]' })).toEqual(['account', 'orderID', 'price', 'symbol', 'timestamp']);
    expect(names('execution', { columns: 'lastPx' })).toEqual(['account', 'execID', 'lastPx', 'symbol', 'timestamp']);
    expect(names('position', { columns: '["currentQty"]' })).toEqual(['account', 'currency', 'currentQty', 'symbol', 'timestamp']);
  });
});

describe('bitmex filters', () => {
  it('hold public rows against their columns and times', () => {
    const venue = new TestVenue('bitmex');
    venue.run(4);
    const trades = (filter: Row): Row[] =>
      venue.get(target('/api/v1/trade', { count: '1000', filter: JSON.stringify(filter) })).json as Row[];
    const all = trades({ symbol: 'XBTUSD' });
    const sells = trades({ symbol: 'XBTUSD', side: 'Sell' });
    expect(sells).toEqual(all.filter(({ side }) => side === 'Sell'));
    expect(sells.length).toBeGreaterThan(0);
    expect(sells.length).toBeLessThan(all.length);
    const middle = String(all[Math.floor(all.length / 2)]?.['timestamp']);
    expect(trades({ symbol: 'XBTUSD', startTime: middle })).toEqual(all.filter(({ timestamp }) => String(timestamp) >= middle));
    const chosen = venue.get(target('/api/v1/instrument', { filter: '{"symbol":["XBTUSD","ETHUSD"]}', columns: 'symbol' })).json as Row[];
    expect(chosen.map(({ symbol }) => symbol)).toEqual(['XBTUSD', 'ETHUSD']);
    expect(venue.get('/api/v1/trade?filter=[1]').status).toBe(400);
  });
});

describe('bitmex quotes by the minute', () => {
  it('are the best ones at its end, in every size that ends there, and the one of now when it is asked for', () => {
    const venue = new TestVenue('bitmex', 7, START_US + 59_500_000);
    venue.run(0.48);
    const list = (query: string): Row[] => venue.get(`/api/v1/quote/bucketed?symbol=XBTUSD&${query}`).json as Row[];
    expect(list('binSize=1m')).toEqual([]);
    venue.run(0.04);
    const [minute, ...more] = list('binSize=1m');
    expect(more).toEqual([]);
    expect(minute).toMatchObject({ symbol: 'XBTUSD', timestamp: '2026-08-09T00:01:00.000Z' });
    expect(Number(minute?.['bidPrice'])).toBeLessThan(Number(minute?.['askPrice']));
    expect(list('binSize=5m')).toEqual([]);
    const [now] = list('binSize=5m&partial=true');
    const [quote] = venue.get('/api/v1/quote?symbol=XBTUSD').json as Row[];
    expect(now).toEqual({ ...quote, timestamp: '2026-08-09T00:05:00.000Z' });
    expect(venue.get('/api/v1/quote/bucketed?binSize=2m').status).toBe(400);
  });
});

describe('bitmex user/walletSummary', () => {
  it('adds up to the wallet, with the profit of what is open beside it', () => {
    const client = traded();
    const rows = client.get('user/walletSummary').json as Row[];
    const wallet = client.get('user/wallet').json as Row;
    const total = rows.find(({ transactType }) => transactType === 'Total');
    const amounts = rows.filter((row) => row !== total).map(({ amount }) => Number(amount));
    expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(wallet['amount']);
    expect(total).toMatchObject({ currency: 'XBt', amount: wallet['amount'], walletBalance: wallet['amount'] });
    expect(rows.map(({ transactType, symbol }) => [transactType, symbol])).toEqual([
      ['Deposit', ''],
      ['RealisedPNL', 'XBTUSD'],
      ['UnrealisedPNL', 'XBTUSD'],
      ['Total', ''],
    ]);
    const margin = client.get('user/margin').json as Row;
    expect(total?.['marginBalance']).toBe(margin['marginBalance']);
  });

  it('and the executions of a day are those of the trade history', () => {
    const client = traded();
    const day = client.get(target('user/executionHistory', { symbol: 'XBTUSD', timestamp: '2026-08-09T12:00:00.000Z' })).json as Row[];
    expect(day).toEqual(client.get('execution/tradeHistory?symbol=XBTUSD').json);
    expect(day.length).toBeGreaterThanOrEqual(2);
    expect(client.get(target('user/executionHistory', { symbol: 'XBTUSD', timestamp: '2026-08-08' })).json).toEqual([]);
    expect(client.get('user/executionHistory?symbol=XBTUSD').json).toMatchObject({ error: { message: "'timestamp' is a required arg." } });
  });
});

describe('bitmex things without content', () => {
  it('are empty lists and partials, a limit that is set to what it is, and rights that the key has not', () => {
    const client = traded();
    for (const path of ['stats/history', 'leaderboard', 'chat', 'instrument/indices', 'user/quoteFillRatio'])
      expect([path, client.get(path).json]).toEqual([path, []]);
    expect(client.get('instrument/activeIntervals').json).toEqual({
      intervals: ['XBT:perpetual', 'ETH:perpetual'],
      symbols: ['XBTUSD', 'ETHUSD'],
    });
    const [position] = client.get('position').json as Row[];
    const set = (riskLimit: unknown): number => client.call('POST', 'position/riskLimit', { symbol: 'XBTUSD', riskLimit }).status;
    expect([set(position?.['riskLimit']), set(1)]).toEqual([200, 400]);
    expect(client.get('user/depositAddress?currency=XBt').status).toBe(403);
    const socket = client.venue.open('/realtime?subscribe=announcement,publicNotifications,chat');
    const partials = socket.take().filter(({ action }) => action === 'partial');
    expect(partials.map(({ table, data }) => [table, data])).toEqual([
      ['announcement', []],
      ['publicNotifications', []],
      ['chat', []],
    ]);
    socket.send({ op: 'help' });
    expect(socket.take()).toEqual([client.get('schema/websocketHelp').json]);
  });
});
