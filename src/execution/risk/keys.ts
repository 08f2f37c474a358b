/** The risk block of the configuration as plain data: every key with unit, default, range and reason. Read by the parser, by editors' schemas and by `config new`. */
export interface RiskKey {
  readonly key: string;
  readonly unit: string;
  readonly type: 'decimal' | 'integer' | 'choice' | 'time';
  readonly default: string | number;
  readonly min: string | number;
  readonly max: string | number;
  readonly choices?: readonly string[];
  readonly reason: string;
  /** May stand under `instruments: { VENUE:SYMBOL: { ... } }` too. */
  readonly perInstrument: boolean;
}

/** More than anybody has. */
export const MOST = '1000000000000';

export const RISK_KEYS: readonly RiskKey[] = [
  {
    key: 'maxNotional',
    unit: 'quote',
    type: 'decimal',
    default: '100000',
    min: '0',
    max: MOST,
    perInstrument: true,
    reason: 'largest value of one order: a slipped digit stops here (settle units for quanto contracts)',
  },
  {
    key: 'maxQty',
    unit: 'base or contracts',
    type: 'decimal',
    default: MOST,
    min: '0',
    max: MOST,
    perInstrument: true,
    reason: 'largest quantity of one order; the instrument has its own maximum too',
  },
  {
    key: 'maxPositionNotional',
    unit: 'quote',
    type: 'decimal',
    default: '1000000',
    min: '0',
    max: MOST,
    perInstrument: true,
    reason: 'largest position of an instrument if every open order on one side fills',
  },
  {
    key: 'maxPosition',
    unit: 'base or contracts',
    type: 'decimal',
    default: MOST,
    min: '0',
    max: MOST,
    perInstrument: true,
    reason: 'the same in quantity',
  },
  {
    key: 'maxOpenOrders',
    unit: 'orders',
    type: 'integer',
    default: 200,
    min: 1,
    max: 100_000,
    perInstrument: true,
    reason: 'open orders of one instrument; never above what the venue takes',
  },
  {
    key: 'maxOpenOrdersVenue',
    unit: 'orders',
    type: 'integer',
    default: 1000,
    min: 1,
    max: 100_000,
    perInstrument: false,
    reason: 'open orders of one venue',
  },
  {
    key: 'collarRatio',
    unit: 'ratio',
    type: 'decimal',
    default: '0.05',
    min: '0.0001',
    max: '10',
    perInstrument: true,
    reason: 'how far through the middle (and the mark) an order may be priced towards the market',
  },
  {
    key: 'farRatio',
    unit: 'ratio',
    type: 'decimal',
    default: '0.5',
    min: '0.0001',
    max: '1',
    perInstrument: true,
    reason: 'how far away from the middle an order may rest',
  },
  {
    key: 'bookMaxAgeMs',
    unit: 'ms',
    type: 'integer',
    default: 10_000,
    min: 1,
    max: 3_600_000,
    perInstrument: true,
    reason: 'a book older than this prices nothing; the feed marks its own staleness earlier',
  },
  {
    key: 'messagesPerSecond',
    unit: '1/s',
    type: 'integer',
    default: 100,
    min: 1,
    max: 100_000,
    perInstrument: false,
    reason: 'new orders and amends of one strategy, sustained: stops a runaway loop',
  },
  {
    key: 'messageBurst',
    unit: 'messages',
    type: 'integer',
    default: 500,
    min: 1,
    max: 1_000_000,
    perInstrument: false,
    reason: 'new orders and amends of one strategy at once: a whole ladder starts in one go',
  },
  {
    key: 'cancelToFill',
    unit: 'ratio',
    type: 'integer',
    default: 200,
    min: 1,
    max: 1_000_000,
    perInstrument: false,
    reason: 'cancels and amends of a strategy for each of its fills, halved every ten minutes; venues fine worse ratios',
  },
  {
    key: 'cancelGrace',
    unit: 'messages',
    type: 'integer',
    default: 2000,
    min: 0,
    max: 1_000_000,
    perInstrument: false,
    reason: 'cancels and amends that are free of that ratio: a quiet market has no fills',
  },
  {
    key: 'maxLeverage',
    unit: 'ratio',
    type: 'decimal',
    default: '100',
    min: '0.01',
    max: '1000',
    perInstrument: true,
    reason:
      "contracts of one wallet, open orders included, over the wallet and its unrealised profit; also the most that the venue's own setting may be",
  },
  {
    key: 'selfTrade',
    unit: '',
    type: 'choice',
    default: 'block',
    min: '',
    max: '',
    choices: ['block', 'cancel'],
    perInstrument: false,
    reason:
      'a new order that would meet one of ours is refused either way; cancel: what it would meet is cancelled, and it may be asked for again once that is confirmed',
  },
  {
    key: 'drawdownFrom',
    unit: 'UTC time',
    type: 'time',
    default: '1970-01-01T00:00:00Z',
    min: '1970-01-01T00:00:00Z',
    max: '2100-01-01T00:00:00Z',
    perInstrument: false,
    reason: 'drawdown counts from the best result after this moment: after one was reached, the time of the decision to trade on',
  },
  {
    key: 'state',
    unit: '',
    type: 'choice',
    default: 'active',
    min: '',
    max: '',
    choices: ['active', 'reducing', 'halted'],
    perInstrument: false,
    reason: 'reducing: only orders that make a position smaller; halted: none',
  },
];

/** A block of limits by asset. */
export interface RiskBlock {
  readonly key: 'exposure' | 'dailyLoss' | 'drawdown';
  readonly unit: string;
  readonly min: string;
  readonly reason: string;
  /** As it stands in a file. */
  readonly example: string;
}

export const RISK_BLOCKS: readonly RiskBlock[] = [
  {
    key: 'exposure',
    unit: 'coins',
    min: '0',
    reason: 'coin to its largest exposure over all venues, positions and open orders of one direction together',
    example: "{ BTC: '2' }",
  },
  {
    key: 'dailyLoss',
    unit: 'settle units',
    min: '0.00000001',
    reason: 'settle asset to what may be lost of it in one UTC day, realised and unrealised; then only what makes positions smaller goes',
    example: "{ USDT: '500' }",
  },
  {
    key: 'drawdown',
    unit: 'settle units',
    min: '0.00000001',
    reason: 'settle asset to what may be lost of it since the best result so far',
    example: "{ USDT: '2000' }",
  },
];
