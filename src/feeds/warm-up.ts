/**
 * Frames as the venues of a run send them, made up from the shapes that a venue declares, read by the feed's own code on scratch memory: when the first socket
 * opens, scanner, mapper, books and sink are compiled code. Called once by the host of a feed lane before its feeds start; touches nothing of the run.
 */
import type { KernelRoom } from '../core/kernel/kernel-room.js';
import { SymbolTable } from '../core/kernel/symbol-table.js';
import type { KernelName } from '../core/kernel/kernel.js';
import {
  ACTION_DELETE,
  ACTION_DELTA,
  ACTION_INSERT,
  ACTION_SNAPSHOT,
  ASK,
  BID,
  FIELD_ACTION,
  FIELD_FIRST,
  FIELD_ID,
  FIELD_LAST,
  FIELD_PREV,
  FIELD_STREAM,
  FIELD_TIME,
  MESSAGE_DEPTH,
  MESSAGE_ROWS,
  Message,
  NUMBER_ASK,
  NUMBER_BID,
  NUMBER_PRICE,
} from '../core/kernel/message.js';
import { BOOK_LIVE } from '../core/memory/book-layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import { formatTicks } from '../core/numbers/decimal.js';
import type { Instrument } from '../core/orders/instrument.js';
import { FrameReader, FrameStats } from './frame-reader.js';
import { InstrumentSlot } from './instrument-slot.js';
import { makeKernel } from './kernels.js';
import { compileShapes, type Choices, type Part, type RowPart, type Shape } from './shape.js';
import type { FeedSink } from './sink.js';
import type { ConnectionPlan, Endpoints, Venue } from './venue.js';

/** Prices on each side that frames touch. */
const DEPTH = 100;
/** The middle of every book in ticks: round enough for every number of decimals. */
const MIDDLE_TICKS = 500_000;
/** Levels of a frame: 1 to this many a side. */
const MOST_LEVELS = 20;
/** Levels that stay whatever comes, so that no book runs empty. */
const KEPT = 10;
/** A frame of each shape goes the readable way once in so many rounds, a snapshot body comes as often. */
const SLOW_EVERY = 8;
const TIME_MS = 1_700_000_000_000;
const TIME_TEXT = '2026-11-23T05:00:00.123Z';
/** Past the first numbers, which some venues give a meaning of their own. */
const FIRST_SEQUENCE = 1_000;

export interface FeedWarmUp {
  readonly venue: Venue;
  readonly instruments: readonly Instrument[];
  readonly endpoints: Endpoints;
  readonly kernel: KernelName;
  /** Of the scratch memory; null: TypeScript reads. */
  readonly room: KernelRoom | null;
  /** Scratch memory. */
  readonly views: SharedViews;
  readonly bookBase: (instrument: number) => number;
  readonly sink: FeedSink;
  readonly nowUs: () => number;
  /** Rounds of one frame of each shape for each instrument. */
  readonly rounds: number;
  readonly isOver: () => boolean;
  /** The payload's way to the reader, which may be the socket's own. */
  readonly deliver: (payload: Uint8Array, to: WarmReader) => void;
}

/** A connection's reader, as a frame handler has it. */
export interface WarmReader {
  read(bytes: Uint8Array, start: number, end: number): void;
  /** @returns where the first frame begins that was not taken */
  readRun(bytes: Uint8Array, start: number, end: number): number;
}

export interface WarmedFeed {
  readonly frames: number;
  readonly kernel: number;
  readonly mapper: number;
  readonly bad: number;
  readonly gaps: number;
  readonly liveBooks: number;
}

/** One instrument of one connection: what its next frames must say to be in order. */
interface Market {
  readonly text: string;
  readonly slot: InstrumentSlot;
  /** By side, then by distance from the middle. */
  readonly prices: readonly (readonly string[])[];
  readonly quantities: readonly string[];
  /** Rows by id: present or not. */
  readonly present: boolean[];
  sequence: number;
}

export function warmUpFeed(options: FeedWarmUp): WarmedFeed {
  const { venue, instruments, endpoints } = options;
  const stats = new FrameStats();
  const slots: InstrumentSlot[] = [];
  let gaps = 0;
  for (const instrument of instruments) {
    slots[instrument.index] = new InstrumentSlot(
      instrument,
      options.views,
      options.bookBase(instrument.index),
      venue,
      () => gaps++,
      options.room,
    );
  }
  const program = compileShapes(venue.shapes);
  const lines = venue.connections(instruments, endpoints).map((plan) => new Line(options, plan, program, slots, stats));
  let isOver = false;
  for (let round = 0; round < options.rounds && !isOver; round++) {
    for (const line of lines) line.round(round);
    isOver = options.isOver();
  }
  const liveBooks = slots.reduce((sum, slot) => sum + (slot.book.state === BOOK_LIVE ? 1 : 0), 0);
  return { frames: stats.frames, kernel: stats.kernel, mapper: stats.mapper, bad: stats.bad, gaps, liveBooks };
}

