/** One account at each venue after one trade of ours: what stands in the venue's books, worked out by hand, and what the engine has. */
import type { Clock, TimerHandle, Timers } from '../../src/core/ports/clock.js';
import { clientOrderIdOf, makeOrderId, tradeIdOf } from '../../src/core/numbers/ids.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { AccountOpening, EngineAccount, EngineFill, EngineOrder } from '../../src/judge/engine-account.js';
import { judge, type JudgeOptions, type Verdict } from '../../src/judge/judge.js';
import { KEY, PlainVenue, SECRET } from './plain-venue.js';

export const TAG = 'ab1';
export const OPEN_ID = clientOrderIdOf(makeOrderId(1, 0, 1, 1), TAG);
export const DONE_ID = clientOrderIdOf(makeOrderId(1, 0, 1, 2), TAG);
export const OTHER_ID = clientOrderIdOf(makeOrderId(1, 0, 1, 3), TAG);

/** Waiting takes no time here: the clock goes on by what was to be waited. */
export class InstantTime implements Clock, Timers {
  #us = 1_700_000_000_000_000;
  #next = 1;

  nowUs(): number {
    return this.#us;
  }
  wallUs(): number {
    return this.#us;
  }
  after(delayMs: number, run: () => void): TimerHandle {
    this.#us += delayMs * 1000;
    queueMicrotask(run);
    return { id: this.#next++ };
  }
  every(): TimerHandle {
    throw new Error('the judge has nothing to do regularly');
  }
  cancel(): void {
    throw new Error('the judge waits to the end');
  }
}

interface Numbers {
  readonly venue: string;
  readonly instrument: Partial<Instrument> & Pick<Instrument, 'symbol' | 'kind'>;
  readonly opening: Readonly<Record<string, string>>;
  readonly trade: {
    readonly side: 'buy' | 'sell';
    readonly price: string;
    readonly qty: string;
    readonly fee: string;
    readonly feeAsset: string;
  };
  readonly wallets: Readonly<Record<string, string>>;
  readonly position: { readonly qty: string; readonly mark: string; readonly unrealised: string } | null;
  /** As the venue names trade 7. */
  readonly tradeId: string;
  /** The smallest step of a wallet. */
  readonly unit: string;
}

export const SCENES: readonly Numbers[] = [
  {
    // 0.01 BTC for 600 USDT, the fee in what was bought.
    venue: 'binance-spot',
    instrument: { symbol: 'BTCUSDT', kind: 'spot' },
    opening: { USDT: '1000', BTC: '0.5' },
    trade: { side: 'buy', price: '60000.00', qty: '0.01000', fee: '0.00001000', feeAsset: 'BTC' },
    wallets: { USDT: '400.00000000', BTC: '0.50999000' },
    position: null,
    tradeId: '7',
    unit: '0.00000001',
  },
  {
    // Worth 601.0012345678 at the mark, as the venue rounds it 601.00123457; bought for 600.
    venue: 'binance-usdm',
    instrument: { symbol: 'BTCUSDT', kind: 'linear' },
    opening: { USDT: '1000' },
    trade: { side: 'buy', price: '60000.00', qty: '0.010', fee: '0.12000000', feeAsset: 'USDT' },
    wallets: { USDT: '999.88000000' },
    position: { qty: '0.010', mark: '60100.12345678', unrealised: '1.00123457' },
    tradeId: '7',
    unit: '0.00000001',
  },
  {
    // 10 contracts of 100 dollars: 0.02 BTC at 50,000, 0.025 BTC at 40,000: a long one lost 0.005.
    venue: 'binance-coinm',
    instrument: { symbol: 'BTCUSD_PERP', kind: 'inverse', multiplier: '100', settle: 'BTC', lotSize: '1' },
    opening: { BTC: '1' },
    trade: { side: 'buy', price: '50000.0', qty: '10', fee: '0.00001000', feeAsset: 'BTC' },
    wallets: { BTC: '0.99999000' },
    position: { qty: '10', mark: '40000.00000000', unrealised: '-0.00500000' },
    tradeId: '7',
    unit: '0.00000001',
  },
  {
    // Sold for 600, worth 601.005.
    venue: 'bybit',
    instrument: { symbol: 'linear:BTCUSDT', kind: 'linear' },
    opening: { USDT: '1000' },
    trade: { side: 'sell', price: '60000', qty: '0.01', fee: '0.33', feeAsset: 'USDT' },
    wallets: { USDT: '999.67' },
    position: { qty: '-0.01', mark: '60100.5', unrealised: '-1.005' },
    tradeId: 'e-7',
    unit: '0.00000001',
  },
  {
    // Nine lots, each worth 310,747 satoshi at 32,180.5 and 303,030 at 33,000: a short one lost 69,453.
    venue: 'bitmex',
    instrument: { symbol: 'XBTUSD', kind: 'inverse', settle: 'XBT', lotSize: '100' },
    opening: { XBT: '1' },
    trade: { side: 'sell', price: '32180.5', qty: '900', fee: '0.00001398', feeAsset: 'XBT' },
    wallets: { XBT: '0.99998602' },
    position: { qty: '-900', mark: '33000', unrealised: '-0.00069453' },
    tradeId: 't-7',
    unit: '0.00000001',
  },
];

export class Scene {
  readonly time = new InstantTime();
  readonly venue: PlainVenue;
  readonly instrument: Instrument;
  opening: AccountOpening;
  orders: EngineOrder[];
  fills: EngineFill[];
  positions: { instrument: string; qty: string }[];
  fundings: { asset: string; amount: string }[] = [];
  secret = SECRET;
  readonly numbers: Numbers;

