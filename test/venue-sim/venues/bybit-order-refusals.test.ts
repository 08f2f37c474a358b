/** What the simulated Bybit refuses of orders, with which code and words. */
import { beforeEach, describe, expect, it } from 'vitest';
import { BybitClient, rowsOf, far } from '../support/bybit-client.js';

let bybit: BybitClient;

beforeEach(() => {
  bybit = new BybitClient();
  bybit.venue.run(0.1);
});

describe('bybit refusals', () => {
  it.each([
    [{ category: 'equity' }, 10_001, 'Illegal category'],
    [{ symbol: 'NOPE' }, 10_001, 'params error: symbol invalid'],
    [{ side: 'buy' }, 10_001, 'params error: side invalid'],
    [{ orderType: 'Stop' }, 10_001, 'params error: orderType invalid'],
    [{ timeInForce: 'GTD' }, 10_001, 'params error: timeInForce invalid'],
    [{ positionIdx: 1 }, 10_001, 'position idx not match position mode'],
    [{ triggerPrice: '50000' }, 10_001, 'params error: triggerPrice invalid'],
    [{ orderLinkId: 'a'.repeat(37) }, 10_001, 'params error: orderLinkId invalid'],
    [{ qty: '0.0105' }, 10_001, 'Qty invalid'],
    [{ qty: '0' }, 10_001, 'The number of contracts exceeds minimum limit allowed'],
    [{ qty: '1501' }, 10_001, 'The number of contracts exceeds maximum limit allowed: too large'],
    [{ price: '60000.05' }, 10_001, 'Price invalid'],
    [{ price: '0' }, 10_001, 'Price invalid'],
    [{ price: '70000' }, 110_003, 'Order price exceeds the allowable range.'],
    [{ qty: '0.001', price: '4000' }, 110_094, 'Order does not meet minimum order value 5USDT'],
    [{ qty: '1000' }, 110_007, 'ab not enough for new order'],
    [{ reduceOnly: true }, 110_017, 'current position is zero, cannot fix reduce-only order qty'],
  ] as const)('linear %j: %d', (more, code, message) => {
    expect(bybit.post('order/create', far('linear', more))).toMatchObject({
      status: 200,
      retCode: code,
      retMsg: message,
      result: {},
      retExtInfo: {},
    });
  });

  it.each([
    [{ symbol: 'NOPE' }, 170_121, 'Invalid symbol.'],
    [{ side: 'buy' }, 170_117, 'Invalid side.'],
    [{ orderType: 'Stop' }, 170_116, 'Invalid orderType.'],
    [{ timeInForce: 'GTD' }, 170_115, 'Invalid timeInForce.'],
    [{ qty: '' }, 170_105, "Parameter 'qty' was empty."],
    [{ qty: 'x' }, 170_130, "Data sent for parameter 'qty' is not valid."],
    [{ qty: '0.0100005' }, 170_137, 'Order quantity has too many decimals.'],
    [{ qty: '0' }, 170_136, 'Order quantity exceeded lower limit.'],
    [{ qty: '231' }, 170_135, 'Order quantity exceeded upper limit.'],
    [{ price: '60000.05' }, 170_134, 'Order price has too many decimals.'],
    [{ qty: '0.00001' }, 170_140, 'Order value exceeded lower limit.'],
    [{ qty: '100' }, 170_131, 'Insufficient balance.'],
    [{ qty: '200' }, 170_124, 'Order amount too large.'],
    [{ side: 'Sell', qty: '21', price: '80000' }, 170_131, 'Insufficient balance.'],
  ] as const)('spot %j: %d', (more, code, message) => {
    expect(bybit.post('order/create', far('spot', more))).toMatchObject({ status: 200, retCode: code, retMsg: message });
  });

  it('bounds prices that take, not those that wait', () => {
    expect(bybit.post('order/create', far('spot', { price: '70000' })).retMsg).toMatch(
      /^Buy order price cannot be higher than 6\d{4}(\.\d)?\.$/,
    );
    expect(bybit.post('order/create', far('spot', { side: 'Sell', price: '60000' })).retCode).toBe(170_194);
    expect(bybit.post('order/create', far('linear', { side: 'Sell', price: '90000' })).retCode).toBe(0);
  });

  it.each([
    ['linear', 110_072, 110_001],
    ['spot', 170_141, 170_213],
  ] as const)('%s: an order that is twice there, or not there', (category, duplicate, unknown) => {
    const named = far(category, { orderLinkId: 'twice' });
    expect(bybit.post('order/create', named).retCode).toBe(0);
    expect(bybit.post('order/create', named).retCode).toBe(duplicate);
    const { symbol } = named;
    expect(bybit.post('order/cancel', { category, symbol })).toMatchObject({ retCode: 10_001 });
    expect(bybit.post('order/cancel', { category, symbol, orderId: 'nobody' })).toMatchObject({ retCode: unknown });
    expect(bybit.post('order/amend', { category, symbol, orderLinkId: 'nobody', qty: '1' })).toMatchObject({ retCode: unknown });
    expect(bybit.post('order/amend', { category, symbol, orderLinkId: 'twice', price: '60000' })).toMatchObject({
      retCode: 10_001,
      retMsg: 'order not modified',
    });
    expect(bybit.post('order/cancel', { category, symbol, orderLinkId: 'twice' }).retCode).toBe(0);
    expect(bybit.post('order/cancel', { category, symbol, orderLinkId: 'twice' }).retCode).toBe(unknown);
    expect(bybit.post('order/create', named).retCode).toBe(0);
  });

  it('refuses another account’s orders, leverage that is the same, and modes that it does not have', () => {
    const { orderId } = bybit.post('order/create', far('linear')).result;
    const other = new BybitClient(bybit.venue, 'spare');
    expect(other.post('order/cancel', { category: 'linear', symbol: 'BTCUSDT', orderId }).retCode).toBe(110_001);
    expect(rowsOf(other.get('order/realtime', { category: 'linear', symbol: 'BTCUSDT', orderId: String(orderId) }))).toEqual([]);
    const leverage = (value: string): number =>
      bybit.post('position/set-leverage', { category: 'linear', symbol: 'BTCUSDT', buyLeverage: value, sellLeverage: value }).retCode;
    expect([leverage('25'), leverage('25'), leverage('101'), leverage('0')]).toEqual([0, 110_043, 110_013, 10_001]);
    const mode = (value: number): number =>
      bybit.post('position/switch-mode', { category: 'linear', symbol: 'BTCUSDT', mode: value }).retCode;
    expect([mode(0), mode(3)]).toEqual([110_025, 110_029]);
    expect(bybit.post('position/switch-isolated', {}).retCode).toBe(100_028);
  });
});
