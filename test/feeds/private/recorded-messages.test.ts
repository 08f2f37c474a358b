/** Every recorded private message of Binance, Bybit and BitMEX against what it says, written by hand. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { needRecordings, recordingPath } from '../../support/recordings.js';
import { readerOf, Told } from './told.js';

interface Recorded {
  readonly market: string | null;
  readonly name: string;
  readonly kind: string;
  readonly raw: string;
}

function recorded(exchange: string): readonly Recorded[] {
  const lines = readFileSync(recordingPath(`private/${exchange}.ndjson`), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as Recorded).filter((message) => message.kind === 'ws');
}

/** By name, in the order of the file. An empty list: the message says nothing that we want to know. */
const BINANCE: Readonly<Record<string, readonly string[]>> = {
  it_ws_spot_execution_report_rejected: [
    'order 1 O-12345-test-reject/1234567890 buy rejected 0.00000000 of 0.00100000 @ 50000.00000000 post-only (GTX_ORDER_REJECT) at 1759347763167000',
  ],
  futures_user_data_json_account_update_bnfcr: ['balance BNFCR 5001.28983031 free ? at 1781606859764000'],
  futures_user_data_json_algo_update_canceled: [],
  futures_user_data_json_order_update_adl: [
    'fill 1 adl_autoclose_12345/8887001 #12346001 buy 0.005 @ 42000.00 fee 0.10500000 USDT taker at 1568879465651000',
    'order 1 adl_autoclose_12345/8887001 buy filled 0.005 of 0.005 @ 42000.00 reduce-only at 1568879465651000',
  ],
  futures_user_data_json_order_update_calculated: [
    'fill 1 autoclose-1234567890/8886999 #12345999 sell 0.014 @ 9910.12 fee 0.06937084 USDT taker at 1568879465651000',
    'order 1 autoclose-1234567890/8886999 sell filled 0.014 of 0.014 @ 9910.00 reduce-only at 1568879465651000',
  ],
  futures_user_data_json_order_update_delivery: [
    'fill -1 delivery_autoclose-12345/8887003 #12346003 sell 1 @ 70000.0 fee 0  taker at 1711929600000000',
    'order -1 delivery_autoclose-12345/8887003 sell filled 1 of 1 @ 70000.0 reduce-only at 1711929600000000',
  ],
  futures_user_data_json_order_update_insurance: [
    'fill 1 autoclose-insurance-5678/8887003 #12346003 sell 0.020 @ 45000.00 fee 0.45000000 USDT taker at 1568879465651000',
    'order 1 autoclose-insurance-5678/8887003 sell filled 0.020 of 0.020 @ 45000.00 reduce-only at 1568879465651000',
  ],
  futures_user_data_json_order_update_settlement: [
    'fill 1 settlement_autoclose-9999/8887002 #12346002 sell 0.010 @ 50000.00 fee 0.25000000 USDT taker at 1568879465651000',
    'order 1 settlement_autoclose-9999/8887002 sell filled 0.010 of 0.010 @ 50000.00 reduce-only at 1568879465651000',
  ],
  futures_user_data_json_order_update_trade: [
    'fill 1 TEST/8886774 #12345678 buy 0.001 @ 7100.50 fee 0.01000000 USDT maker at 1568879465651000',
    'order 1 TEST/8886774 buy partially-filled 0.001 of 0.001 @ 7100.50 at 1568879465651000',
  ],
  // The order update beside it says the same and more.
  futures_user_data_json_trade_lite: [],
  // A change without a sum; the sums come as outboundAccountPosition.
  gct_ws_wsHandleData_04_balanceUpdate: [],
  gct_ws_wsHandleData_06_executionReport: [
    'order -1 c4wyKsIhoAaittTYlIVLqk/5340845958 buy new 0.00000000 of 0.00028400 @ 52789.10000000 at 1616627567900000',
  ],
  it_ws_futures_algo_update_finished: [],
  it_ws_futures_algo_update_triggered: [],
  it_ws_futures_algo_update_triggering: [],
  it_ws_futures_order_update_adl_filled: [
    'fill 0 adl_autoclose-123/8765432109 #2233445566 buy 1.000 @ 2500.00 fee 2.50000000 USDT taker at 1759347763200000',
    'order 0 adl_autoclose-123/8765432109 buy filled 1.000 of 1.000 @ 0 at 1759347763200000',
  ],
  it_ws_futures_order_update_liquidation: [
    'fill 1 autoclose-1234567890123456/9876543210 #1122334455 sell 0.100 @ 50000.00 fee 5.00000000 USDT taker at 1759347763167000',
    'order 1 autoclose-1234567890123456/9876543210 sell filled 0.100 of 0.100 @ 0 at 1759347763167000',
  ],
  it_ws_futures_order_update_new_limit_if_touched_price_match: [
    'order 0 O-12345-test-limit-if-touched-price-match/8765432102 buy new 0.000 of 1.000 @ 2505.25 at 1759347763200000',
  ],
  it_ws_futures_order_update_new_price_match: [
    'order 0 O-12345-test-price-match/8765432100 buy new 0.000 of 1.000 @ 2495.50 at 1759347763200000',
  ],
  it_ws_futures_order_update_new_stop_limit_price_match: [
    'order 0 O-12345-test-stop-limit-price-match/8765432101 sell new 0.000 of 1.000 @ 2405.75 at 1759347763200000',
  ],
  it_ws_futures_order_update_settlement: [
    'fill 1 settlement_autoclose-1111222233334444/6543210987 #4455667788 buy 0.050 @ 51000.00 fee 2.55000000 USDT taker at 1759347763300000',
    'order 1 settlement_autoclose-1111222233334444/6543210987 buy filled 0.050 of 0.050 @ 0 at 1759347763300000',
  ],
  it_ws_futures_trade_lite: [],
  it_ws_spot_execution_report_binance_us: [
    'fill -1 T0ESHzso0banw0QiPFZYgj/2281896601 #88685053 sell 0.00042000 @ 117290.77000000 fee 0.00492621 USD taker at 1759347763167000',
    'order -1 T0ESHzso0banw0QiPFZYgj/2281896601 sell filled 0.00042000 of 0.00042000 @ 117290.77000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_canceled: [
    'order 0 O-12345-test-cancel/9876543210 sell cancelled 0.10000000 of 0.50000000 @ 2500.00000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_custom_client_id: [
    'fill 0 INIT-BTC-1234567890/1234567890 #98765432 buy 0.50000000 @ 2499.50000000 fee 0.00050000 ETH maker at 1759347763167000',
    'order 0 INIT-BTC-1234567890/1234567890 buy partially-filled 0.50000000 of 1.00000000 @ 2500.00000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_expired: [
    'order 1 O-12345-test-expired/1234567891 buy expired 0.00000000 of 0.01000000 @ 50000.00000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_new: [
    'order 0 O-12345-test-new/1234567890 buy new 0.00000000 of 1.00000000 @ 2500.00000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_new_price_match: [
    'order 0 O-12345-test-price-match/1234567890 buy new 0.00000000 of 1.00000000 @ 2495.50000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_new_stop_limit_price_match: [
    'order 0 O-12345-test-stop-limit-price-match/1234567891 sell new 0.00000000 of 1.00000000 @ 2405.75000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_trade: [
    'fill 0 O-12345-test-trade/1234567890 #98765432 buy 0.50000000 @ 2499.50000000 fee 0.00050000 ETH maker at 1759347763167000',
    'order 0 O-12345-test-trade/1234567890 buy partially-filled 0.50000000 of 1.00000000 @ 2500.00000000 at 1759347763167000',
  ],
  // A trade without a price: the order's sum tells, its trades are asked for.
  it_ws_spot_execution_report_trade_l_zero: [
    'order 0 O-12345-test-trade-l-zero/1234567890 buy filled 0.00100000 of 0.00100000 @ 2500.00000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_trade_l_zero_expired: [
    'order 1 O-12345-test-l-zero-expired/1234567891 buy expired 0.00000000 of 0.01000000 @ 50000.00000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_trade_l_zero_new: [
    'order 0 O-12345-test-l-zero-new/1234567890 buy new 0.00000000 of 1.00000000 @ 2500.00000000 at 1759347763167000',
  ],
  it_ws_spot_execution_report_trade_prevention: [
    'order 0 O-12345-test-stp/1234567890 buy expired 0.00000000 of 1.00000000 @ 2500.00000000 (SELF_TRADE_PREVENTION) at 1759347763167000',
  ],
  spot_user_data_json_account_position: [
    'balance USDT 12500 free 10000.00000000 at 1709654400000000',
    'balance ETH 5 free 5.00000000 at 1709654400000000',
  ],
  spot_user_data_json_account_position_wrapped: ['balance ETH 10000 free 10000.000000 at 1564034571073000'],
  spot_user_data_json_balance_update_wrapped: [],
  spot_user_data_json_execution_report_canceled: [
    'order 0 x-TD67BGP9-T0000000000000/12345678 buy cancelled 0.00000000 of 1.00000000 @ 2500.00000000 at 1709654402000000',
  ],
  spot_user_data_json_execution_report_new: [
    'order 0 x-TD67BGP9-T0000000000000/12345678 buy new 0.00000000 of 1.00000000 @ 2500.00000000 at 1709654400000000',
  ],
  spot_user_data_json_execution_report_stop_loss: [
    'order 0 x-TD67BGP9-T0000000000001/12345679 sell new 0.00000000 of 1.00000000 @ 2400.00000000 at 1709654400000000',
  ],
  spot_user_data_json_execution_report_wrapped: [
    'order -1 mUvoqJxFIILMdfAW5iGSOW/4293153 buy new 0.00000000 of 1.00000000 @ 0.10264410 at 1499405658657000',
  ],
  spot_user_data_json_list_status_wrapped: [],
};

