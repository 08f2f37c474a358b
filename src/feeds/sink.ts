/**
 * What a feed tells its host beside the books themselves: the host writes it to the tape, the changes ring and the marks; `verify` writes files.
 * All calls come on the feed's thread; records are reused, so take numbers during the call.
 */

export interface TradeRecord {
  /** In the instrument's ticks and lots; whole numbers, except for a print off the venue's own grid. */
  priceTicks: number;
  qtyLots: number;
  /** 0 = the taker bought, 1 = the taker sold (SIDE_*). */
  side: number;
  /** Wall time of the venue, microseconds. */
  venueUs: number;
  recvUs: number;
  /** The venue's id when it is a number below 2^53, else a 53-bit hash of its text. */
  id: number;
  /** TRADE_FLAG_* of core/kernel/message.ts; the tape's flags have the same values. */
  flags: number;
  /** TRADE_KIND_*. */
  kind: number;
  /** Exactly as sent, off the hot path: see `tradeIdText` and friends. */
  priceMantissa: number;
  priceDecimals: number;
  qtyMantissa: number;
  qtyDecimals: number;
  /** Venue time as a number (milliseconds or microseconds). */
  time: number;
  /** Texts where the venue gives no numbers, else ''. */
  idText: string;
  timeText: string;
  markText: string;
}

/** To be filled again for each trade. */
export function blankTrade(): TradeRecord {
  return {
    priceTicks: 0,
    qtyLots: 0,
    side: 0,
    venueUs: 0,
    recvUs: 0,
    id: 0,
    flags: 0,
    kind: 0,
    priceMantissa: 0,
    priceDecimals: 0,
    qtyMantissa: 0,
    qtyDecimals: 0,
    time: 0,
    idText: '',
    timeText: '',
    markText: '',
  };
}

/** Best bid and ask as the venue's own best-quote channel says; NaN where absent. In the instrument's ticks and lots. */
export interface QuoteRecord {
  bidTicks: number;
  bidLots: number;
  askTicks: number;
  askLots: number;
  /** The venue's update id, NaN when it gives none. */
  sequence: number;
  venueUs: number;
  recvUs: number;
}

/** NaN = not said this time: keep the value before. */
export interface MarkRecord {
  markTicks: number;
  indexTicks: number;
  fundingRate: number;
  nextFundingUs: number;
  recvUs: number;
}

export interface FeedSink {
  /** The book changed and may be looked at (it may have become live or hidden). At most once a message. */
  bookChanged(instrument: number, recvUs: number): void;
  /** BOOK_*: the state in the header changed. */
  state(instrument: number, state: number, recvUs: number): void;
  trade(instrument: number, trade: TradeRecord): void;
  quote(instrument: number, quote: QuoteRecord): void;
  mark(instrument: number, mark: MarkRecord): void;
  /** Every book message with what became of it (SYNC_* of book-sync.ts) and the sequence number to show. */
  bookMessage?(instrument: number, action: number, sequence: number): void;
}
