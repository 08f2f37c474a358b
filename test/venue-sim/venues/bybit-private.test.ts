/** The simulated Bybit's private REST: keys, orders, batches and limits, funding, and the shapes of what it answers. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { needRecordings } from '../../support/recordings.js';
import { BybitClient, dataOf, rowsOf, type Json, far, crossing } from '../support/bybit-client.js';
import { expectShape, recorded } from '../support/row-shape.js';
import { START_US, TestVenue } from '../support/venue-client.js';

const PRIVATE = 'private/bybit.ndjson';
let bybit: BybitClient;

beforeEach(() => {
  bybit = new BybitClient();
  bybit.venue.run(0.1);
});

describe('bybit authentication', () => {
  it('refuses keys it does not know, wrong signatures, and requests from another time', () => {
    const headers = bybit.headers('');
    expect(bybit.send('GET', 'account/info', '', '', {})).toMatchObject({ status: 401, retCode: 10_003 });
    expect(bybit.send('GET', 'account/info', '', '', { ...headers, 'x-bapi-api-key': 'nobody' })).toMatchObject({
      status: 401,
      retCode: 10_003,
    });
    const forged = bybit.send('GET', 'account/info', '', '', { ...headers, 'x-bapi-sign': 'ab' });
    expect(forged).toMatchObject({ status: 200, retCode: 10_004 });
    expect(forged.retMsg).toBe(`error sign! origin_string[${bybit.nowMs()}${bybit.apiKey}5000]`);
    for (const [offsetMs, isTaken] of [
      [-5_000, true],
      [-5_001, false],
      [999, true],
      [1_000, false],
    ] as const) {
      const sent = String(bybit.nowMs() + offsetMs);
      const answer = bybit.send('GET', 'account/info', '', '', bybit.headers('', sent));
      expect([offsetMs, answer.retCode]).toEqual([offsetMs, isTaken ? 0 : 10_002]);
      if (isTaken) continue;
      expect(answer.retMsg).toBe(
        `invalid request, please check your server timestamp or recv_window param. req_timestamp[${sent}],server_timestamp[${bybit.nowMs()}],recv_window[5000]`,
      );
    }
  });

  it('signs over the text as sent, and takes RSA keys', () => {
    const query = 'category=linear&symbol=BTCUSDT&cursor=a%2Cb';
    expect(bybit.send('GET', 'order/realtime', query, '', bybit.headers(query)).retCode).toBe(0);
    expect(bybit.send('GET', 'order/realtime', query.replace('%2C', ','), '', bybit.headers(query)).retCode).toBe(10_004);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const { exchange } = bybit.venue.venue;
    const known = exchange.keyOf(bybit.apiKey);
    if (known === undefined) throw new Error('no test key');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    exchange.registerKey({ ...known, apiKey: 'rsa-key', secret: '', publicKey: pem });
    const sent = String(bybit.nowMs());
    const signature = sign('sha256', Buffer.from(`${sent}rsa-key5000`), privateKey).toString('base64');
    const headers = { 'x-bapi-api-key': 'rsa-key', 'x-bapi-timestamp': sent, 'x-bapi-recv-window': '5000', 'x-bapi-sign': signature };
    expect(bybit.send('GET', 'account/info', '', '', headers).retCode).toBe(0);
    expect(bybit.send('GET', 'account/info', 'a=b', '', headers).retCode).toBe(10_004);
  });

  it('states leverage steps, by category and symbol', () => {
    const tiers = bybit.get('market/risk-limit', { category: 'linear', symbol: 'BTCUSDT' });
    expect(rowsOf(tiers)).toMatchObject([
      { id: 1, symbol: 'BTCUSDT', maintenanceMargin: '0.005', initialMargin: '0.01', maxLeverage: '100.00' },
    ]);
    expect(bybit.get('market/risk-limit', { category: 'spot' }).retCode).toBe(10_001);
  });

  it('tells what a key may do, and refuses orders of a key that may not trade', () => {
    const rights = bybit.get('user/query-api').result;
    expect(rights).toMatchObject({ readOnly: 0, uta: 1, permissions: { Derivatives: ['DerivativesTrade'], Wallet: [] } });
    const { exchange } = bybit.venue.venue;
    const known = exchange.keyOf(bybit.apiKey);
    if (known === undefined) throw new Error('no test key');
    exchange.registerKey({ ...known, apiKey: 'reader', canTrade: false });
    bybit.apiKey = 'reader';
    expect(bybit.post('order/create', far('linear'))).toMatchObject({ status: 200, retCode: 10_005 });
    expect(bybit.get('user/query-api').result).toMatchObject({ readOnly: 1, permissions: { Spot: [] } });
  });
});

describe('bybit orders', () => {
  it('takes a post-only order that would take, and cancels it with its reason', () => {
    const { orderId } = bybit.post('order/create', far('linear', { price: '65500', timeInForce: 'PostOnly' })).result;
    const [order] = rowsOf(bybit.get('order/history', { category: 'linear', orderId: String(orderId) }));
    expect(order).toMatchObject({
      orderStatus: 'Cancelled',
      rejectReason: 'EC_PostOnlyWillTakeLiquidity',
      cumExecQty: '0',
      timeInForce: 'PostOnly',
    });
  });

  it.each([
    ['IOC', 'EC_NoImmediateQtyToFill'],
    ['FOK', 'EC_NoEnoughQtyToFill'],
  ])('ends %s orders that find nothing', (timeInForce, rejectReason) => {
    const { orderId } = bybit.post('order/create', far('linear', { timeInForce })).result;
    expect(rowsOf(bybit.get('order/realtime', { category: 'linear', symbol: 'BTCUSDT', orderId: String(orderId) }))).toMatchObject([
      { orderStatus: 'Cancelled', rejectReason, leavesQty: '0' },
    ]);
  });

  it('buys spot by amount or by quantity, and names the unit', () => {
    const amount = bybit.post('order/create', crossing('spot', { marketUnit: undefined, qty: '1000' })).result;
    const [byAmount] = rowsOf(bybit.get('order/realtime', { category: 'spot', orderId: String(amount['orderId']) }));
    expect(byAmount).toMatchObject({ marketUnit: 'quoteCoin', qty: '1000', orderType: 'Market', price: '0', timeInForce: 'IOC' });
    expect(Number(byAmount?.['cumExecValue'])).toBeGreaterThan(990);
    expect(Number(byAmount?.['cumExecValue'])).toBeLessThanOrEqual(1_000);
    expect(bybit.post('order/create', crossing('spot', { marketUnit: 'quoteCoin', qty: '1' })).retCode).toBe(170_140);
    const quantity = bybit.post('order/create', crossing('spot', { side: 'Sell', marketUnit: undefined })).result;
    expect(rowsOf(bybit.get('order/realtime', { category: 'spot', orderId: String(quantity['orderId']) }))).toMatchObject([
      { marketUnit: 'baseCoin', qty: '0.01', orderStatus: 'Filled', cumExecQty: '0.01' },
    ]);
    const [sold, bought] = rowsOf(bybit.get('execution/list', { category: 'spot' }));
    expect([sold?.['feeCurrency'], bought?.['feeCurrency']]).toEqual(['USDT', 'BTC']);
  });

  it('keeps its own two orders from trading with each other when asked', () => {
    const best = Number(rowsOf(bybit.get('market/tickers', { category: 'linear', symbol: 'ETHUSDT' }))[0]?.['bid1Price']);
    const order = { category: 'linear', symbol: 'ETHUSDT', orderType: 'Limit', qty: '0.1', smpType: 'CancelMaker' };
    const { orderId } = bybit.post('order/create', { ...order, side: 'Sell', price: (best + 0.01).toFixed(2) }).result;
    bybit.post('order/create', { ...order, side: 'Buy', qty: '300', price: (best + 0.05).toFixed(2) });
    const [maker] = rowsOf(bybit.get('order/history', { category: 'linear', orderId: String(orderId) }));
    expect(maker).toMatchObject({ orderStatus: 'Cancelled', cancelType: 'CancelBySmp', smpType: 'CancelMaker' });
  });

  it('lists what is open, what ended, page by page, newest first', () => {
    for (let index = 0; index < 7; index++)
      bybit.post('order/create', far('linear', { orderLinkId: `n${index}`, price: String(60_000 + index) }));
    const scope = { category: 'linear', symbol: 'BTCUSDT' };
    const names: unknown[] = [];
    let cursor = '';
    do {
      const page = bybit.get('order/realtime', { ...scope, limit: '3', cursor });
      names.push(...rowsOf(page).map((row) => row['orderLinkId']));
      cursor = String(page.result['nextPageCursor']);
    } while (cursor !== '');
    expect(names).toEqual(['n6', 'n5', 'n4', 'n3', 'n2', 'n1', 'n0']);
    bybit.venue.run(1);
    expect(bybit.post('order/cancel-all', { category: 'linear' })).toMatchObject({ retCode: 10_001 });
    const all = bybit.post('order/cancel-all', { category: 'linear', settleCoin: 'USDT' });
    expect(rowsOf(all)).toHaveLength(7);
    expect(all.result['success']).toBe('1');
    expect(rowsOf(bybit.get('order/realtime', scope))).toEqual([]);
    expect(rowsOf(bybit.get('order/realtime', { ...scope, openOnly: '1' }))).toHaveLength(7);
    expect(rowsOf(bybit.get('order/history', { category: 'linear', orderStatus: 'Filled' }))).toEqual([]);
    expect(bybit.get('order/realtime', { category: 'linear' })).toMatchObject({ retCode: 10_001 });
  });
});

describe('bybit batches and limits', () => {
  it('answers each order of a batch in two parallel lists', () => {
    const request = [far('linear', { orderLinkId: 'b1' }), far('linear', { qty: '0.0001' }), far('linear', { orderLinkId: 'b1' })];
    const answer = bybit.post('order/create-batch', { category: 'linear', request });
    expect(answer).toMatchObject({ retCode: 0, retMsg: 'OK' });
    expect(rowsOf(answer)).toMatchObject([
      {
        category: 'linear',
        symbol: 'BTCUSDT',
        orderLinkId: 'b1',
        orderId: expect.stringMatching(/.{36}/),
        createAt: String(bybit.nowMs()),
      },
      { orderId: '', createAt: '' },
      { orderId: '', orderLinkId: 'b1', createAt: '' },
    ]);
    expect(answer.retExtInfo['list']).toEqual([
      { code: 0, msg: 'OK' },
      { code: 10_001, msg: 'Qty invalid' },
      { code: 110_072, msg: 'OrderLinkedID is duplicate' },
    ]);
    const items = [
      { symbol: 'BTCUSDT', orderLinkId: 'b1' },
      { symbol: 'BTCUSDT', orderLinkId: 'b9' },
    ];
    const amended = bybit.post('order/amend-batch', { category: 'linear', request: items.map((item) => ({ ...item, qty: '0.02' })) });
    expect(amended.retExtInfo['list']).toMatchObject([{ code: 0 }, { code: 110_001 }]);
    const cancelled = bybit.post('order/cancel-batch', { category: 'linear', request: items });
    expect(cancelled.retExtInfo['list']).toMatchObject([{ code: 0 }, { code: 110_001 }]);
    const many = Array.from({ length: 11 }, () => far('spot'));
    expect(bybit.post('order/create-batch', { category: 'spot', request: many }).retCode).toBe(10_001);
  });

  it('grants ten orders a second to contracts, twenty to spot, and says when to come again', () => {
    for (let index = 0; index < 10; index++) {
      const { headers } = bybit.post('order/create', far('linear'));
      expect([headers['X-Bapi-Limit'], headers['X-Bapi-Limit-Status']]).toEqual(['10', String(9 - index)]);
    }
    const refused = bybit.post('order/create', far('linear'));
    expect(refused).toMatchObject({ status: 200, retCode: 10_006, retMsg: 'Too many visits. Exceeded the API Rate Limit.' });
    expect(refused.headers['X-Bapi-Limit-Reset-Timestamp']).toBe(String(bybit.nowMs() + 1_000));
    for (let index = 0; index < 20; index++) expect(bybit.post('order/create', far('spot')).retCode).toBe(0);
    expect(bybit.post('order/create', far('spot')).retCode).toBe(10_006);
    expect(bybit.post('order/cancel-all', { category: 'linear', symbol: 'BTCUSDT' }).retCode).toBe(0);
    expect(new BybitClient(bybit.venue, 'spare').post('order/create', far('linear')).retCode).toBe(0);
    bybit.venue.run(1);
    expect(bybit.post('order/create', far('linear')).retCode).toBe(0);
  });

  it('does as much of a batch as the limit grants', () => {
    const answer = bybit.post('order/create-batch', { category: 'linear', request: Array.from({ length: 12 }, () => far('linear')) });
    const codes = (answer.retExtInfo['list'] as { code: number }[]).map(({ code }) => code);
    expect(codes).toEqual([...Array.from({ length: 10 }, () => 0), 10_006, 10_006]);
  });

  it('gives faults the venue’s shape', () => {
    bybit.venue.script.add({ kind: 'rate-limit-storm', count: 1 }, bybit.venue.world.nowUs);
    const limited = bybit.get('account/info');
    expect(limited).toMatchObject({ status: 200, retCode: 10_006, headers: { 'X-Bapi-Limit-Status': '0' } });
    expect(Number(limited.headers['X-Bapi-Limit-Reset-Timestamp'])).toBeGreaterThan(bybit.nowMs());
    bybit.venue.script.add({ kind: 'status', count: 1, params: { status: 500, code: 10_016 } }, bybit.venue.world.nowUs);
    expect(bybit.get('account/info')).toMatchObject({ status: 500, retCode: 10_016 });
    expect(bybit.get('account/info')).toMatchObject({ status: 200, retCode: 0 });
  });
});

describe('bybit funding', () => {
  it.each([
    ['linear', 'BTCUSDT', 'USDT'],
    ['inverse', 'BTCUSD', 'BTC'],
  ])('%s: lists what a position paid, and takes exactly that from the wallet', (category, symbol, coin) => {
    const paidAtMs = bybit.venue.world.markets[0]?.nextFundingMs(START_US / 1_000) ?? 0;
    bybit = new BybitClient(new TestVenue('bybit', 7, paidAtMs * 1_000 - 2_000_000));
    bybit.venue.run(0.1);
    const socket = bybit.socket('/v5/private', 'execution');
    expect(bybit.post('order/create', crossing(category)).retCode).toBe(0);
    bybit.venue.run(0.1);
    const wallet = (): string => {
      const [account] = rowsOf(bybit.get('account/wallet-balance', { accountType: 'UNIFIED', coin })) as [
        { coin: [{ walletBalance: string }] },
      ];
      return account.coin[0].walletBalance;
    };
    const before = wallet();
    socket.take();
    bybit.venue.run(3);
    const [paid] = rowsOf(bybit.get('execution/list', { category, symbol, execType: 'Funding' }));
    expect(paid).toMatchObject({
      symbol,
      execType: 'Funding',
      execQty: category === 'linear' ? '0.010' : '100',
      feeCurrency: coin,
      closedSize: '',
    });
    const fee = String(paid?.['execFee']);
    expect(Math.abs(Number(fee))).toBeGreaterThan(0);
    expect(Number(fee) - Number(paid?.['execValue']) * Number(paid?.['feeRate'])).toBeCloseTo(0, 7);
    expect(Number(before) - Number(wallet())).toBeCloseTo(Number(fee), 8);
    expect(dataOf(socket.take(), 'execution')).toMatchObject([{ category, execType: 'Funding', execFee: fee, execId: paid?.['execId'] }]);
    const log = rowsOf(bybit.get('account/transaction-log', { category, type: 'SETTLEMENT' }));
    expect(log).toMatchObject([{ symbol, currency: coin, cashBalance: wallet(), feeRate: paid?.['feeRate'] }]);
    expect(Number(log[0]?.['funding'])).toBe(-Number(fee));
    const [published] = rowsOf(bybit.get('market/funding/history', { category, symbol }));
    expect(Number(published?.['fundingRate'])).toBe(Number(paid?.['feeRate']));
  });
});

describe('bybit shapes', () => {
  it('prints what was recorded of orders, executions, positions, wallets and refusals', () => {
    if (!needRecordings()) return;
    const socket = bybit.socket('/v5/private', 'order', 'execution', 'execution.fast', 'position', 'wallet');
    bybit.post('order/create', crossing('linear', { orderLinkId: 's1' }));
    bybit.post('order/create', far('linear'));
    bybit.venue.run(0.02);
    const messages = socket.take();
    const row = (name: string): unknown => (recorded(PRIVATE, name) as { result: { list: unknown[] } }).result.list[0];
    const told = (name: string): unknown => (recorded(PRIVATE, name) as { data: unknown[] }).data[0];
    const scope = { category: 'linear', symbol: 'BTCUSDT' };
    expectShape(rowsOf(bybit.get('order/realtime', scope))[0], row('http_get_orders_realtime'), 'order');
    expectShape(rowsOf(bybit.get('order/history', scope))[0], row('http_get_orders_history'), 'history');
    expectShape(rowsOf(bybit.get('position/list', scope))[0], row('http_get_positions_with_open_time'), 'position');
    expectShape(rowsOf(bybit.get('account/fee-rate', scope))[0], row('http_get_fee_rate'), 'fee');
    expectShape(bybit.get('account/info').result, (recorded(PRIVATE, 'http_get_account_info') as { result: unknown }).result, 'info');
    const [account] = rowsOf(bybit.get('account/wallet-balance', { accountType: 'UNIFIED' })) as [{ coin: unknown[] }];
    const theirs = row('http_get_wallet_balance_with_spot_borrow') as { coin: unknown[] };
    expectShape(account, theirs, 'account');
    expectShape(account.coin[0], theirs.coin[0], 'coin');
    for (const [topic, name] of [
      ['order', 'ws_account_order_filled'],
      ['execution', 'ws_account_execution'],
      ['execution.fast', 'ws_account_execution_fast'],
      ['position', 'ws_account_position'],
    ] as const) {
      expectShape(dataOf(messages, topic).at(-1), told(name), topic);
      const envelope = messages.find((message) => message['topic'] === topic);
      expectShape(envelope, { id: '', topic: '', creationTime: 0, data: [] }, topic);
    }
    const wallet = dataOf(messages, 'wallet')[0] as { coin: unknown[] };
    const { totalPerpUpl: _spelledOtherwise, ...told_ } = told('ws_account_wallet') as Json;
    expectShape(wallet, told_, 'wallet');
    expectShape(wallet.coin[0], (told('ws_account_wallet') as { coin: unknown[] }).coin[0], 'wallet coin');
    const refused = bybit.post('order/cancel', { ...scope, orderId: 'x' });
    const { time: _time, ...wanted } = recorded(PRIVATE, 'doc_error_bybit_19') as Json;
    expect(refused).toMatchObject(wanted);
    expect(bybit.post('order/create', far('linear', { orderLinkId: 's1' })).retCode).toBe(0);
  });
});
