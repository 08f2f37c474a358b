/** Tables and records as an engine would journal them, written by name so that a test reads like the story it tells. */
import {
  REC_CUM,
  REC_FEE,
  REC_FEE_ASSET,
  REC_FILL_PRICE,
  REC_FILL_QTY,
  REC_FLAGS,
  REC_GROUP,
  REC_INSTRUMENT,
  REC_KIND,
  REC_LEVEL,
  REC_ORDER_ID,
  REC_PNL_KIND,
  REC_PRICE,
  REC_QTY,
  REC_REASON,
  REC_SIDE,
  REC_STATE,
  REC_STRATEGY,
  REC_TRADE_ID,
  REC_TS_US,
  RECORD_BYTES,
} from '../../src/core/memory/record.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import type { RunTables } from '../../src/core/orders/tables.js';
import type { JournalRecord } from '../../src/core/orders/journal-record.js';
import type { Journal } from '../../src/storage/journal.js';
import { type Writer } from '../../src/storage/writer.js';
import { journalIn, type Memory, memory, writerOn } from './journal-fixture.js';

/** A batch that says nothing; a position goes with it. */
export const emptyBatch = { orders: [], fills: [], levels: [], audit: [], runs: [], positions: [], parameters: [] };

export function instrument(index: number, id: string, tickSize = '0.1', lotSize = '0.001'): Instrument {
  const at = id.indexOf(':');
  return {
    index,
    id,
    venue: id.slice(0, at),
    symbol: id.slice(at + 1),
    kind: 'spot',
    base: 'BTC',
    quote: 'USDT',
    settle: 'USDT',
    tickSize,
    lotSize,
    multiplier: '1',
    minQty: lotSize,
    maxQty: '1000',
    minNotional: '0',
    maxOpenOrders: 100,
    makerFee: '0.001',
    takerFee: '0.001',
    feeAssetBuy: 'BTC',
    feeAssetSell: 'USDT',
    source: 'venue',
  };
}

export function tablesOf(
  run: number,
  instruments: readonly string[],
  strategies: readonly string[],
  options: { readonly tickSize?: string; readonly lotSize?: string; readonly assets?: readonly string[] } = {},
): RunTables {
  const list = instruments.map((id, index) => instrument(index, id, options.tickSize, options.lotSize));
  return {
    run,
    tag: 'test1',
    mode: 'sim',
    simulated: true,
    venues: [...new Set(list.map(({ venue }) => venue))],
    assets: options.assets ?? ['BTC', 'USDT'],
    instruments: list,
    strategies: strategies.map((name, index) => ({ index, name, kind: 'grid', pnlKind: 'grid', instruments: list.map((_, i) => i) })),
  };
}

/** An engine's life as far as the journal sees it. */
export interface Run {
  readonly memory: Memory;
  readonly writer: Writer;
  readonly journal: Journal;
  readonly tables: RunTables;
  put(record: Partial<JournalRecord>): void;
  end(): Promise<void>;
}

export function startRun(folder: string, tables: RunTables, segmentBytes?: number): Run {
  const m = memory(1, 1024);
  const journal = journalIn(folder, segmentBytes === undefined ? {} : { segmentBytes });
  const writer = writerOn(m, journal);
  writer.startRun(
    {
      tables,
      startedUs: tables.run * 1_000_000,
      version: '0.1.0',
      configHash: 'c',
      parameters: { [tables.strategies[0]?.name ?? '']: { grids: 40 } },
    },
    0,
  );
  return {
    memory: m,
    writer,
    journal,
    tables,
    put(record) {
      const ring = m.rings[0];
      let at = ring?.reserve() ?? -1;
      if (at < 0) {
        writer.step(0, 4096);
        at = ring?.reserve() ?? -1;
      }
      const { u8, u16, u32, f64 } = m.views;
      u8.fill(0, at, at + RECORD_BYTES);
      u8[at + REC_KIND] = record.kind ?? 0;
      u8[at + REC_SIDE] = record.side ?? 0;
      u8[at + REC_FLAGS] = record.flags ?? 0;
      u8[at + REC_STATE] = record.state ?? 0;
      u8[at + REC_PNL_KIND] = record.pnlKind ?? 0;
      u16[(at + REC_STRATEGY) >> 1] = record.strategy ?? 0;
      u16[(at + REC_REASON) >> 1] = record.reason ?? 0;
      u16[(at + REC_FEE_ASSET) >> 1] = record.feeAsset ?? 0;
      u16[(at + REC_GROUP) >> 1] = record.group ?? 0;
      u32[(at + REC_INSTRUMENT) >> 2] = record.instrument ?? 0;
      u32[(at + REC_LEVEL) >> 2] = record.level ?? 0;
      f64[(at + REC_ORDER_ID) >> 3] = record.orderId ?? 0;
      f64[(at + REC_PRICE) >> 3] = record.priceTicks ?? 0;
      f64[(at + REC_QTY) >> 3] = record.qtyLots ?? 0;
      f64[(at + REC_CUM) >> 3] = record.cumLots ?? 0;
      f64[(at + REC_FILL_PRICE) >> 3] = record.fillTicks ?? 0;
      f64[(at + REC_FILL_QTY) >> 3] = record.fillLots ?? 0;
      f64[(at + REC_FEE) >> 3] = record.fee ?? 0;
      f64[(at + REC_TRADE_ID) >> 3] = record.tradeId ?? 0;
      f64[(at + REC_TS_US) >> 3] = record.tsUs ?? tables.run * 1_000_000;
      ring?.commit();
    },
    end: () => writer.close(0),
  };
}
