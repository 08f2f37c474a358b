/** What a person orders of the running engine and is answered: halts, parameters, previews. Types only; decimal texts and integer microseconds, as in payload.ts. */
import type { ParamsEffect, ParamSpec, ParamValue } from '../core/ports/strategy.js';

export type { ParamSpec, ParamValue };

export type TradingLevel = 'active' | 'reducing' | 'halted';

export interface HaltOrder {
  readonly level: TradingLevel;
  /** Also asks the venues to cancel every order of ours. */
  readonly cancel: boolean;
}

export interface HaltAnswer {
  readonly level: TradingLevel;
  readonly cancel: boolean;
  /** Live orders at that moment: those that a `cancel` asks back. */
  readonly ordersOpen: number;
}

/** One strategy's parameters: what it declares, what runs, what the file says. */
export interface ParamsPayload {
  readonly strategy: string;
  readonly kind: string;
  readonly specs: readonly ParamSpec[];
  readonly values: Readonly<Record<string, ParamValue>>;
  readonly file: Readonly<Record<string, ParamValue>>;
  /** Where `values` come from. */
  readonly from: 'file' | 'change';
  /** Takes new parameters while it runs. */
  readonly isLive: boolean;
  /** Changes that a rollback can take back, newest last. */
  readonly changes: readonly ParamsChange[];
}

export interface ParamsChange {
  readonly tsUs: number;
  readonly before: Readonly<Record<string, ParamValue>>;
  readonly after: Readonly<Record<string, ParamValue>>;
}

export interface ParamsAnswer {
  readonly strategy: string;
  /** `live`: the levels stay. `rebuilt`: old orders are cancelled, a new ladder is placed. */
  readonly effect: ParamsEffect;
  readonly text: string;
  readonly values: Readonly<Record<string, ParamValue>>;
}

export interface PreviewLineRow {
  readonly level: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly qty: string;
  readonly counterPrice: string;
  /** Of one round trip, in the profit asset. */
  readonly gross: string;
  readonly fees: string;
  readonly net: string;
  readonly netPercent: string;
  /** Placed at once, or when the market comes near. */
  readonly rests: boolean;
}

/** All orders of one side filled, none of their counter orders. */
export interface PreviewSideRow {
  readonly qty: string;
  readonly averagePrice: string;
  readonly breakEven: string;
  readonly liquidation: string | null;
}

/** What a grid would do, before it does it. */
export interface GridPreviewPayload {
  readonly instrument: string;
  readonly kind: string;
  readonly anchor: string;
  readonly profitAsset: string;
  readonly feeRate: string;
  readonly lines: readonly PreviewLineRow[];
  readonly capital: readonly { readonly asset: string; readonly amount: string; readonly use: string }[];
  readonly profitPerGrid: { readonly least: string; readonly most: string; readonly leastPercent: string; readonly mostPercent: string };
  readonly long: PreviewSideRow | null;
  readonly short: PreviewSideRow | null;
  readonly notes: readonly string[];
}

export interface PreviewPayload {
  readonly strategy: string;
  readonly kind: string;
  readonly values: Readonly<Record<string, ParamValue>>;
  /** They differ from what runs. */
  readonly isChange: boolean;
  readonly effect: ParamsEffect;
  /** What applying them would do, in words. */
  readonly said: string;
  /** Null for strategies that are no grid. */
  readonly grid: GridPreviewPayload | null;
}
