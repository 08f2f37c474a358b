/**
 * Positions and wallets as the venue reads them, against our own. Fills are the truth of positions, so nothing here changes one: a difference is an audit row, and
 * one that a second reading confirms, without a fill in between, is counted and said. A confirmed balance is taken over, because it guards what can be paid.
 * Called by the reconciler on the hot lane.
 */
import { REC_FEE, REC_FEE_ASSET, REC_INSTRUMENT, REC_QTY } from '../core/memory/record.js';
import { Reason } from '../core/orders/reasons.js';
import type { Desk } from './desk.js';

/** Balances are sums of floats, and venues round each flow: what is off by less than this a fill is not off. */
const UNIT_SLACK = 1e-8;
const SHARE_SLACK = 1e-9;

export class Readings {
  readonly #desk: Desk;
  readonly #notice: (text: string) => void;
  /** By instrument: the venue's lots in this reading. */
  readonly #lots: Float64Array;
  /** By instrument, and behind them by venue and asset: fills counted when the reading began, the difference of the last reading, the last one confirmed. */
  readonly #fillsAt: Float64Array;
  readonly #suspect: Float64Array;
  readonly #suspectFills: Float64Array;
  readonly #confirmed: Float64Array;
  readonly #isSuspicious: Uint8Array;
  /** By gateway: no reading was whole yet. */
  readonly #isFirst: Uint8Array;
  readonly #instruments: number;
  readonly #assets: number;

  constructor(desk: Desk, notice: (text: string) => void) {
    const { venues, assets, instruments } = desk.tables;
    const count = instruments.length + venues.length * assets.length;
    this.#desk = desk;
    this.#notice = notice;
    this.#instruments = instruments.length;
    this.#assets = assets.length;
    this.#lots = new Float64Array(instruments.length);
    this.#fillsAt = new Float64Array(count);
    this.#suspect = new Float64Array(count);
    this.#suspectFills = new Float64Array(count);
    this.#confirmed = new Float64Array(count);
    this.#isSuspicious = new Uint8Array(venues.length);
    this.#isFirst = new Uint8Array(venues.length).fill(1);
  }

  /** The last reading of this gateway found something that one more has to confirm. */
  isSuspicious(gateway: number): boolean {
    return this.#isSuspicious[gateway] === 1;
  }

