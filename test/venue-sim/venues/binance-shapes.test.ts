/** Answers, events and errors beside the recorded ones: every recorded field is there, with a value of the same kind. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { needRecordings, recordingPath } from '../../support/recordings.js';
import { BinanceClient } from '../support/binance-client.js';

type Json = Record<string, unknown>;

/** Fields that are written for order types which are not served here, or that older answers had. */
const LEFT_OUT = new Set(['o.AP', 'o.cr']);

function kindOf(value: unknown): string {
  if (typeof value === 'string') return /^-?\d+(\.\d+)?$/.test(value) ? 'number text' : 'text';
  return Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
}

/** Where `ours` lacks a field of `recorded`, or has one of another kind. A null may stand for anything that is not known yet. */
function lacks(recorded: unknown, ours: unknown, at = ''): string[] {
  if (Array.isArray(recorded)) {
    if (!Array.isArray(ours)) return [`${at} is no list`];
    return recorded.length === 0 || ours.length === 0 ? [] : lacks(recorded[0], ours[0], at);
  }
  if (typeof recorded !== 'object' || recorded === null) {
    const kinds = [kindOf(recorded), kindOf(ours)];
    const isSame = kinds[0] === kinds[1] || kinds.includes('null') || (kinds.includes('text') && kinds.includes('number text'));
    return isSame ? [] : [`${at} is ${kinds[1]}, recorded ${kinds[0]}`];
  }
  return Object.entries(recorded).flatMap(([name, value]) => {
    const path = at === '' ? name : `${at}.${name}`;
    if (LEFT_OUT.has(path)) return [];
    const held = (ours as Json | undefined)?.[name];
    return held === undefined ? [`${path} is missing`] : lacks(value, held, path);
  });
}

const SPOT = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '60000' };
const USDM = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '64000' };

describe('binance answers and events have the recorded fields', () => {
  const recorded = new Map<string, { readonly raw: string; readonly http_status?: number }>();
  const ours = new Map<string, unknown>();

  beforeAll(() => {
    if (!needRecordings()) return;
    for (const line of readFileSync(recordingPath('private/binance.ndjson'), 'utf8').split('\n').filter(Boolean)) {
      const row = JSON.parse(line) as { readonly name: string; readonly raw: string };
      recorded.set(row.name, row);
    }
    spotAnswers(ours);
    usdmAnswers(ours);
  });

  it.each([
    'gct_rest_delete_api_v3_order_0',
    'gct_rest_get_api_v3_order_0',
    'gct_rest_get_api_v3_allOrders_0',
    'gct_rest_get_account_0',
    'gct_rest_post_api_v3_userDataStream_0',
    'spot_http_json_account_response',
    'spot_http_json_all_orders_response',
    'spot_http_json_cancel_open_orders_response',
    'spot_http_json_new_order_full_response',
    'spot_http_json_open_orders_response',
    'it_http_spot_wallet_account',
    'it_http_wallet_trading_fees',
    'it_ws_spot_execution_report_new',
    'it_ws_spot_execution_report_trade',
    'it_ws_spot_execution_report_canceled',
    'spot_user_data_json_execution_report_wrapped',
    'spot_user_data_json_account_position_wrapped',
    'futures_http_json_account_info_v2',
    'futures_http_json_balance',
    'futures_http_json_order_response',
    'futures_http_json_position_risk',
    'it_http_futures_account_position_side_dual',
    'it_http_futures_account_symbol_config',
    'it_http_futures_wallet_commission_rate_btcusdt',
    'futures_user_data_json_order_update_trade',
    'futures_user_data_json_account_update_bnfcr',
  ])('%s', (name) => {
    if (!needRecordings()) return;
    const line = recorded.get(name);
    if (line === undefined) throw new Error(`no recording ${name}`);
    const row = JSON.parse(line.raw) as Json;
    const wanted = name.startsWith('it_ws') && 'data' in row ? row['data'] : row;
    expect(ours.has(name)).toBe(true);
    expect(lacks(wanted, ours.get(name))).toEqual([]);
  });

  it('and errors the recorded code, text and status', () => {
    if (!needRecordings()) return;
    const spot = BinanceClient.at('binance-spot');
    const usdm = BinanceClient.at('binance-usdm');
    const place = (change: Record<string, string>): readonly unknown[] => spot.refusal('POST', '/api/v3/order', { ...SPOT, ...change });
    const placeUsdm = (change: Record<string, string>): readonly unknown[] =>
      usdm.refusal('POST', '/fapi/v1/order', { ...USDM, ...change });
    const broken = (path: string, headers?: Record<string, string>): readonly unknown[] => {
      const { status, json } = spot.send('GET', '/api/v3/account', path, '', headers);
      const { code, msg } = json as Json;
      return [status, code, msg];
    };
    const fault = { venue: 'binance-usdm', kind: 'status', match: { op: 'query' }, params: { status: 503 } } as const;
    usdm.venue.script.add(fault, usdm.venue.world.nowUs);
    const given: Record<string, readonly unknown[]> = {
      doc_error_binance_00: place({ quantity: '0.0010001' }),
      doc_error_binance_01: broken(`timestamp=1&signature=${spot.sign('timestamp=1')}`),
      doc_error_binance_04: place({ quantity: '100' }),
      doc_error_binance_06: spot.refusal('GET', '/api/v3/order', { symbol: 'BTCUSDT', orderId: 1 }),
      doc_error_binance_07: broken('timestamp=1&signature=0', { 'x-mbx-apikey': 'nobody' }),
      doc_error_binance_09: broken(`timestamp=${spot.nowMs()}&signature=0`),
      doc_error_binance_10: usdm.refusal('GET', '/fapi/v1/openOrders'),
      doc_error_binance_12: placeUsdm({ quantity: '900' }),
      doc_error_binance_13: placeUsdm({ reduceOnly: 'true' }),
      doc_error_binance_15: placeUsdm({ timeInForce: 'GTX', price: '66000' }),
    };
    for (const [name, answer] of Object.entries(given)) {
      const line = recorded.get(name);
      const { code, msg } = JSON.parse(line?.raw ?? '{}') as Json;
      expect(answer, name).toEqual([line?.http_status, code, msg]);
    }
  });
});