const BYBIT: Readonly<Record<string, readonly string[]>> = {
  ws_account_order_partially_filled_rejected: [
    'order 3 O-20251001-164609-APEX-000-49/5cf98598-39a7-459e-97bf-76ca765ee021 buy rejected 50.0 of 100.0 @ 1.500 at 1672364262457000',
  ],
  ws_subscription_failure: ['lost: subscribe refused: Invalid topic: invalid.topic.BTCUSDT'],
  gct_ws_wsAuth_00_position: ['position 1 75 @ 0.3615 at 1672364174449000'],
  gct_ws_wsAuth_01_order: ['order -1 /5cf98598-39a7-459e-97bf-76ca765ee020 sell filled 1 of 1 @ 72.5 at 1672364262457000'],
  gct_ws_wsAuth_03_greeks: [],
  gct_ws_wsAuth_04_execution: [
    'fill 1 /f6e324ff-99c2-4e89-9739-3086e47f9381 #7e2ae69c-4edf-5800-a352-893d52b446aa sell 25 @ 0.3374 fee 0.005061 USDT taker at 1672364174443000',
  ],
  gct_ws_wsAuth_06_wallet: ['balance BREAK 201.34882644 free ? at 1672364262483000'],
  ws_account_execution: [
    'fill 0 test-order-link-001/9aac161b-8ed6-450d-9cab-c5cc67c21784 #0ab1bdf7-4219-438b-b30a-32ec863018f7 sell 0.5 @ 95900.1 fee 26.3725275 USDT taker at 1746270400353000',
  ],
  // No fee in these: the full execution topic is the one that we read.
  ws_account_execution_fast: [],
  ws_account_execution_fast_envelope_id: [],
  ws_account_order_buy_stop_market: [
    'order 0 test-client-buy-stop-market-001/test-buy-stop-market-001 buy new 0 of 0.100 @ 0 at 1672364262457000',
  ],
  ws_account_order_filled: [
    'order 0 test-client-order-001/5cf98598-39a7-459e-97bf-76ca765ee020 buy filled 0.100 of 0.100 @ 30000.50 at 1672364262457000',
  ],
  ws_account_order_market_if_touched: ['order 0 test-client-mit-001/test-mit-001 buy new 0 of 0.100 @ 0 at 1672364262457000'],
  ws_account_order_sell_market_if_touched: [
    'order 0 test-client-sell-mit-001/test-sell-mit-001 sell new 0 of 0.100 @ 0 at 1672364262457000',
  ],
  ws_account_order_stop_loss: ['order 0 test-client-sl-001/test-stop-loss-001 sell new 0 of 0.500 @ 0 reduce-only at 1672364262457000'],
  ws_account_order_stop_market: ['order 0 test-client-stop-market-001/test-stop-market-001 sell new 0 of 0.100 @ 0 at 1672364262457000'],
  ws_account_position: ['position 2 -0.01 @ 3641.075 at 1762199125472000'],
  ws_account_position_short: ['position 2 -0.01 @ 3641.075 at 1762199125472000'],
  ws_account_wallet: [
    'balance BTC 0.00102964 free 0.00092964 at 1700034722104000',
    'balance USDT 9647.75537647 free 9519.89806037 at 1700034722104000',
  ],
  ws_account_wallet_locked_exceeds_total: ['balance USDT 100.0 free 0 at 1762960669000000'],
  ws_auth_success: ['proved auth'],
  ws_order_response: [],
};