  begin(gateway: number): void {
    const { limits } = this.#desk.risk;
    const venueFills = this.#fillsOfVenue(gateway);
    for (let instrument = 0; instrument < this.#instruments; instrument++) {
      if (limits.venue[instrument] !== gateway) continue;
      this.#lots[instrument] = 0;
      this.#fillsAt[instrument] = this.#fillsOf(instrument);
    }
    const first = this.#instruments + gateway * this.#assets;
    for (let asset = 0; asset < this.#assets; asset++) this.#fillsAt[first + asset] = venueFills;
    this.#isSuspicious[gateway] = 0;
  }

  /** Instruments that the venue does not name have no position. */
  onPosition(gateway: number, at: number): void {
    const { u32, f64 } = this.#desk.views;
    const instrument = u32[(at + REC_INSTRUMENT) >> 2]!;
    if (instrument >= this.#instruments || this.#desk.risk.limits.venue[instrument] !== gateway) return;
    this.#lots[instrument] = f64[(at + REC_QTY) >> 3]!;
    const setting = f64[(at + REC_FEE) >> 3]!;
    if (!this.#desk.risk.leverage.told(instrument, setting)) return;
    const limit = this.#desk.risk.limits.maxLeverage[instrument]!;
    const { id } = this.#desk.tables.instruments[instrument]!;
    this.#notice(`${id}: the venue is set to leverage ${setting}, the limit is ${limit}: nothing that makes a position larger goes there`);
  }

  /** True: dealt with. False: the balance is to be taken as it is. */
  onBalance(gateway: number, at: number, tsUs: number): boolean {
    const desk = this.#desk;
    const { u16, f64 } = desk.views;
    const { funds } = desk.risk;
    const asset = u16[(at + REC_FEE_ASSET) >> 1]!;
    if (asset >= this.#assets) return true;
    const fills = this.#fillsOfVenue(gateway);
    // At start there is nothing of ours to compare with: what the engine counts begins with a reading that no fill disturbed, after all fills of before are known.
    const isDisturbed = fills !== this.#fillsAt[this.#instruments + gateway * this.#assets + asset];
    if (!funds.isKnown(gateway, asset) || (this.#isFirst[gateway] === 1 && !isDisturbed)) return false;
    const key = this.#instruments + gateway * this.#assets + asset;
    const theirs = f64[(at + REC_QTY) >> 3]!;
    const ours = funds.total(gateway, asset);
    const slack = UNIT_SLACK * (fills + 1) + SHARE_SLACK * Math.abs(theirs);
    if (Math.abs(theirs - ours) <= slack) {
      this.#suspect[key] = 0;
      return true;
    }
    // Something moved while the venue was read: the next reading tells.
    if (isDisturbed) {
      this.#isSuspicious[gateway] = 1;
      return true;
    }
    const difference = theirs - ours;
    if (Math.abs(difference - this.#suspect[key]!) <= slack && this.#suspectFills[key] === fills) {
      this.#suspect[key] = 0;
      desk.reconciled[gateway]!.add('balancesDiffer');
      const { venues, assets } = desk.tables;
      this.#notice(
        `${venues[gateway]}: the venue says ${theirs} ${assets[asset]} where the engine counts ${ours}; its word is taken from now on`,
      );
      return false;
    }
    this.#suspect[key] = difference;
    this.#suspectFills[key] = fills;
    this.#isSuspicious[gateway] = 1;
    const instrument = desk.firstInstrument(gateway);
    desk.differs({ reason: Reason.BALANCE_DIFFERS, gateway, instrument, asset, theirs, ours }, tsUs);
    return true;
  }

  /** All positions were told. On spot a position is what this engine traded: the venue knows balances only. */
  end(gateway: number, tsUs: number): void {
    const { risk, tables } = this.#desk;
    if (this.#fillsOfVenue(gateway) === this.#fillsAt[this.#instruments + gateway * this.#assets]) this.#isFirst[gateway] = 0;
    for (let instrument = 0; instrument < this.#instruments; instrument++) {
      if (risk.limits.venue[instrument] !== gateway || tables.instruments[instrument]!.kind === 'spot') continue;
      if (this.#fillsOf(instrument) === this.#fillsAt[instrument]) this.#compare(gateway, instrument, tsUs);
      else this.#isSuspicious[gateway] = 1;
    }
  }

  #compare(gateway: number, instrument: number, tsUs: number): void {
    const desk = this.#desk;
    const theirs = this.#lots[instrument]!;
    const ours = desk.risk.positions.net(instrument);
    const difference = theirs - ours;
    const fills = this.#fillsOf(instrument);
    if (difference === this.#confirmed[instrument]) {
      this.#suspect[instrument] = difference;
      return;
    }
    if (difference === 0) {
      this.#suspect[instrument] = 0;
      this.#confirmed[instrument] = 0;
      return;
    }
    if (difference === this.#suspect[instrument] && this.#suspectFills[instrument] === fills) {
      this.#confirmed[instrument] = difference;
      desk.reconciled[gateway]!.add('positionsDiffer');
      const id = desk.tables.instruments[instrument]!.id;
      this.#notice(`${id}: the venue holds ${theirs} lots where the engine's fills make ${ours}; nothing was changed`);
      return;
    }
    this.#suspect[instrument] = difference;
    this.#suspectFills[instrument] = fills;
    this.#isSuspicious[gateway] = 1;
    desk.differs({ reason: Reason.POSITION_DIFFERS, gateway, instrument, asset: 0, theirs, ours }, tsUs);
  }

  #fillsOf(instrument: number): number {
    return this.#desk.risk.positions.fills(instrument);
  }

  #fillsOfVenue(gateway: number): number {
    const { venue } = this.#desk.risk.limits;
    let fills = 0;
    for (let instrument = 0; instrument < this.#instruments; instrument++)
      if (venue[instrument] === gateway) fills += this.#fillsOf(instrument);
    return fills;
  }
}
