/**
 * A request that a Binance venue answers with an error: its HTTP status, code and text (errors pages of the spot, USD-M and COIN-M documents, 2026-11).
 * Thrown while a request is read or carried out and turned into the answer in one place; never thrown past the venue.
 */
export class BinanceRefusal extends Error {
  readonly status: number;
  readonly code: number;
  /** Further fields of the answer beside code and text. */
  readonly data: unknown;

  constructor(code: number, text: string, status = 400, data?: unknown) {
    super(text);
    this.status = status;
    this.code = code;
    this.data = data;
  }

  /** The answer's body; also one item of a batch answer. */
  body(): Record<string, unknown> {
    const body: Record<string, unknown> = { code: this.code, msg: this.message };
    if (this.data !== undefined) body['data'] = this.data;
    return body;
  }
}

export const refusals = {
  noKey: () => new BinanceRefusal(-2014, 'API-key format invalid.', 401),
  unknownKey: () => new BinanceRefusal(-2015, 'Invalid API-key, IP, or permissions for action.', 401),
  badSignature: () => new BinanceRefusal(-1022, 'Signature for this request is not valid.'),
  late: () => new BinanceRefusal(-1021, 'Timestamp for this request is outside of the recvWindow.'),
  early: () => new BinanceRefusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time."),
  windowTooWide: () => new BinanceRefusal(-1131, 'recvWindow must be less than 60000.'),
  missing: (name: string) => new BinanceRefusal(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`),
  oneOf: (a: string, b: string) => new BinanceRefusal(-1102, `Param '${a}' or '${b}' must be sent, but both were empty/null!`),
  illegal: (name: string, range: string) =>
    new BinanceRefusal(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`),
  duplicate: () => new BinanceRefusal(-1101, 'Duplicate values for a parameter detected.'),
  unread: (read: number, sent: number) =>
    new BinanceRefusal(-1104, `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${sent}'.`),
  empty: (name: string) => new BinanceRefusal(-1105, `Parameter '${name}' was empty.`),
  notRequired: (name: string) => new BinanceRefusal(-1106, `Parameter '${name}' sent when not required.`),
  badTimeInForce: () => new BinanceRefusal(-1115, 'Invalid timeInForce.'),
  badType: () => new BinanceRefusal(-1116, 'Invalid orderType.'),
  badSide: () => new BinanceRefusal(-1117, 'Invalid side.'),
  badSymbol: () => new BinanceRefusal(-1121, 'Invalid symbol.'),
  badListenKey: () => new BinanceRefusal(-1125, 'This listenKey does not exist.'),
  badData: (name: string) => new BinanceRefusal(-1130, `Data sent for parameter '${name}' is not valid.`),
  unknownOrder: () => new BinanceRefusal(-2011, 'Unknown order sent.'),
  noSuchOrder: () => new BinanceRefusal(-2013, 'Order does not exist.'),
  wrongClientId: () => new BinanceRefusal(-2039, 'Client order ID is not correct for this order ID.'),
  filter: (name: string) => new BinanceRefusal(-1013, `Filter failure: ${name}`),
} as const;
