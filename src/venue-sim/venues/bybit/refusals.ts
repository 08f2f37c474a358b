/** Bybit v5's refusals: code and text as its document "Error Codes" and its clients' bug reports show them (2026-11). Shared by REST and the trade socket. */

export interface BybitRefusal {
  readonly code: number;
  readonly message: string;
  /** HTTP status of a REST answer; 200 when absent. */
  readonly status?: number;
}

function refusal(code: number, message: string, status?: number): BybitRefusal {
  return status === undefined ? { code, message } : { code, message, status };
}

export const INVALID_KEY = refusal(10_003, 'API key is invalid.', 401);
export const KEY_MAY_NOT = refusal(10_005, 'Permission denied, please check your API key permissions.');
export const TOO_MANY_VISITS = refusal(10_006, 'Too many visits. Exceeded the API Rate Limit.');
export const ILLEGAL_CATEGORY = refusal(10_001, 'Illegal category');
export const BAD_SYMBOL = refusal(10_001, 'params error: symbol invalid');
export const NOT_A_JSON_BODY = refusal(10_001, 'The request body is not a JSON object.');

export function badParameter(name: string): BybitRefusal {
  return refusal(10_001, `params error: ${name} invalid`);
}

export function missingParameter(name: string): BybitRefusal {
  return refusal(10_001, `params error: ${name} is required`);
}

export function badSignature(origin: string): BybitRefusal {
  return refusal(10_004, `error sign! origin_string[${origin}]`);
}

export function outsideWindow(requestMs: string, serverMs: number, windowMs: string): BybitRefusal {
  return refusal(
    10_002,
    `invalid request, please check your server timestamp or recv_window param. req_timestamp[${requestMs}],server_timestamp[${serverMs}],recv_window[${windowMs}]`,
  );
}

/** Contracts name things differently from spot. */
export const CONTRACT = {
  badQty: refusal(10_001, 'Qty invalid'),
  badPrice: refusal(10_001, 'Price invalid'),
  belowLeast: refusal(10_001, 'The number of contracts exceeds minimum limit allowed'),
  aboveMost: refusal(10_001, 'The number of contracts exceeds maximum limit allowed: too large'),
  positionMode: refusal(10_001, 'position idx not match position mode'),
  unknownOrder: refusal(110_001, 'order not exists or too late to cancel'),
  unknownAmended: refusal(110_001, 'order not exists or too late to replace'),
  priceOutOfRange: refusal(110_003, 'Order price exceeds the allowable range.'),
  notEnough: refusal(110_007, 'ab not enough for new order'),
  tooManyOrders: refusal(110_020, 'You are not allowed to have more than 500 active orders'),
  nothingToReduce: refusal(110_017, 'current position is zero, cannot fix reduce-only order qty'),
  wouldNotReduce: refusal(110_017, 'orderQty will be truncated to zero.'),
  amendedBelowFilled: refusal(110_064, 'The number of contracts modified cannot be less than or equal to the filled quantity.'),
  modeNotModified: refusal(110_025, 'Position mode is not modified'),
  modeNotOffered: refusal(110_029, 'Hedge mode is not available for this symbol'),
  leverageNotModified: refusal(110_043, 'leverage not modified'),
  leverageOutOfRange: refusal(10_001, 'leverage invalid'),
  leverageTooHigh: refusal(110_013, 'cannot set leverage due to risk limit'),
  nothingModified: refusal(10_001, 'order not modified'),
  duplicate: refusal(110_072, 'OrderLinkedID is duplicate'),
  notIsolated: refusal(10_001, 'Margin can be added to isolated positions only.'),
  stopsNotModified: refusal(34_040, 'not modified'),
  belowNotional: refusal(110_094, 'Order does not meet minimum order value 5USDT'),
} as const;

export const SPOT = {
  emptyParameter: (name: string): BybitRefusal => refusal(170_105, `Parameter '${name}' was empty.`),
  badParameter: (name: string): BybitRefusal => refusal(170_130, `Data sent for parameter '${name}' is not valid.`),
  badTimeInForce: refusal(170_115, 'Invalid timeInForce.'),
  badType: refusal(170_116, 'Invalid orderType.'),
  badSide: refusal(170_117, 'Invalid side.'),
  badSymbol: refusal(170_121, 'Invalid symbol.'),
  valueAboveMost: refusal(170_124, 'Order amount too large.'),
  notEnough: refusal(170_131, 'Insufficient balance.'),
  priceTooFine: refusal(170_134, 'Order price has too many decimals.'),
  aboveMost: refusal(170_135, 'Order quantity exceeded upper limit.'),
  belowLeast: refusal(170_136, 'Order quantity exceeded lower limit.'),
  qtyTooFine: refusal(170_137, 'Order quantity has too many decimals.'),
  belowNotional: refusal(170_140, 'Order value exceeded lower limit.'),
  duplicate: refusal(170_141, 'Duplicate clientOrderId.'),
  amountTooFine: refusal(170_148, 'Market order amount decimal too long.'),
  buyTooHigh: (price: string): BybitRefusal => refusal(170_193, `Buy order price cannot be higher than ${price}.`),
  sellTooLow: (price: string): BybitRefusal => refusal(170_194, `Sell order price cannot be lower than ${price}.`),
  tooManyOrders: refusal(170_210, 'New order rejected.'),
  unknownOrder: refusal(170_213, 'Order does not exist.'),
} as const;

/** Failures of the simulated matching system, as faults ask for them. */
export const SERVER_ERROR = refusal(10_016, 'Internal System Error.');
