/** Every refusal in the venue's own code, text and status. */
import { describe, expect, it } from 'vitest';
import { BinanceClient } from '../support/binance-client.js';

type Params = Record<string, string | number | boolean>;
type Row = readonly [why: string, change: Params, status: number, code: number, text: string];

const SPOT_ORDER = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '60000' };
const USDM_ORDER = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '64000' };

/** A parameter of '' is left out. */
function changed(order: Params, change: Params): Params {
  return Object.fromEntries(Object.entries({ ...order, ...change }).filter(([, value]) => value !== ''));
}

const missing = (name: string): string => `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`;

const SPOT: readonly Row[] = [
  ['no symbol', { symbol: '' }, 400, -1102, missing('symbol')],
  ['an unknown symbol', { symbol: 'BTCEUR' }, 400, -1121, 'Invalid symbol.'],
  [
    'a parameter that it does not read',
    { postOnly: true },
    400,
    -1104,
    "Not all sent parameters were read; read '8' parameter(s) but was sent '9'.",
  ],
  ['no quantity', { quantity: '' }, 400, -1102, missing('quantity')],
  ['no price', { price: '' }, 400, -1102, missing('price')],
  ['no time in force', { timeInForce: '' }, 400, -1102, missing('timeInForce')],
  ['an unknown time in force', { timeInForce: 'GTX' }, 400, -1115, 'Invalid timeInForce.'],
  ['an unknown type', { type: 'LIMITED' }, 400, -1116, 'Invalid orderType.'],
  ['a type that is not enabled', { type: 'STOP_LOSS' }, 400, -1013, 'Stop loss orders are not supported for this symbol.'],
  ['an unknown side', { side: 'LONG' }, 400, -1117, 'Invalid side.'],
  [
    'a quantity that is no number',
    { quantity: '1e-3' },
    400,
    -1100,
    "Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
  ],
  ['nine decimals of quantity', { quantity: '0.001000001' }, 400, -1111, "Parameter 'quantity' has too much precision."],
  ['nine decimals of price', { price: '60000.000000001' }, 400, -1111, "Parameter 'price' has too much precision."],
  ['a quantity between two steps', { quantity: '0.001001' }, 400, -1013, 'Filter failure: LOT_SIZE'],
  ['no quantity to speak of', { quantity: '0' }, 400, -1013, 'Filter failure: LOT_SIZE'],
  ['too large a quantity', { quantity: '9000.00001' }, 400, -1013, 'Filter failure: LOT_SIZE'],
  ['a price between two ticks', { price: '60000.001' }, 400, -1013, 'Filter failure: PRICE_FILTER'],
  ['a price of nothing', { price: '0' }, 400, -1013, 'Filter failure: PRICE_FILTER'],
  ['a price far from the market', { price: '1000' }, 400, -1013, 'Filter failure: PERCENT_PRICE_BY_SIDE'],
  ['too small a value', { quantity: '0.00001' }, 400, -1013, 'Filter failure: NOTIONAL'],
  ['more than the account has', { quantity: '100' }, 400, -2010, 'Account has insufficient balance for requested action.'],
  [
    'a maker order that would take',
    { type: 'LIMIT_MAKER', timeInForce: '', price: '70000' },
    400,
    -2010,
    'Order would immediately match and take.',
  ],
  ['a price of a market order', { type: 'MARKET', timeInForce: '' }, 400, -1106, "Parameter 'price' sent when not required."],
  ['a time in force of a market order', { type: 'MARKET', price: '' }, 400, -1106, "Parameter 'timeInForce' sent when not required."],
  [
    'a market order of nothing',
    { type: 'MARKET', price: '', timeInForce: '', quantity: '' },
    400,
    -1102,
    "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
  ],
  ['a small market order', { type: 'MARKET', price: '', timeInForce: '', quantity: '0.00001' }, 400, -1013, 'Filter failure: NOTIONAL'],
  [
    'too large a market order',
    { type: 'MARKET', price: '', timeInForce: '', quantity: '120' },
    400,
    -1013,
    'Filter failure: MARKET_LOT_SIZE',
  ],
  [
    'a self-trade mode that the symbol has not',
    { selfTradePreventionMode: 'NONE' },
    400,
    -1013,
    'This symbol does not allow the specified self-trade prevention mode.',
  ],
  [
    'a client id with other characters',
    { newClientOrderId: 'a b' },
    400,
    -1100,
    "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.",
  ],
];

