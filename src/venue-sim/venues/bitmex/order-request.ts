/** From the parameters of `POST /order` and `PUT /order` to ticks and lots, or BitMEX's refusal. Called by `BitmexTrading`. */
import type { Account, AmendRequest, Exchange, Order, OrderRequest } from '../../exchange/contract.js';
import type { Market } from '../../market/market.js';
import { stepsOf } from '../decimal-units.js';
import { textOf, type Params } from './params.js';
import { INVALID_PRICE, INVALID_QTY, INVALID_TICK, invalid, required, type BitmexRefusal } from './refusals.js';

export type Read<Value> = { readonly value: Value } | { readonly refusal: BitmexRefusal };

/** Longest `clOrdID`, and the highest price (`maxPrice` of the instruments). */
const MOST_ID_LENGTH = 36;
const MOST_PRICE = 1_000_000;
const TIMES: Readonly<Record<string, 'gtc' | 'ioc' | 'fok'>> = {
  GoodTillCancel: 'gtc',
  Day: 'gtc',
  ImmediateOrCancel: 'ioc',
  FillOrKill: 'fok',
};
const INSTRUCTIONS = new Set(['ParticipateDoNotInitiate', 'ReduceOnly', 'Close', 'LastPrice', 'MarkPrice', 'IndexPrice']);

const no = (refusal: BitmexRefusal): { readonly refusal: BitmexRefusal } => ({ refusal });

export function marketOf(exchange: Exchange, params: Params): Market | BitmexRefusal {
  const symbol = textOf(params, 'symbol');
  if (symbol === '') return required('symbol');
  return exchange.markets.find((market) => market.spec.symbol === symbol) ?? invalid('symbol');
}

export function readCreate(exchange: Exchange, account: Account, params: Params): Read<OrderRequest> {
  const market = marketOf(exchange, params);
  if ('message' in market) return no(market);
  const priceGiven = textOf(params, 'price');
  const type = textOf(params, 'ordType') || (priceGiven === '' ? 'Market' : 'Limit');
  // There are no conditional orders here: refused by name rather than ignored.
  if (type !== 'Limit' && type !== 'Market') return no(invalid('ordType'));
  if (textOf(params, 'stopPx') !== '' || textOf(params, 'pegOffsetValue') !== '') return no(invalid('stopPx for ordType'));
  const clientId = textOf(params, 'clOrdID');
  if (clientId.length > MOST_ID_LENGTH) return no(invalid('clOrdID'));
  const instructions = textOf(params, 'execInst')
    .split(/[ ,]+/)
    .filter((word) => word !== '');
  if (instructions.some((word) => !INSTRUCTIONS.has(word))) return no(invalid('execInst'));
  const tif = textOf(params, 'timeInForce') || (type === 'Market' ? 'ImmediateOrCancel' : 'GoodTillCancel');
  const timeInForce = TIMES[tif];
  if (timeInForce === undefined) return no(invalid('timeInForce'));
  const postOnly = instructions.includes('ParticipateDoNotInitiate');
  if (postOnly && type === 'Market') return no(invalid('execInst'));

  const isClosing = instructions.includes('Close');
  const size = readSize(exchange, account, market, params, isClosing);
  if ('refusal' in size) return size;
  const ticks = type === 'Market' ? { value: null } : readPrice(market, priceGiven);
  if ('refusal' in ticks) return ticks;
  return {
    value: {
      market,
      side: size.value.side,
      ticks: ticks.value,
      lots: size.value.lots,
      timeInForce: type === 'Market' ? 'ioc' : timeInForce,
      postOnly,
      ifWouldTake: 'cancel',
      ifNotFillable: 'cancel',
      reduceOnly: isClosing || instructions.includes('ReduceOnly'),
      ifTooMuchToReduce: 'clip',
      clientId,
      extra: { tif, execInst: instructions.join(','), text: textOf(params, 'text') || 'Submitted via API.' },
    },
  };
}

interface Size {
  readonly side: 'buy' | 'sell';
  readonly lots: number;
}

/** A negative quantity sells; a closing order without quantity takes the whole position. */
function readSize(exchange: Exchange, account: Account, market: Market, params: Params, isClosing: boolean): Read<Size> {
  const qty = textOf(params, 'orderQty');
  const sideText = textOf(params, 'side');
  if (sideText !== '' && sideText !== 'Buy' && sideText !== 'Sell') return no(invalid('side'));
  const position = exchange.position(account, market).lots;
  if (qty === '' && isClosing) {
    const side = sideText === '' ? (position > 0 ? 'sell' : 'buy') : sideText === 'Buy' ? 'buy' : 'sell';
    return { value: { side, lots: Math.max(1, Math.abs(position)) } };
  }
  const lots = readQty(exchange, market, qty.replace(/^-/, ''));
  if ('refusal' in lots) return lots;
  const isNegative = qty.startsWith('-');
  if (isNegative && sideText === 'Buy') return no(INVALID_QTY);
  return { value: { side: isNegative || sideText === 'Sell' ? 'sell' : 'buy', lots: lots.value } };
}

function readQty(exchange: Exchange, market: Market, text: string): Read<number> {
  const lots = stepsOf(text, market.spec.lotUnits, market.spec.qtyDecimals);
  const terms = exchange.terms(market);
  if (typeof lots === 'string' || lots < terms.minLots || lots > terms.maxLots) return no(INVALID_QTY);
  return { value: lots };
}

function readPrice(market: Market, text: string): Read<number> {
  const ticks = stepsOf(text, market.spec.tickUnits, market.spec.priceDecimals);
  if (ticks === 'too-fine') return no(INVALID_TICK);
  if (ticks === 'malformed' || ticks <= 0 || ticks * market.tickSize > MOST_PRICE) return no(INVALID_PRICE);
  return { value: ticks };
}

/** `leavesQty` names what shall be left instead of the whole. */
export function readAmend(exchange: Exchange, order: Order, params: Params): Read<AmendRequest> {
  const { market } = order;
  const price = textOf(params, 'price');
  const ticks = price === '' ? undefined : readPrice(market, price);
  if (ticks !== undefined && 'refusal' in ticks) return ticks;
  const qty = textOf(params, 'orderQty').replace(/^-/, '');
  const leaves = textOf(params, 'leavesQty').replace(/^-/, '');
  const lots = qty !== '' ? readQty(exchange, market, qty) : leaves === '' ? undefined : readQty(exchange, market, leaves);
  if (lots !== undefined && 'refusal' in lots) return lots;
  const clientId = textOf(params, 'clOrdID');
  if (clientId.length > MOST_ID_LENGTH) return no(invalid('clOrdID'));
  const text = textOf(params, 'text');
  return {
    value: {
      ...(ticks === undefined ? {} : { ticks: ticks.value }),
      ...(lots === undefined ? {} : { lots: lots.value + (qty === '' ? order.filledLots : 0) }),
      ...(clientId === '' || clientId === order.clientId ? {} : { clientId }),
      ifWouldTake: 'cancel',
      ...(text === '' ? {} : { extra: { ...order.extra, text } }),
    },
  };
}
