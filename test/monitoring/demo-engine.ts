/** An engine's shared memory and journal with plausible content, from a seed: for tests and screenshots of monitoring only. No thread, no socket, no wall clock. */
import {
  balanceBase,
  BALANCE_FREE,
  BALANCE_TOTAL,
  histogramBase,
  positionBase,
  POSITION_ENTRY_TICKS,
  POSITION_FILLS,
  POSITION_NET_LOTS,
  STAGES,
} from '../../src/core/memory/layout.js';
import { Histogram } from '../../src/core/memory/histogram.js';
import { makeOrderId } from '../../src/core/numbers/ids.js';
import { Reason } from '../../src/core/orders/reasons.js';
import type { RecoveredState } from '../../src/core/orders/recovered.js';
import type { MonitoringDeps } from '../../src/monitoring/deps.js';
import type { JudgementRow, PnlRow } from '../../src/monitoring/payload.js';
import type { StrategyPnlRow } from '../../src/monitoring/payload-rows.js';
import { EngineView } from '../../src/monitoring/state.js';
import * as R from '../../src/core/memory/record.js';
import { DemoMarket, SHAPES, START_WALL_US } from './demo-market.js';

const RESTING = 2;
const EMPTY_STORE = { lagBytes: 0, lagRecords: 0, behindUs: 0, records: 0, failures: 0, error: '' };
const LEVEL_NAMES = ['idle', 'placing', 'open', 'amending', 'cancelling', 'unknown', 'backoff', 'parked'];

export interface DemoOptions {
  readonly seed?: number;
  readonly simulated?: boolean;
  readonly recovered?: RecoveredState | null;
  readonly judgement?: JudgementRow | null;
}

/** Fields of a journal record; what is left out is 0. */
export type RecordFields = Partial<
  Record<
    | 'side'
    | 'flags'
    | 'timeInForce'
    | 'strategy'
    | 'reason'
    | 'instrument'
    | 'level'
    | 'orderId'
    | 'priceTicks'
    | 'qtyLots'
    | 'cumLots'
    | 'fillTicks'
    | 'fillLots'
    | 'fee'
    | 'feeAsset'
    | 'group'
    | 'state'
    | 'pnlKind'
    | 'tradeId',
    number
  >
>;

interface GridPlace {
  readonly level: number;
  readonly ticks: number;
  side: number;
  orderId: number;
  state: number;
}

export class DemoEngine extends DemoMarket {
  readonly view: EngineView;
  readonly #u8 = new Uint8Array(R.RECORD_BYTES);
  readonly #dv: DataView;
  readonly #f64: Float64Array;
  readonly #grids: GridPlace[][] = [];
  readonly #gridProfit = [0, 0];
  #arbProfit = 0;
  #fees = 0;
  #counter = 0;
  #tradeId = 1_000;