const USDM: readonly Row[] = [
  ['an unknown symbol', { symbol: 'BTCEUR' }, 400, -1121, 'Invalid symbol.'],
  ['no quantity', { quantity: '' }, 400, -1102, missing('quantity')],
  ['more decimals than the contract has', { quantity: '0.0101' }, 400, -1111, 'Precision is over the maximum defined for this asset.'],
  ['more decimals of price', { price: '64000.123' }, 400, -1111, 'Precision is over the maximum defined for this asset.'],
  ['a price between two ticks', { price: '64000.05' }, 400, -4014, 'Price not increased by tick size.'],
  ['no quantity to speak of', { quantity: '0' }, 400, -4003, 'Quantity less than or equal to zero.'],
  ['too large a quantity', { quantity: '1001' }, 400, -4005, 'Quantity greater than max quantity.'],
  ['too small a value', { quantity: '0.001' }, 400, -4164, "Order's notional must be no smaller than 100 (unless you choose reduce only)."],
  ['a side of hedge mode', { positionSide: 'LONG' }, 400, -4061, "Order's position side does not match user's setting."],
  ['more margin than there is', { quantity: '900' }, 400, -2019, 'Margin is insufficient.'],
  [
    'a post-only order that would take',
    { timeInForce: 'GTX', price: '66000' },
    400,
    -5022,
    'Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history',
  ],
  [
    'fill-or-kill without enough to fill',
    { timeInForce: 'FOK' },
    400,
    -5021,
    'Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history',
  ],
  ['nothing to reduce', { reduceOnly: true }, 400, -2022, 'ReduceOnly Order is rejected.'],
  [
    'a conditional type',
    { type: 'STOP_MARKET', stopPrice: '60000' },
    400,
    -4120,
    'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.',
  ],
  [
    'a good-till-date without the date',
    { timeInForce: 'GTD' },
    400,
    -1102,
    "Mandatory parameter 'goodTillDate' was not sent, was empty/null, or malformed.",
  ],
  ['an unknown time in force', { timeInForce: 'DAY' }, 400, -1115, 'Invalid timeInForce.'],
  ['a long client id', { newClientOrderId: 'x'.repeat(37) }, 400, -4015, 'Client order id length should not be more than 36 chars'],
];

describe('binance spot refuses an order with', () => {
  const client = BinanceClient.at('binance-spot');
  it.each(SPOT)('%s', (_, change, status, code, text) => {
    expect(client.refusal('POST', '/api/v3/order', changed(SPOT_ORDER, change))).toEqual([status, code, text]);
    expect(client.refusal('POST', '/api/v3/order/test', changed(SPOT_ORDER, change))).toEqual([status, code, text]);
    expect(client.list('GET', '/api/v3/openOrders')).toEqual([]);
  });
});

