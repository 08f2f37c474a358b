/** The texts of `verify`: book rows, trades and the final book, exactly as recordings/README.md describes them, read through the seqlock reader. */
import { createHash } from 'node:crypto';
import { BookReader, DepthView } from '../core/book/book-reader.js';
import { TRADE_FLAG_OLD, TRADE_KIND_AGG, TRADE_KIND_TRADE, venueUsOf } from '../core/kernel/message.js';
import { BOOK_DOUBTED, BOOK_LIVE } from '../core/memory/book-layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { formatDecimal } from '../core/numbers/decimal.js';
import { SYNC_ACTIONS } from './book-sync.js';
import type { TradeRecord } from './sink.js';

export const BOOKS_HEADER = 'line\tsymbol\taction\tseq\tbest_bid\tbest_ask\ttop10_hash\n';
const ROW_LEVELS = 10;
const FINAL_LEVELS = 25;

export interface FinalBook {
  readonly last_book_line: number;
  readonly seq: number | null;
  readonly levels: { readonly bids: number; readonly asks: number };
  readonly top10_hash: string | null;
  readonly top25_hash: string | null;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

/** One book of a verify run, seen as any other thread would see it. */
export class VerifiedBook {
  readonly #reader: BookReader;
  readonly #view = new DepthView(FINAL_LEVELS);
  #lastLine = 0;
  #lastSequence = Number.NaN;

  constructor(
    readonly symbol: string,
    views: SharedViews,
    base: number,
  ) {
    this.#reader = new BookReader(views, base);
  }

  get hasRows(): boolean {
    return this.#lastLine > 0;
  }

  row(line: number, action: number, sequence: number): string {
    this.#lastLine = line;
    this.#lastSequence = sequence;
    const name = SYNC_ACTIONS[action] ?? '-';
    const shown = Number.isNaN(sequence) ? '-' : String(sequence);
    const head = `${line}\t${this.symbol}\t${name}\t${shown}`;
    if (!this.#read(ROW_LEVELS)) return `${head}\t-\t-\t-\n`;
    const bids = this.#levels(0, ROW_LEVELS);
    const asks = this.#levels(1, ROW_LEVELS);
    return `${head}\t${bids[0]?.join(':') ?? '-'}\t${asks[0]?.join(':') ?? '-'}\t${hashOf(bids, asks)}\n`;
  }

  final(): FinalBook {
    const seq = Number.isNaN(this.#lastSequence) ? null : this.#lastSequence;
    if (!this.#read(FINAL_LEVELS)) {
      return { last_book_line: this.#lastLine, seq, levels: { bids: 0, asks: 0 }, top10_hash: null, top25_hash: null, bids: [], asks: [] };
    }
    const bids = this.#levels(0, FINAL_LEVELS);
    const asks = this.#levels(1, FINAL_LEVELS);
    return {
      last_book_line: this.#lastLine,
      seq,
      levels: { bids: this.#reader.top.bidLevels, asks: this.#reader.top.askLevels },
      top10_hash: hashOf(bids.slice(0, ROW_LEVELS), asks.slice(0, ROW_LEVELS)),
      top25_hash: hashOf(bids, asks),
      bids,
      asks,
    };
  }

  /** A book whose bids meet its asks is shown as the venue said it: what is checked here is what was read, not whether to trade on it. */
  #read(count: number): boolean {
    if (!this.#reader.readDepth(count, this.#view, true)) return false;
    const { state } = this.#reader.top;
    return state === BOOK_LIVE || state === BOOK_DOUBTED;
  }

  #levels(side: number, most: number): (readonly [string, string])[] {
    const view = this.#view;
    const ticks = side === 0 ? view.bidTicks : view.askTicks;
    const lots = side === 0 ? view.bidLots : view.askLots;
    const count = Math.min(most, side === 0 ? view.bidCount : view.askCount);
    const top = this.#reader.top;
    const levels: (readonly [string, string])[] = [];
    for (let i = 0; i < count; i++) {
      levels.push([decimal(ticks[i]!, top.priceUnit, top.priceScale), decimal(lots[i]!, top.lotUnit, top.lotScale)]);
    }
    return levels;
  }
}

function decimal(count: number, unit: number, scale: number): string {
  return formatDecimal(BigInt(count) * BigInt(unit), scale);
}

export function hashOf(bids: readonly (readonly [string, string])[], asks: readonly (readonly [string, string])[]): string {
  return createHash('sha256')
    .update(`${sideText(bids)}|${sideText(asks)}`)
    .digest('hex')
    .slice(0, 16);
}

function sideText(levels: readonly (readonly [string, string])[]): string {
  return levels.map((level) => level.join(':')).join(',');
}

export function tradeLine(line: number, symbol: string, trade: TradeRecord): string {
  const kind = trade.kind === TRADE_KIND_AGG ? 'agg' : trade.kind === TRADE_KIND_TRADE ? 'trade' : undefined;
  return `${JSON.stringify({
    n: line,
    s: symbol,
    id: trade.idText === '' ? String(trade.id) : trade.idText,
    time: Math.floor(venueUsOf(trade.time) / 1000),
    time_raw: trade.timeText === '' ? String(trade.time) : trade.timeText,
    p: formatDecimal(BigInt(trade.priceMantissa), trade.priceDecimals),
    a: formatDecimal(BigInt(trade.qtyMantissa), trade.qtyDecimals),
    side: trade.side === 1 ? 'sell' : 'buy',
    ...((trade.flags & TRADE_FLAG_OLD) === 0 ? {} : { old: true }),
    ...(kind === undefined ? {} : { kind: trade.markText === '' ? kind : `${kind}:${trade.markText}` }),
  })}\n`;
}