  constructor({ seed = 1, simulated = true, recovered = null, judgement = null }: DemoOptions = {}) {
    super(seed, simulated);
    this.#f64 = new Float64Array(this.#u8.buffer);
    this.#dv = new DataView(this.#u8.buffer);
    this.view = new EngineView(this.#deps(recovered, judgement));
    for (const gateway of this.view.shared.gateways) gateway.set('up', 1);
    this.#fillBalances();
  }

  /** One step of market time: prices move, books are published, grids fill, arb looks. */
  step(us = 100_000): void {
    this.move(us);
    if (this.#grids.length === 0) this.#openGrids();
    this.#fillGrids();
    this.#arb();
    this.#latencies();
    for (const lane of this.view.shared.lanes) {
      lane.add('turns', 20_000);
      lane.add('idleTurns', 19_000 + this.random() * 900);
      lane.set('heartbeatUs', this.nowUs());
    }
  }

  /** A record as the journal writer hands it to its sinks. */
  journal(kind: number, fields: RecordFields): void {
    this.#u8.fill(0);
    const at = (offset: number, value = 0): void => this.#dv.setFloat64(offset, value, true);
    this.#dv.setUint8(R.REC_KIND, kind);
    this.#dv.setUint8(R.REC_SIDE, fields.side ?? 0);
    this.#dv.setUint8(R.REC_FLAGS, fields.flags ?? 0);
    this.#dv.setUint8(R.REC_TIF, fields.timeInForce ?? 0);
    this.#dv.setUint16(R.REC_STRATEGY, fields.strategy ?? 0, true);
    this.#dv.setUint16(R.REC_REASON, fields.reason ?? 0, true);
    this.#dv.setUint32(R.REC_INSTRUMENT, fields.instrument ?? 0, true);
    this.#dv.setUint32(R.REC_LEVEL, fields.level ?? 0, true);
    at(R.REC_ORDER_ID, fields.orderId);
    at(R.REC_PRICE, fields.priceTicks);
    at(R.REC_QTY, fields.qtyLots);
    at(R.REC_CUM, fields.cumLots);
    at(R.REC_FILL_PRICE, fields.fillTicks);
    at(R.REC_FILL_QTY, fields.fillLots);
    at(R.REC_FEE, fields.fee);
    this.#dv.setUint16(R.REC_FEE_ASSET, fields.feeAsset ?? 0, true);
    this.#dv.setUint16(R.REC_GROUP, fields.group ?? 0, true);
    this.#dv.setUint8(R.REC_STATE, fields.state ?? 0);
    this.#dv.setUint8(R.REC_PNL_KIND, fields.pnlKind ?? 0);
    at(R.REC_TRADE_ID, fields.tradeId);
    at(R.REC_TS_US, this.wallUs());
    this.view.onRecord(this.#u8, this.#f64, 0);
    this.view.shared.writer.add('records', 1);
    this.view.shared.writer.add('bytes', 144);
  }

  nextOrderId(strategy: number, level: number): number {
    return makeOrderId(this.tables.run, strategy, level, ++this.#counter);
  }

  nextTradeId(): number {
    return ++this.#tradeId;
  }

  pnl(): PnlRow[] {
    const zero = { other: '0', funding: '0', conversion: '0', rounding: '0', unexplained: '0', residual: '0' };
    const grid = (this.#gridProfit[0] ?? 0) + (this.#gridProfit[1] ?? 0);
    const trend = Math.sin(this.elapsedUs / 50e6) * 3.1;
    const equity = grid + this.#arbProfit + trend - this.#fees;
    return [
      {
        asset: 'USDT',
        grid: grid.toFixed(6),
        arb: this.#arbProfit.toFixed(6),
        trend: trend.toFixed(6),
        fees: (-this.#fees).toFixed(6),
        equityChange: equity.toFixed(6),
        ...zero,
      },
      { asset: 'BTC', grid: '0', arb: '0.00000412', trend: '0.00118', fees: '-0.00000236', equityChange: '0.00118176', ...zero },
    ];
  }

  strategyPnl(): StrategyPnlRow[] {
    return [
      { strategy: 'btc-grid', asset: 'USDT', matched: (this.#gridProfit[0] ?? 0).toFixed(6), trend: '0', fees: '-0.41', funding: '0' },
      { strategy: 'perp-grid', asset: 'USDT', matched: (this.#gridProfit[1] ?? 0).toFixed(6), trend: '0', fees: '-0.52', funding: '0' },
      { strategy: 'btc-cross', asset: 'USDT', matched: this.#arbProfit.toFixed(6), trend: '0', fees: '-1.2', funding: '0' },
    ];
  }

  #deps(recovered: RecoveredState | null, judgement: JudgementRow | null): MonitoringDeps {
    return {
      views: this.views,
      plan: this.plan,
      tables: this.tables,
      clock: { nowUs: () => this.nowUs(), wallUs: () => this.wallUs() },
      version: '0.1.0',
      pid: 4711,
      dataDir: 'thor-data/sim',
      startedUs: START_WALL_US,
      speed: 1,
      laneNames: ['service', 'feeds', 'hot'],
      watchdogMs: 5_000,
      recovered,
      judgement: () => judgement,
      levelStates: (kind) => (kind === 'grid' ? LEVEL_NAMES : []),
      pnl: () => this.pnl(),
      strategyPnl: () => this.strategyPnl(),
      stores: () => [
        { ...EMPTY_STORE, name: 'lmdb', state: 'current', records: 91_204 },
        {
          ...EMPTY_STORE,
          name: 'mongo',
          state: 'failing',
          lagBytes: 16_329_600,
          lagRecords: 120_070,
          behindUs: 412_000_000,
          records: 2_113,
          failures: 27,
          error: 'connect ECONNREFUSED 127.0.0.1:27017',
        },
      ],
      config: () => ({ venues: [{ id: 'binance-spot', keys: 'env:BINANCE' }], secret: 'hunter2' }),
      transport: () => ({ http: 'node', feeds: 'own' }),
    };
  }

  #openGrids(): void {
    for (const [strategy, instrument, step] of [
      [0, 0, 14],
      [1, 4, 20],
    ] as const) {
      const shape = SHAPES[instrument];
      if (shape === undefined) continue;
      const mid = this.midTicks[instrument] ?? 0;
      const places: GridPlace[] = [];
      for (let i = 0; i < 24; i++) {
        const offset = i - 11.5;
        const ticks = Math.round(mid + (offset * step) / Number(shape.tick));
        places.push({ level: i, ticks, side: offset < 0 ? R.SIDE_BUY : R.SIDE_SELL, orderId: 0, state: 0 });
      }
      this.#grids.push(places);
      for (const place of places) {
        const isNear = Math.abs(place.level - 11.5) < 9;
        if (isNear) this.#place(strategy, instrument, place);
        else this.#publish(strategy, instrument, place, place.level === 1 ? 7 : 0);
      }
    }
  }

  #qty(instrument: number): number {
    return Math.round(0.012 / Number(SHAPES[instrument]?.lot ?? '1'));
  }

  #place(strategy: number, instrument: number, place: GridPlace): void {
    place.orderId = this.nextOrderId(strategy, place.level);
    const order = this.#orderFields(strategy, instrument, place);
    this.journal(R.RecordKind.CREATE, { ...order, flags: R.FLAG_POST_ONLY });
    this.journal(R.RecordKind.ACK, order);
    this.#publish(strategy, instrument, place, RESTING);
  }

  #orderFields(strategy: number, instrument: number, place: GridPlace): RecordFields {
    const { level, side, orderId, ticks } = place;
    return { strategy, instrument, level, side, orderId, priceTicks: ticks, qtyLots: this.#qty(instrument), pnlKind: R.PNL_GRID };
  }

  #publish(strategy: number, instrument: number, place: GridPlace, state: number): void {
    place.state = state;
    const { orderId: _, ...rest } = this.#orderFields(strategy, instrument, place);
    this.journal(R.RecordKind.LEVEL, { ...rest, state });
  }

  #fillGrids(): void {
    this.#grids.forEach((places, strategy) => {
      const instrument = strategy === 0 ? 0 : 4;
      const mid = this.midTicks[instrument] ?? 0;
      for (const place of places) {
        const isHit = place.side === R.SIDE_BUY ? mid <= place.ticks : mid >= place.ticks;
        if (place.state !== RESTING || !isHit) continue;
        const order = this.#orderFields(strategy, instrument, place);
        const lots = order.qtyLots ?? 0;
        const value = place.ticks * Number(SHAPES[instrument]?.tick ?? '1') * 0.012;
        const fee = Math.round(value * 0.0002 * 1e8);
        const fill = { ...order, fillTicks: place.ticks, fillLots: lots, cumLots: lots, fee, feeAsset: 0, tradeId: this.nextTradeId() };
        this.journal(R.RecordKind.FILL, { ...fill, flags: R.FLAG_MAKER });
        this.#fees += fee / 1e8;
        this.#gridProfit[strategy] = (this.#gridProfit[strategy] ?? 0) + (place.side === R.SIDE_SELL ? 0.168 : 0);
        place.side = place.side === R.SIDE_BUY ? R.SIDE_SELL : R.SIDE_BUY;
        this.#publish(strategy, instrument, place, 0);
        const other = places[place.level + (place.side === R.SIDE_SELL ? 1 : -1)];
        if (other !== undefined && other.state !== RESTING) {
          other.side = place.side;
          this.#place(strategy, instrument, other);
        }
        this.#setPosition(strategy, instrument, fill.side === R.SIDE_BUY ? lots : -lots, place.ticks);
      }
    });
  }

  #arb(): void {
    const strategy = this.view.shared.strategies[2];
    if (this.random() < 0.3) {
      const reasons = [
        Reason.EDGE_TOO_SMALL,
        Reason.EDGE_TOO_SMALL,
        Reason.EDGE_TOO_SMALL,
        Reason.BOOK_TOO_OLD,
        Reason.NO_BALANCE,
        Reason.LEG_PENDING,
      ];
      const reason = reasons[Math.floor(this.random() * reasons.length)] ?? Reason.EDGE_TOO_SMALL;
      const who = this.random() < 0.7 ? 2 : 3;
      this.view.shared.strategies[who]?.add('refused', 1);
      this.#reason(this.plan.refusalReasons, who, reason);
      this.journal(R.RecordKind.REFUSED, { strategy: who, instrument: 0, reason });
    }
    if (this.random() < 0.01) {
      this.#reason(this.plan.riskReasons, 1, Reason.SELF_TRADE);
      this.view.shared.orders[1]?.add('denied', 1);
      this.journal(R.RecordKind.DENIED, {
        strategy: 1,
        instrument: 4,
        level: 4,
        priceTicks: this.mid(4),
        qtyLots: 12,
        reason: Reason.SELF_TRADE,
      });
    }
    if (this.random() >= 0.02) return;
    strategy?.add('taken', 1);
    this.journal(R.RecordKind.TAKEN, { strategy: 2, instrument: 0, group: 7 });
    for (const [instrument, side] of [
      [0, R.SIDE_BUY],
      [5, R.SIDE_SELL],
    ] as const) {
      const orderId = this.nextOrderId(2, instrument);
      const qtyLots = Math.round(0.02 / Number(SHAPES[instrument]?.lot ?? '1'));
      const order = {
        strategy: 2,
        instrument,
        level: instrument,
        side,
        orderId,
        priceTicks: this.mid(instrument),
        qtyLots,
        pnlKind: R.PNL_ARB,
      };
      this.journal(R.RecordKind.CREATE, { ...order, timeInForce: R.TIF_IOC });
      const fee = 123_400_000;
      this.journal(R.RecordKind.FILL, {
        ...order,
        fillTicks: order.priceTicks,
        fillLots: qtyLots,
        cumLots: qtyLots,
        fee,
        tradeId: this.nextTradeId(),
      });
      this.#fees += fee / 1e8 / 10;
    }
    this.#arbProfit += 0.4 + this.random() * 1.5;
  }

  #reason(base: number, strategy: number, reason: number): void {
    const word = (base + 1024 * strategy) / 8 + reason;
    this.views.f64[word] = (this.views.f64[word] ?? 0) + 1;
  }

  #latencies(): void {
    const typical = { frameToBook: 1.6, tickToOrder: 14, orderToBytes: 90, orderToAck: 5_600, orderToDurable: 2_400 };
    STAGES.forEach((stage) => {
      const lane = stage === 'frameToBook' ? 1 : stage === 'tickToOrder' ? 2 : 0;
      const histogram = new Histogram(this.views, histogramBase(this.plan, lane, stage));
      const count = stage === 'frameToBook' ? 40 : 1;
      for (let i = 0; i < count; i++) histogram.record(typical[stage] * Math.exp((this.random() + this.random() - 1) * 1.4));
    });
  }

  #setPosition(strategy: number, instrument: number, lots: number, ticks: number): void {
    const base = positionBase(this.plan, strategy + 1, instrument) >> 3;
    const f64 = this.views.f64;
    f64[base + (POSITION_NET_LOTS >> 3)] = (f64[base + (POSITION_NET_LOTS >> 3)] ?? 0) + lots;
    f64[base + (POSITION_ENTRY_TICKS >> 3)] = ticks;
    f64[base + (POSITION_FILLS >> 3)] = (f64[base + (POSITION_FILLS >> 3)] ?? 0) + 1;
  }

  #fillBalances(): void {
    this.tables.venues.forEach((_, venue) => {
      const base = balanceBase(this.plan, venue, 0) >> 3;
      this.views.f64[base + (BALANCE_TOTAL >> 3)] = 100_000;
      this.views.f64[base + (BALANCE_FREE >> 3)] = 91_250.5;
    });
  }
}