describe('binance USD-M refuses an order with', () => {
  const client = BinanceClient.at('binance-usdm');
  it.each(USDM)('%s', (_, change, status, code, text) => {
    expect(client.refusal('POST', '/fapi/v1/order', changed(USDM_ORDER, change))).toEqual([status, code, text]);
    expect(client.list('GET', '/fapi/v1/allOrders', { symbol: 'BTCUSDT' })).toEqual([]);
  });

  it('a limit price beyond the band around the mark, naming the band', () => {
    const [status, code, text] = client.refusal('POST', '/fapi/v1/order', { ...USDM_ORDER, price: '90000' });
    expect([status, code]).toEqual([400, -4016]);
    expect(text).toMatch(/^Limit price can't be higher than 6\d{4}(\.\d)?\.$/);
  });
});

describe('a signed request', () => {
  const client = BinanceClient.at('binance-spot');
  const path = '/api/v3/account';
  const query = (extra = ''): string => `timestamp=${client.nowMs()}${extra}`;
  const sent = (text: string, headers?: Record<string, string>): unknown[] => {
    const { status, json } = client.send('GET', path, text, '', headers);
    const { code, msg } = (json ?? {}) as Record<string, unknown>;
    return [status, code, msg];
  };
  const signed = (text: string): string => `${text}&signature=${client.sign(text)}`;

  it('needs a key that the venue knows', () => {
    expect(sent(signed(query()), {})).toEqual([401, -2014, 'API-key format invalid.']);
    expect(sent(signed(query()), { 'x-mbx-apikey': 'x y' })).toEqual([401, -2014, 'API-key format invalid.']);
    expect(sent(signed(query()), { 'x-mbx-apikey': 'nobody' })).toEqual([401, -2015, 'Invalid API-key, IP, or permissions for action.']);
  });

  it('needs a timestamp within its window, and a signature over exactly what was sent', () => {
    expect(sent(signed('a=1'))).toEqual([400, -1102, missing('timestamp')]);
    expect(sent(query())).toEqual([400, -1102, missing('signature')]);
    expect(sent(`${query()}&signature=${'0'.repeat(64)}`)).toEqual([400, -1022, 'Signature for this request is not valid.']);
    expect(sent(`${signed(query())}&b=1`)).toEqual([400, -1022, 'Signature for this request is not valid.']);
    expect(sent(signed(`timestamp=${client.nowMs() - 5_001}`))).toEqual([
      400,
      -1021,
      'Timestamp for this request is outside of the recvWindow.',
    ]);
    expect(sent(signed(`timestamp=${client.nowMs() + 1_000}`))).toEqual([
      400,
      -1021,
      "Timestamp for this request was 1000ms ahead of the server's time.",
    ]);
    expect(sent(signed(query('&recvWindow=60001')))).toEqual([400, -1131, 'recvWindow must be less than 60000.']);
    expect(sent(signed(query('&a=1&a=2')))).toEqual([400, -1101, 'Duplicate values for a parameter detected.']);
  });

  it('is taken whatever the order of its parameters, the place of its signature, in hex of either case, and in microseconds', () => {
    expect(sent(signed(query('&recvWindow=1000')))[0]).toBe(200);
    expect(sent(signed(`recvWindow=1000&timestamp=${client.nowMs()}`))[0]).toBe(200);
    const text = query('&recvWindow=1000');
    expect(sent(`signature=${client.sign(text)}&${text}`)[0]).toBe(200);
    expect(sent(`${text}&signature=${client.sign(text).toUpperCase()}`)[0]).toBe(200);
    expect(sent(signed(`timestamp=${client.nowMs()}000`))[0]).toBe(200);
    expect(sent(signed(`timestamp=${client.nowMs() - 5_500}&recvWindow=6000`))[0]).toBe(200);
  });

  it('may be split between query and body, joined without a character in between', () => {
    const head = 'symbol=BTCUSDT&side=BUY&type=LIMIT';
    const tail = `timeInForce=GTC&quantity=0.001&price=60000&timestamp=${client.nowMs()}`;
    const joined = client.sign(head + tail);
    expect(client.send('POST', '/api/v3/order/test', head, `${tail}&signature=${joined}`).status).toBe(200);
    expect(client.send('POST', '/api/v3/order/test', `${head}&signature=${joined}`, tail).status).toBe(200);
    const wrong = client.sign(`${head}&${tail}`);
    expect(client.send('POST', '/api/v3/order/test', head, `${tail}&signature=${wrong}`).status).toBe(400);
  });
});

describe('binance spot orders that are not there', () => {
  const client = BinanceClient.at('binance-spot');

  it('are refused by name', () => {
    const one = { symbol: 'BTCUSDT', origClientOrderId: 'gone' };
    expect(client.refusal('GET', '/api/v3/order', one)).toEqual([400, -2013, 'Order does not exist.']);
    expect(client.refusal('DELETE', '/api/v3/order', one)).toEqual([400, -2011, 'Unknown order sent.']);
    expect(client.refusal('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' })).toEqual([400, -2011, 'Unknown order sent.']);
    expect(client.refusal('GET', '/api/v3/order', { symbol: 'BTCUSDT' })).toEqual([
      400,
      -1102,
      "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    ]);
  });

  it('and a client id is taken once among open orders', () => {
    const order = { ...SPOT_ORDER, newClientOrderId: 'once' };
    client.ok('POST', '/api/v3/order', order);
    expect(client.refusal('POST', '/api/v3/order', order)).toEqual([400, -2010, 'Duplicate order sent.']);
    client.ok('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'once' });
    expect(client.refusal('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'once' })).toEqual([
      400,
      -2011,
      'Unknown order sent.',
    ]);
    expect(client.ok('POST', '/api/v3/order', order)['status']).toBe('NEW');
  });
});

function span(days: number): Params {
  const startTime = 1_786_000_000_000;
  return { symbol: 'BTCUSDT', startTime, endTime: startTime + days * 86_400_000 };
}

describe('a stretch of time that is too long', () => {
  it('is refused by both families in their words', () => {
    const spot = BinanceClient.at('binance-spot');
    const usdm = BinanceClient.at('binance-usdm');
    expect(spot.list('GET', '/api/v3/myTrades', span(1))).toEqual([]);
    expect(spot.refusal('GET', '/api/v3/myTrades', span(2))).toEqual([400, -1127, 'More than 24 hours between startTime and endTime.']);
    expect(usdm.list('GET', '/fapi/v1/allOrders', span(7))).toEqual([]);
    expect(usdm.refusal('GET', '/fapi/v1/userTrades', span(8))).toEqual([400, -4165, 'Maximum time interval is 7 days']);
  });
});

describe('binance USD-M settings', () => {
  const client = BinanceClient.at('binance-usdm');
  const symbol = 'BTCUSDT';

  it('that change nothing or cannot be had are refused by name', () => {
    expect(client.refusal('POST', '/fapi/v1/marginType', { symbol, marginType: 'CROSSED' })).toEqual([
      400,
      -4046,
      'No need to change margin type.',
    ]);
    expect(client.refusal('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: false })).toEqual([
      400,
      -4059,
      'No need to change position side.',
    ]);
    expect(client.refusal('POST', '/fapi/v1/leverage', { symbol, leverage: 126 })).toEqual([400, -4028, 'Leverage 126 is not valid']);
    expect(client.refusal('POST', '/fapi/v1/positionMargin', { symbol, amount: '10', type: 1 })).toEqual([
      400,
      -4049,
      'Add margin only support for isolated position.',
    ]);
    client.ok('POST', '/fapi/v1/order', USDM_ORDER);
    expect(client.refusal('POST', '/fapi/v1/marginType', { symbol, marginType: 'ISOLATED' })).toEqual([
      400,
      -4047,
      'Margin type cannot be changed if there exists open orders.',
    ]);
    client.ok('DELETE', '/fapi/v1/allOpenOrders', { symbol });
    expect(client.ok('POST', '/fapi/v1/marginType', { symbol, marginType: 'ISOLATED' })).toEqual({ code: 200, msg: 'success' });
  });

  it('and duplicates, missing orders and pointless amendments too', () => {
    const order = { ...USDM_ORDER, newClientOrderId: 'once' };
    client.ok('POST', '/fapi/v1/order', order);
    expect(client.refusal('POST', '/fapi/v1/order', order)).toEqual([400, -4116, 'ClientOrderId is duplicated.']);
    const amend = { symbol, origClientOrderId: 'once', side: 'BUY', quantity: '0.01', price: '64000' };
    expect(client.refusal('PUT', '/fapi/v1/order', amend)).toEqual([400, -5027, 'No need to modify the order.']);
    expect(client.refusal('GET', '/fapi/v1/order', { symbol, orderId: 1 })).toEqual([400, -2013, 'Order does not exist.']);
    expect(client.refusal('DELETE', '/fapi/v1/order', { symbol, orderId: 1 })).toEqual([400, -2011, 'Unknown order sent.']);
    expect(client.refusal('POST', '/fapi/v1/batchOrders', { batchOrders: '[]' })).toEqual([
      400,
      -4082,
      'Invalid number of batch place orders.',
    ]);
    expect(client.refusal('PUT', '/fapi/v1/listenKey', { listenKey: 'x' })).toEqual([400, -1125, 'This listenKey does not exist.']);
  });
});