function spotAnswers(ours: Map<string, unknown>): void {
  const client = BinanceClient.at('binance-spot');
  const socket = client.venue.open('/ws-api/v3');
  const params = { apiKey: client.apiKey, timestamp: client.nowMs() };
  const signature = client.sign(`apiKey=${params.apiKey}&timestamp=${params.timestamp}`);
  socket.send({ id: 1, method: 'userDataStream.subscribe.signature', params: { ...params, signature } });
  socket.take();
  client.ok('POST', '/api/v3/order', { ...SPOT, newClientOrderId: 'one' });
  ours.set('gct_rest_get_api_v3_order_0', client.ok('GET', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'one' }));
  ours.set('spot_http_json_open_orders_response', client.list('GET', '/api/v3/openOrders'));
  ours.set('gct_rest_delete_api_v3_order_0', client.ok('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'one' }));
  client.ok('POST', '/api/v3/order', SPOT);
  ours.set('spot_http_json_cancel_open_orders_response', client.list('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' }));
  const market = { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.5' };
  ours.set('spot_http_json_new_order_full_response', client.ok('POST', '/api/v3/order', market));
  const all = client.list('GET', '/api/v3/allOrders', { symbol: 'BTCUSDT' });
  for (const name of ['gct_rest_get_api_v3_allOrders_0', 'spot_http_json_all_orders_response']) ours.set(name, all);
  const account = client.ok('GET', '/api/v3/account');
  for (const name of ['gct_rest_get_account_0', 'spot_http_json_account_response', 'it_http_spot_wallet_account']) ours.set(name, account);
  ours.set('gct_rest_post_api_v3_userDataStream_0', client.ok('POST', '/api/v3/userDataStream'));
  ours.set('it_http_wallet_trading_fees', client.list('GET', '/sapi/v1/asset/tradeFee'));
  client.venue.run(0.05);
  const told = socket.take() as unknown as (Json & { readonly event: Json })[];
  const first = (name: string, value: string): Json | undefined => told.find(({ event }) => event[name] === value);
  ours.set('it_ws_spot_execution_report_new', first('x', 'NEW')?.['event']);
  ours.set('it_ws_spot_execution_report_trade', first('x', 'TRADE')?.['event']);
  ours.set('it_ws_spot_execution_report_canceled', first('x', 'CANCELED')?.['event']);
  ours.set('spot_user_data_json_execution_report_wrapped', first('x', 'NEW'));
  ours.set('spot_user_data_json_account_position_wrapped', first('e', 'outboundAccountPosition'));
}

function usdmAnswers(ours: Map<string, unknown>): void {
  const client = BinanceClient.at('binance-usdm');
  const { listenKey } = client.ok('POST', '/fapi/v1/listenKey');
  const socket = client.venue.open(`/private/ws?listenKey=${String(listenKey)}`);
  client.ok('POST', '/fapi/v1/order', { ...USDM, newClientOrderId: 'one' });
  ours.set('futures_http_json_order_response', client.ok('GET', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'one' }));
  client.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.5' });
  ours.set('futures_http_json_account_info_v2', client.ok('GET', '/fapi/v2/account'));
  ours.set('futures_http_json_balance', client.list('GET', '/fapi/v2/balance'));
  ours.set('futures_http_json_position_risk', client.list('GET', '/fapi/v2/positionRisk'));
  ours.set('it_http_futures_account_position_side_dual', client.ok('GET', '/fapi/v1/positionSide/dual'));
  ours.set('it_http_futures_account_symbol_config', client.list('GET', '/fapi/v1/symbolConfig'));
  ours.set('it_http_futures_wallet_commission_rate_btcusdt', client.ok('GET', '/fapi/v1/commissionRate', { symbol: 'BTCUSDT' }));
  client.venue.run(0.05);
  const told = socket.take();
  ours.set(
    'futures_user_data_json_order_update_trade',
    told.find(({ o }) => (o as Json | undefined)?.['x'] === 'TRADE'),
  );
  ours.set(
    'futures_user_data_json_account_update_bnfcr',
    told.find(({ e }) => e === 'ACCOUNT_UPDATE'),
  );
}
