/** Positions of the futures venues beyond trading: funding, isolated margin, forced orders. */
import { describe, expect, it } from 'vitest';
import type { OrderEvent } from '../../../src/venue-sim/exchange/contract.js';
import { ratioText, unitsText } from '../../../src/venue-sim/venues/binance/amounts.js';
import { FuturesMessages } from '../../../src/venue-sim/venues/binance/private-messages.js';
import { forceOrderMessage } from '../../../src/venue-sim/venues/binance/public-messages.js';
import { BinanceClient, type Json } from '../support/binance-client.js';
import { START_US } from '../support/venue-client.js';

const symbol = 'BTCUSDT';
const FIRST_FUNDING_US = START_US + 8 * 3_600_000_000;

function units(text: unknown): bigint {
  const [whole = '', fraction = ''] = String(text).split('.');
  return BigInt(whole + fraction.padEnd(8, '0'));
}

function bought(client: BinanceClient, quantity = '0.5'): void {
  client.ok('POST', '/fapi/v1/order', { symbol, side: 'BUY', type: 'MARKET', quantity });
}

describe('funding of a USD-M position', () => {
  it('is paid at the mark and the rate that were published, and told as a wallet change without a position', () => {
    const client = BinanceClient.at('binance-usdm');
    bought(client);
    client.venue.world.advance(FIRST_FUNDING_US - 100_000);
    const { listenKey } = client.ok('POST', '/fapi/v1/listenKey');
    const socket = client.venue.open(`/private/ws?listenKey=${String(listenKey)}`);
    const before = client.list('GET', '/fapi/v3/balance')[0]?.['balance'];
    client.venue.run(0.2);
    const [paid] = client.venue.get(`/fapi/v1/fundingRate?symbol=${symbol}&limit=1`).json as [Json];
    expect(paid).toMatchObject({ symbol, fundingTime: FIRST_FUNDING_US / 1_000 });
    const [line] = client.list('GET', '/fapi/v1/income', { incomeType: 'FUNDING_FEE' });
    expect(line).toMatchObject({ symbol, asset: 'USDT', info: 'FUNDING_FEE', time: FIRST_FUNDING_US / 1_000 });
    // Half a coin at the mark, at the rate, to the nearest 1e-8.
    const exact = (units(paid['markPrice']) * units(paid['fundingRate'])) / 2n;
    const difference = -units(line?.['income']) * 100_000_000n - exact;
    expect(difference < 100_000_000n && difference > -100_000_000n).toBe(true);
    const after = client.list('GET', '/fapi/v3/balance')[0]?.['balance'];
    expect(units(after)).toBe(units(before) + units(line?.['income']));
    expect(socket.take()).toMatchObject([
      { e: 'ACCOUNT_UPDATE', a: { m: 'FUNDING_FEE', B: [{ a: 'USDT', wb: after, bc: line?.['income'] }], P: [] } },
    ]);
  });
});

describe('isolated margin', () => {
  it('is put aside, added to and taken from, as answers and events agree', () => {
    const client = BinanceClient.at('binance-usdm');
    const { listenKey } = client.ok('POST', '/fapi/v1/listenKey');
    const socket = client.venue.open(`/private/ws?listenKey=${String(listenKey)}`);
    client.ok('POST', '/fapi/v1/marginType', { symbol, marginType: 'ISOLATED' });
    client.ok('POST', '/fapi/v1/leverage', { symbol, leverage: 10 });
    bought(client);
    const risk = (): Json => client.list('GET', '/fapi/v2/positionRisk', { symbol })[0] ?? {};
    const held = units(risk()['isolatedMargin']);
    expect(risk()).toMatchObject({ marginType: 'isolated', leverage: '10' });
    const [wallet] = client.list('GET', '/fapi/v3/balance');
    expect(units(wallet?.['crossWalletBalance'])).toBe(units(wallet?.['balance']) - held);
    const { totalCrossWalletBalance, totalCrossUnPnl } = client.ok('GET', '/fapi/v3/account');
    expect([totalCrossWalletBalance, totalCrossUnPnl]).toEqual([wallet?.['crossWalletBalance'], '0.00000000']);
    expect(held > 0n && Number(risk()['liquidationPrice']) > 50_000).toBe(true);
    client.venue.run(0.02);
    socket.take();
    const change = { symbol, amount: '12.5', type: 1 };
    expect(client.ok('POST', '/fapi/v1/positionMargin', change)).toEqual({
      amount: 12.5,
      code: 200,
      msg: 'Successfully modify position margin.',
      type: 1,
    });
    expect(units(risk()['isolatedMargin'])).toBe(held + 1_250_000_000n);
    client.venue.run(0.02);
    expect(socket.take()).toMatchObject([{ e: 'ACCOUNT_UPDATE', a: { P: [{ s: symbol, mt: 'isolated', iw: risk()['isolatedMargin'] }] } }]);
    expect(client.refusal('POST', '/fapi/v1/positionMargin', { ...change, amount: '1000000', type: 2 })).toEqual([
      400,
      -4051,
      'Isolated balance insufficient.',
    ]);
    expect(client.refusal('POST', '/fapi/v1/marginType', { symbol, marginType: 'CROSSED' })[1]).toBe(-4048);
    client.ok('POST', '/fapi/v1/positionMargin', { ...change, type: 2 });
    expect(units(risk()['isolatedMargin'])).toBe(held);
  });
});

describe('an average price', () => {
  it('is rounded half up, negative ones away from zero, and cut nowhere before', () => {
    expect([ratioText(2n, 3n, 2), ratioText(1n, 3n, 2), ratioText(1n, 200n, 2), ratioText(-2n, 3n, 2)]).toEqual([
      '0.67',
      '0.33',
      '0.01',
      '-0.67',
    ]);
    expect(ratioText(1n, 0n, 3)).toBe('0.000');
    expect([unitsText(-5n, 8, 2), unitsText(-123_456_789n, 8), unitsText(7n, 0)]).toEqual(['0.00', '-1.23456789', '7']);
  });
});

describe('a forced order', () => {
  it('bears the names by which clients know it, in private and in public', () => {
    const client = BinanceClient.at('binance-usdm');
    const events: OrderEvent[] = [];
    client.venue.venue.exchange.listen((event) => {
      if (event.type === 'order' && event.cause === 'fill') events.push(event);
    });
    bought(client);
    const [event] = events;
    if (event?.fill === undefined || event.fill === null) throw new Error('no fill');
    const forced = { ...event, order: { ...event.order, clientId: '', extra: {} }, fill: { ...event.fill, kind: 'liquidation' as const } };
    const [message] = new FuturesMessages('usdm').of(forced);
    expect(message?.body['o']).toMatchObject({ c: `autoclose-${event.order.number}`, x: 'CALCULATED', X: 'FILLED', S: 'BUY' });
    const { order, account, timeUs, sequence, uuid } = event;
    const printed = forceOrderMessage(
      { type: 'liquidation', market: order.market, order, account, timeUs, sequence, uuid },
      client.nowMs(),
    );
    expect(JSON.parse(printed)).toMatchObject({ e: 'forceOrder', o: { s: symbol, S: 'BUY', X: 'FILLED', q: '0.500', z: '0.500' } });
  });
});