const BITMEX: Readonly<Record<string, readonly string[]>> = {
  gct_ws_execution_insert_01: [
    'fill 1 /00000000-0000-0000-0000-000000000000 #7f4ab7f6-0006-3234-76f4-ae1385aad00f sell 1 @ 1134.37 fee 0.00000066 XBT taker at 1491343666035000',
  ],
  gct_ws_execution_insert_11: [
    'fill 1 /00000000-0000-0000-0000-000000000000 #1e849b8a-7e88-3c67-a93f-cc654d40e8ba sell 2000 @ 1160.72 fee -0.00043077 XBT maker at 1491344198472000',
  ],
  gct_ws_position_update_02: ['position 1 1 @ 0 at 1491343666019000'],
  gct_ws_position_update_03: ['position 1 0 @ 0 at 1491343666140000'],
  gct_ws_position_update_10: ['position 1 0 @ 0 at 1491344198547000'],
  ws_margin: ['balance XBT 1.0000518 free 0.99994411 at 1732530900789000'],
  ws_order: ['order 0 mm_bitmex_1a/oemUeQ4CAJZgP3fjHsA/550e8400-e29b-41d4-a716-446655440001 buy new 0 of 100 @ 98000 at 1732530600123000'],
  // The wallet table is not subscribed: margin carries the balance, unrealised profit apart.
  ws_wallet: [],
};

