/** BitMEX's refusals: texts and HTTP statuses as its document on REST messages and its clients' bug reports show them (2017 to 2026). Shared by REST and sockets. */

export interface BitmexRefusal {
  readonly status: number;
  readonly message: string;
  readonly name: 'HTTPError' | 'ValidationError' | 'RateLimitError';
}

function refusal(status: number, message: string, name: BitmexRefusal['name'] = 'HTTPError'): BitmexRefusal {
  return { status, message, name };
}

export const AUTHORIZATION_REQUIRED = refusal(401, 'Authorization Required');
export const INVALID_KEY = refusal(401, 'Invalid API Key.');
export const BAD_SIGNATURE = refusal(401, 'Signature not valid.');
export const ACCESS_DENIED = refusal(403, 'Access Denied');
export const NOT_FOUND = refusal(404, 'Not Found');
export const DUPLICATE_CLIENT_ID = refusal(400, 'Duplicate clOrdID');
export const INVALID_QTY = refusal(400, 'Invalid orderQty');
export const INVALID_PRICE = refusal(400, 'Invalid price');
export const INVALID_TICK = refusal(400, 'Invalid price tickSize');
export const INVALID_STATUS = refusal(400, 'Invalid ordStatus');
export const NOTHING_AMENDED = refusal(400, 'Invalid amend: orderQty, leavesQty, price, stopPx unchanged', 'ValidationError');
export const TOO_MANY_ORDERS = refusal(400, 'Too many open orders');
export const INVALID_LEVERAGE = refusal(400, 'Invalid leverage');
export const OVERLOADED = refusal(503, 'The system is currently overloaded. Please try again later.');

export function required(name: string): BitmexRefusal {
  return refusal(400, `'${name}' is a required arg.`);
}

export function invalid(name: string): BitmexRefusal {
  return refusal(400, `Invalid ${name}`);
}

export function expired(nowSeconds: number): BitmexRefusal {
  return refusal(400, `This request has expired - \`expires\` is in the past. Current time: ${nowSeconds}`);
}

export function oldNonce(nonce: string, last: string): BitmexRefusal {
  return refusal(401, `Nonce is not increasing. This nonce: ${nonce}, last nonce: ${last}`);
}

export function notEnough(requiredUnits: bigint, currency: string): BitmexRefusal {
  return refusal(400, `Account has insufficient Available Balance, ${requiredUnits} ${currency} required`, 'ValidationError');
}

export function rateLimited(seconds: number): BitmexRefusal {
  return refusal(429, `Rate limit exceeded, retry in ${seconds} seconds.`, 'RateLimitError');
}