/** One connection: a reader as a session has it, and one that knows only the readable way. */
class Line {
  readonly #options: FeedWarmUp;
  readonly #markets: readonly Market[];
  readonly #fast: FrameReader;
  readonly #slow: FrameReader;
  /** Books of a market come by one of its connections. */
  readonly #shapes: readonly Shape[];
  readonly #carriesBooks: boolean;
  readonly #encoder = new TextEncoder();

  constructor(
    options: FeedWarmUp,
    plan: ConnectionPlan,
    program: ReturnType<typeof compileShapes>,
    slots: readonly InstrumentSlot[],
    stats: FrameStats,
  ) {
    this.#options = options;
    const symbols = new SymbolTable();
    for (const entry of plan.symbols) symbols.add(entry.text, entry.instrument.index);
    const { venue, sink } = options;
    const shared = { venue, symbols, slots, sink, stats, onUnknownSymbol: null, reply: () => undefined };
    this.#fast = new FrameReader({ ...shared, kernel: makeKernel(options.kernel, program, symbols, options.room) });
    this.#slow = new FrameReader({ ...shared, kernel: null });
    this.#markets = plan.symbols.flatMap(({ instrument, text }) => {
      const slot = slots[instrument.index];
      return slot === undefined ? [] : [marketOf(text, slot)];
    });
    this.#carriesBooks = plan.carriesBooks;
    this.#shapes = venue.shapes.filter(({ kind }) => plan.carriesBooks || (kind !== MESSAGE_DEPTH && kind !== MESSAGE_ROWS));
    if (plan.carriesBooks) for (const market of this.#markets) open(market, options.nowUs());
  }

  round(round: number): void {
    const { venue, nowUs, deliver } = this.#options;
    const isSlow = round % SLOW_EVERY === SLOW_EVERY - 1;
    const reader = isSlow ? this.#slow : this.#fast;
    const to: WarmReader = {
      read: (bytes, start, end) => void reader.read(bytes, start, end, nowUs()),
      readRun: (bytes, start, end) => reader.readRun(bytes, start, end, nowUs()),
    };
    for (const market of this.#markets) {
      for (const shape of this.#shapes) {
        const text = frameOf(shape, market, round);
        if (text !== null) deliver(this.#encoder.encode(text), to);
      }
      if (isSlow && this.#carriesBooks && venue.mapSnapshot !== undefined)
        reader.readSnapshot(market.text, snapshotOf(market, round), nowUs());
    }
  }
}

function marketOf(text: string, slot: InstrumentSlot): Market {
  const { tickSize, lotSize } = slot.instrument;
  const side = (sign: number): string[] => Array.from({ length: DEPTH }, (_, i) => formatTicks(MIDDLE_TICKS + sign * (i + 1), tickSize));
  const prices: string[][] = [];
  prices[BID] = side(-1);
  prices[ASK] = side(1);
  return {
    text,
    slot,
    prices,
    quantities: Array.from({ length: 64 }, (_, i) => formatTicks(1 + i * 37, lotSize)),
    present: Array.from({ length: 2 * DEPTH }, (_, row) => row < 2 * KEPT),
    sequence: FIRST_SEQUENCE,
  };
}

/** The book begins, as by a snapshot in the stream: rows where the venue has rows. */
function open(market: Market, nowUs: number): void {
  const message = new Message();
  message.clear();
  message.fields[FIELD_ACTION] = ACTION_SNAPSHOT;
  message.fields[FIELD_LAST] = market.sequence;
  message.fields[FIELD_TIME] = TIME_MS;
  const { sync, instrument } = market.slot;
  for (let row = 0; row < 2 * KEPT; row++) {
    const side = row & 1;
    const price = priceOf(market, side, row >> 1);
    const qty = quantityOf(market, row);
    (side === BID ? message.bids : message.asks).add(price, qty);
    message.rows.add({ instrument: instrument.index, id: rowId(row), side, price, qty });
  }
  if (market.slot.sync.needsSnapshot) sync.onRows(message, instrument.index, nowUs);
  if (market.slot.sync.needsSnapshot) sync.onDepth(message, nowUs);
}

const priceOf = (market: Market, side: number, distance: number): string => market.prices[side]?.[distance % DEPTH] ?? '0';
const quantityOf = (market: Market, n: number): string => market.quantities[n % market.quantities.length] ?? '0';
const rowId = (row: number): number => 8_800_000_000 + row;

/** The body of a REST snapshot as the Binance markets send it; another form is refused by its reader, and nothing is lost. */
function snapshotOf(market: Market, round: number): string {
  const side = (of: number): string[][] => Array.from({ length: DEPTH }, (_, i) => [priceOf(market, of, i), quantityOf(market, i + round)]);
  market.sequence++;
  return JSON.stringify({ lastUpdateId: market.sequence, E: TIME_MS + round, T: TIME_MS + round, bids: side(BID), asks: side(ASK) });
}

/** The next frame of this shape, null when there is nothing that it could say now. */
function frameOf(shape: Shape, market: Market, round: number): string | null {
  const before = market.sequence;
  if (shape.kind === MESSAGE_DEPTH) market.sequence++;
  let text = '';
  for (const part of shape.parts) {
    const next = partText(part, shape, market, before, round);
    if (next === null) return null;
    text += next;
  }
  return text;
}

function partText(part: Part, shape: Shape, market: Market, before: number, round: number): string | null {
  switch (part.op) {
    case 'text':
      return part.text;
    case 'skip':
    case 'symbol':
      return market.text;
    case 'int':
      return String(integerOf(part.field, market, before, round));
    case 'decimal':
      return decimalOf(part.number, market, round);
    case 'levels':
      return levelsOf(part.side, market, round);
    case 'choice':
      return labelOf(part.choices, part.field === FIELD_ACTION ? null : round);
    case 'time':
      return TIME_TEXT;
    case 'set':
      return '';
    case 'rows':
    default:
      return shape.kind === MESSAGE_ROWS ? rowsOf(part.parts, actionOf(shape), market, round) : null;
  }
}

function integerOf(field: number, market: Market, before: number, round: number): number {
  if (field === FIELD_PREV) return before;
  if (field === FIELD_FIRST || field === FIELD_LAST) return market.sequence;
  if (field === FIELD_TIME) return TIME_MS + round;
  if (field === FIELD_ID) return round + 1;
  return field === FIELD_STREAM ? 200 : TIME_MS;
}

function decimalOf(number: number, market: Market, round: number): string {
  if (number === NUMBER_BID) return priceOf(market, BID, 0);
  if (number === NUMBER_ASK) return priceOf(market, ASK, 0);
  return number === NUMBER_PRICE ? priceOf(market, round & 1, 0) : quantityOf(market, round);
}

/** Changes near the best price, changes deep in the book, and levels that go: never the kept ones. */
function levelsOf(side: number, market: Market, round: number): string {
  const count = 1 + (round % MOST_LEVELS);
  const from = round % 3 === 0 ? 0 : (round * 7) % (DEPTH - MOST_LEVELS);
  let text = '[';
  for (let i = 0; i < count; i++) {
    const distance = from + i;
    const goes = distance >= KEPT && (round + i) % 4 === 0;
    text += `${i === 0 ? '' : ','}["${priceOf(market, side, distance)}","${goes ? '0' : quantityOf(market, round + i)}"]`;
  }
  return `${text}]`;
}

/** @param turn null: a change, where a snapshot could be chosen too */
function labelOf(choices: Choices, turn: number | null): string {
  const labels = Object.keys(choices);
  if (turn === null) return labels.find((label) => choices[label] === ACTION_DELTA) ?? labels[0] ?? '';
  return labels[turn % labels.length] ?? '';
}

function actionOf(shape: Shape): number {
  for (const part of shape.parts) if (part.op === 'set' && part.field === FIELD_ACTION) return part.value;
  return ACTION_DELTA;
}

function rowsOf(parts: readonly RowPart[], action: number, market: Market, round: number): string | null {
  const wanted = 1 + (round % 4);
  const wantsPresent = action !== ACTION_INSERT;
  const first = action === ACTION_DELETE || action === ACTION_INSERT ? 2 * KEPT : 0;
  const chosen: string[] = [];
  const span = market.present.length - first;
  for (let n = 0; n < span && chosen.length < wanted; n++) {
    const row = first + ((n + round * 3) % span);
    if (market.present[row] !== wantsPresent) continue;
    chosen.push(parts.map((part) => rowText(part, row, market, round)).join(''));
    market.present[row] = action !== ACTION_DELETE;
  }
  return chosen.length === 0 ? null : chosen.join(',');
}

function rowText(part: RowPart, row: number, market: Market, round: number): string {
  const side = row & 1;
  switch (part.op) {
    case 'text':
      return part.text;
    case 'skip':
    case 'row-symbol':
      return market.text;
    case 'time':
      return TIME_TEXT;
    case 'row-id':
      return String(rowId(row));
    case 'row-side':
      return Object.keys(part.choices).find((label) => part.choices[label] === side) ?? '';
    case 'row-qty':
      return quantityOf(market, round + row);
    case 'row-price':
    default:
      return priceOf(market, side, row >> 1);
  }
}