/** Three of the recorded BitMEX rows came without the frame around them. */
function framed(message: Recorded): string {
  const table = /^ws_(margin|order|wallet)$/.exec(message.name)?.[1];
  return table === undefined ? message.raw : `{"table":"${table}","action":"insert","data":[${message.raw}]}`;
}

function check(
  exchange: string,
  expected: Readonly<Record<string, readonly string[]>>,
  venueOf: (message: Recorded) => string,
  symbols: readonly string[],
): void {
  if (!needRecordings()) return;
  const found: Record<string, readonly string[]> = {};
  for (const message of recorded(exchange)) {
    const told = new Told();
    readerOf(venueOf(message), symbols, told)(framed(message));
    found[message.name] = told.lines;
  }
  expect(found).toEqual(expected);
}

describe('recorded private messages', () => {
  it('Binance spot and USD-M: each says what was written by hand', () => {
    check('binance', BINANCE, (message) => `binance-${message.market}`, ['ETHUSDT', 'BTCUSDT']);
  });
  it('Bybit: each says what was written by hand', () => {
    check('bybit', BYBIT, () => 'bybit', ['linear:BTCUSDT', 'linear:XRPUSDT', 'linear:ETHUSDT', 'spot:APEXUSDT']);
  });
  it('BitMEX: each says what was written by hand', () => {
    check('bitmex', BITMEX, () => 'bitmex', ['XBTUSD', 'ETHUSD']);
  });
});