  constructor(numbers: Numbers) {
    this.numbers = numbers;
    const { venue, trade, position } = numbers;
    const { symbol } = numbers.instrument;
    this.instrument = {
      index: 0,
      id: `${venue}:${symbol}`,
      venue,
      base: 'BTC',
      quote: 'USDT',
      settle: 'USDT',
      tickSize: '0.1',
      lotSize: '0.001',
      multiplier: '1',
      minQty: '0',
      maxQty: '0',
      minNotional: '0',
      maxOpenOrders: 200,
      makerFee: '0',
      takerFee: '0',
      feeAssetBuy: '',
      feeAssetSell: '',
      source: 'venue',
      ...numbers.instrument,
    };
    const id = this.instrument.id;
    this.venue = new PlainVenue(venue, () => this.time.wallUs() / 1000);
    const openedMs = this.time.wallUs() / 1000 - 3_600_000;
    const common = { symbol, side: trade.side, price: trade.price };
    this.venue.orders = [
      { ...common, clientId: OPEN_ID, id: '101', qty: '0.5', filled: '0', state: 'open' },
      { ...common, clientId: DONE_ID, id: '102', qty: trade.qty, filled: trade.qty, state: 'filled' },
    ];
    this.venue.trades = [
      { ...trade, id: 3, orderId: '90', symbol, timeMs: openedMs - 1000 },
      { ...trade, id: 7, orderId: '102', symbol, timeMs: openedMs + 1000 },
    ];
    this.venue.wallets = new Map(Object.entries(numbers.wallets));
    if (position !== null) this.venue.positions = [{ symbol, ...position }];
    this.opening = {
      venue,
      atUs: openedMs * 1000,
      wallets: numbers.opening,
      cash: numbers.opening,
      positions: {},
      cursor: { [id]: venue.startsWith('binance') ? '4' : String(openedMs) },
    };
    this.orders = [{ clientId: OPEN_ID, instrument: id, side: trade.side, price: trade.price, qty: '0.50', filled: '0', state: 'open' }];
    this.fills = [{ ...trade, clientId: DONE_ID, instrument: id, tradeId: tradeIdOf(numbers.tradeId) }];
    this.positions = position === null ? [] : [{ instrument: id, qty: position.qty }];
  }

  /** Another trade of an order of this client id at the venue: the wallets move by its fee alone, the position by nothing (its price is the mark). */
  get engine(): EngineAccount {
    return { orders: this.orders, fills: this.fills, positions: this.positions, fundings: this.fundings };
  }

  async judge(more: Partial<JudgeOptions> = {}, engine = (): EngineAccount => this.engine): Promise<Verdict> {
    return judge({
      http: this.venue,
      clock: this.time,
      timers: this.time,
      tag: TAG,
      tries: 2,
      venues: [
        {
          venue: this.numbers.venue,
          rest: 'http://venue',
          credentials: { apiKey: KEY, secret: this.secret },
          instruments: [this.instrument],
          opening: this.opening,
          engine: () => Promise.resolve(engine()),
        },
      ],
      ...more,
    });
  }
}
