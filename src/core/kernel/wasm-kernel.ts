/**
 * The WebAssembly kernel (assembly/) and its loader: one instance a memory and thread, one context a connection. A book message that is next in order goes from
 * the bytes of its frame to the published book in one call; what it does not take, the kernel in TypeScript reads. Feed's thread.
 */
import { existsSync, readFileSync } from 'node:fs';
import { POWERS } from '../book/grid.js';
import type { BookWriter } from '../book/book-writer.js';
import {
  APPLY_NOT_MINE,
  CTX_ASK_FROM,
  CTX_ASK_TO,
  CTX_BID_TO,
  CTX_BYTES,
  CTX_CHANGED,
  CTX_CHANGED_AT,
  CTX_CODE,
  CTX_DECIMALS,
  CTX_FIELDS,
  CTX_KIND,
  CTX_LEVELS,
  CTX_LEVELS_END,
  CTX_MANTISSAS,
  CTX_NEXT,
  CTX_POOL,
  CTX_POWERS,
  CTX_ROWS,
  CTX_ROWS_END,
  CTX_ROW_AT,
  CTX_ROW_COUNT,
  CTX_RUN_BYTES,
  CTX_RUN_FRAMES,
  CTX_RUN_FROM,
  CTX_RUN_TO,
  CTX_SHAPES,
  CTX_SHARED,
  CTX_STARTS,
  CTX_SYMBOLS,
  CTX_SYMBOL_FROM,
  CTX_SYMBOL_MASK,
  CTX_SYMBOL_TO,
  CTX_TABLES,
  LEVEL_BYTES,
  ROW_BYTES,
  RUN_OVER,
  SLACK_BYTES,
  SYMBOL_MOST,
  SYMBOL_PLACE_BYTES,
  TABLES_BYTES,
} from './context.js';
import { writeDigitTables } from './digit-tables.js';
import type { BookKernel } from './kernel.js';
import type { KernelRoom } from './kernel-room.js';
import { FIELD_COUNT, NUMBER_COUNT, type Message } from './message.js';
import type { Program } from './program.js';
import { ScanKernel } from './scanner.js';
import { compiledName, runName } from './shape-compiler.js';
import type { SymbolTable } from './symbol-table.js';

/** Levels of one message; larger ones are read in TypeScript. The largest recorded change has some 1,600. */
const MOST_LEVELS = 16_384;
/** Rows of one message: their levels must fit twice, for either side. */
const MOST_ROWS = MOST_LEVELS >> 1;
/** A frame that did not land in the memory is copied here; larger ones are read in TypeScript. */
const COPY_BYTES = 1 << 18;
const FIRST_PLACES = 256;

type Apply = (ctx: number, at: number, end: number, recvUs: number) => number;

interface Exports {
  /** Any shapes, by the interpreter. */
  readonly apply: Apply;
  readonly run: Apply;
  /** Shapes that the build knew. */
  readonly [compiled: `apply_${string}` | `run_${string}`]: Apply | undefined;
  readonly admit: (ctx: number, from: number, length: number, instrument: number, book: number) => number;
}

/** Beside this file in a build; sources run with what the build has made of them. */
const FILES = ['./kernel.wasm', '../../../dist/core/kernel/kernel.wasm'];

let module: WebAssembly.Module | null | undefined;

/** The compiled kernel, null where it is not built. */
export function kernelModule(): WebAssembly.Module | null {
  if (module !== undefined) return module;
  const file = FILES.map((name) => new URL(name, import.meta.url)).find((url) => existsSync(url));
  module = file === undefined ? null : new WebAssembly.Module(readFileSync(file));
  return module;
}

/** What all kernels of a thread share on one memory. */
interface Shared {
  readonly exports: Exports;
  /** Byte offset of the digit tables, 0 when there was no room. */
  readonly tables: number;
}

const instances = new WeakMap<WebAssembly.Memory, Shared>();

function sharedOn(room: KernelRoom, compiled: WebAssembly.Module): Shared {
  const { memory, views } = room;
  let shared = instances.get(memory);
  if (shared === undefined) {
    const exports = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Exports;
    shared = { exports, tables: room.take(TABLES_BYTES) };
    if (shared.tables !== 0) writeDigitTables(views.u8, shared.tables);
    instances.set(memory, shared);
  }
  return shared;
}

/** Null where the kernel is not built or the room is full. */
export function makeWasmKernel(program: Program, symbols: SymbolTable, room: KernelRoom): WasmKernel | null {
  const compiled = kernelModule();
  if (compiled === null) return null;
  const { exports, tables } = sharedOn(room, compiled);
  const bytes =
    CTX_BYTES + POWERS.byteLength + program.code.byteLength + program.starts.byteLength * 2 + program.pool.byteLength + SLACK_BYTES * 2;
  const ctx = room.take(bytes);
  const levels = room.take(MOST_LEVELS * LEVEL_BYTES);
  const rows = room.take(MOST_ROWS * ROW_BYTES);
  const copy = room.take(COPY_BYTES + SLACK_BYTES);
  const table = room.take(FIRST_PLACES * SYMBOL_PLACE_BYTES);
  if (tables === 0 || ctx === 0 || levels === 0 || rows === 0 || copy === 0 || table === 0) return null;
  return new WasmKernel(exports, program, symbols, room, { tables, ctx, bytes, levels, rows, copy, table });
}

interface Places {
  readonly tables: number;
  readonly ctx: number;
  readonly bytes: number;
  readonly levels: number;
  readonly rows: number;
  readonly copy: number;
  readonly table: number;
}

export class WasmKernel implements BookKernel {
  readonly name = 'wasm';
  readonly memory: WebAssembly.Memory;
  readonly #scanner: ScanKernel;
  readonly #apply: Apply;
  readonly #run: Apply;
  readonly #admit: Exports['admit'];
  readonly #room: KernelRoom;
  readonly #u8: Uint8Array;
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #buffer: SharedArrayBuffer;
  readonly #ctx: number;
  readonly #copy: number;
  readonly #known: { readonly text: Uint8Array; readonly instrument: number; readonly book: number }[] = [];
  #places = FIRST_PLACES;
  /** The array that held the last frame: a socket's receive buffer, always the same. */
  #bytes: Uint8Array | null = null;
  /** Where it stands in the memory, -1 when elsewhere. */
  #bytesAt = -1;

  constructor(exports: Exports, program: Program, symbols: SymbolTable, room: KernelRoom, places: Places) {
    const { u8, i32, f64, buffer } = room.views;
    this.memory = room.memory;
    this.#scanner = new ScanKernel(program, symbols);
    const name = compiledName(program);
    this.#apply = exports[name] ?? exports.apply;
    this.#run = exports[runName(name)] ?? exports.run;
    this.#admit = exports.admit;
    this.#room = room;
    this.#u8 = u8;
    this.#i32 = i32;
    this.#f64 = f64;
    this.#buffer = buffer;
    this.#ctx = places.ctx;
    this.#copy = places.copy;
    u8.fill(0, places.ctx, places.ctx + places.bytes);
    u8.fill(0, places.table, places.table + FIRST_PLACES * SYMBOL_PLACE_BYTES);
    const powers = places.ctx + CTX_BYTES;
    f64.set(POWERS, powers >> 3);
    const code = powers + POWERS.byteLength;
    const starts = code + program.code.byteLength;
    const shared = starts + program.starts.byteLength;
    const pool = shared + program.shared.byteLength;
    i32.set(program.code, code >> 2);
    i32.set(program.starts, starts >> 2);
    i32.set(program.shared, shared >> 2);
    u8.set(program.pool, pool);
    this.#set(CTX_SHARED, shared);
    this.#set(CTX_CODE, code);
    this.#set(CTX_STARTS, starts);
    this.#set(CTX_SHAPES, program.starts.length);
    this.#set(CTX_POOL, pool);
    this.#set(CTX_SYMBOLS, places.table);
    this.#set(CTX_SYMBOL_MASK, FIRST_PLACES - 1);
    this.#set(CTX_POWERS, powers);
    this.#set(CTX_TABLES, places.tables);
    this.#set(CTX_ROWS, places.rows);
    this.#set(CTX_ROWS_END, places.rows + MOST_ROWS * ROW_BYTES);
    this.#set(CTX_LEVELS, places.levels);
    this.#set(CTX_LEVELS_END, places.levels + MOST_LEVELS * LEVEL_BYTES);
  }

  /** Byte offset of the context, for benchmarks that run other kernels on it. */
  get context(): number {
    return this.#ctx;
  }
  get symbolStart(): number {
    return this.#scanner.symbolStart;
  }
  get symbolEnd(): number {
    return this.#scanner.symbolEnd;
  }

  scan(bytes: Uint8Array, start: number, end: number, out: Message): number {
    return this.#scanner.scan(bytes, start, end, out);
  }

  apply(bytes: Uint8Array, start: number, end: number, recvUs: number): number {
    if (bytes !== this.#bytes) this.#find(bytes);
    const base = this.#bytesAt;
    if (base < 0) return this.#applyCopy(bytes, start, end, recvUs);
    return this.#apply(this.#ctx, base + start, base + end, recvUs);
  }

  applyRun(bytes: Uint8Array, start: number, end: number, recvUs: number): number {
    if (bytes !== this.#bytes) this.#find(bytes);
    const base = this.#bytesAt;
    if (base >= 0) return this.#run(this.#ctx, base + start, base + end, recvUs);
    // Frames that landed elsewhere are copied one by one.
    this.#set(CTX_RUN_FRAMES, 0);
    this.#set(CTX_CHANGED, 0);
    return RUN_OVER;
  }

  get runFrames(): number {
    return this.#get(CTX_RUN_FRAMES);
  }
  get runBytes(): number {
    return this.#get(CTX_RUN_BYTES);
  }
  get runFrom(): number {
    return this.#get(CTX_RUN_FROM) - this.#bytesAt;
  }
  get runTo(): number {
    return this.#get(CTX_RUN_TO) - this.#bytesAt;
  }
  get changedCount(): number {
    return this.#get(CTX_CHANGED);
  }
  changedAt(place: number): number {
    return this.#get(CTX_CHANGED_AT + (place << 2));
  }

  /** Text of the symbol at which `apply` stopped: APPLY_UNKNOWN_SYMBOL. */
  unknownSymbol(): string {
    return Buffer.from(this.#buffer, this.#get(CTX_SYMBOL_FROM), this.#get(CTX_SYMBOL_TO) - this.#get(CTX_SYMBOL_FROM)).toString('utf8');
  }

  admit(symbolText: string, instrument: number, book: number): boolean {
    const text = new TextEncoder().encode(symbolText);
    if (text.length === 0 || text.length > SYMBOL_MOST) return false;
    if ((this.#known.length + 1) * 2 > this.#places && !this.#grow()) return false;
    const entry = { text, instrument, book };
    if (!this.#enter(entry)) return false;
    this.#known.push(entry);
    return true;
  }

  get messageKind(): number {
    return this.#get(CTX_KIND);
  }

  fill(out: Message): void {
    const fields = (this.#ctx + CTX_FIELDS) >> 3;
    for (let i = 0; i < FIELD_COUNT; i++) out.fields[i] = this.#f64[fields + i]!;
    const mantissas = (this.#ctx + CTX_MANTISSAS) >> 3;
    const decimals = (this.#ctx + CTX_DECIMALS) >> 2;
    for (let i = 0; i < NUMBER_COUNT; i++) {
      out.mantissa[i] = this.#f64[mantissas + i]!;
      out.decimals[i] = this.#i32[decimals + i]!;
    }
  }

  field(field: number): number {
    return this.#f64[((this.#ctx + CTX_FIELDS) >> 3) + field]!;
  }

  get rowsLeft(): number {
    const at = this.#get(CTX_ROW_AT);
    return at < this.#get(CTX_ROW_COUNT) ? at : -1;
  }

  goOn(book: BookWriter): void {
    const from = this.#get(CTX_NEXT);
    // 0: every level is applied, only the verdict is left.
    if (from === 0) return;
    const askFrom = this.#get(CTX_ASK_FROM);
    const askTo = this.#get(CTX_ASK_TO);
    const isAsk = from >= askFrom && from < askTo;
    if (!isAsk) this.#setKeys(book, 0, from, this.#get(CTX_BID_TO));
    this.#setKeys(book, 1, isAsk ? from : askFrom, askTo);
  }

  #setKeys(book: BookWriter, side: number, from: number, to: number): void {
    for (let at = from; at < to; at += LEVEL_BYTES) {
      const key = this.#i32[(at >> 2) + 1]! * 2 ** 32 + (this.#i32[at >> 2]! >>> 0);
      book.setKey(side, key, this.#f64[(at >> 3) + 1]!);
    }
  }

  /** Loads go 16 bytes at a time, a little past what is looked at: the memory must go on behind the array. */
  #find(bytes: Uint8Array): void {
    const isHere = bytes.buffer === this.#buffer && bytes.byteOffset + bytes.length + SLACK_BYTES <= this.#u8.length;
    this.#bytes = bytes;
    this.#bytesAt = isHere ? bytes.byteOffset : -1;
  }

  #applyCopy(bytes: Uint8Array, start: number, end: number, recvUs: number): number {
    if (end - start > COPY_BYTES) return APPLY_NOT_MINE;
    this.#u8.set(bytes.subarray(start, end), this.#copy);
    return this.#apply(this.#ctx, this.#copy, this.#copy + end - start, recvUs);
  }

  #enter({ text, instrument, book }: { readonly text: Uint8Array; readonly instrument: number; readonly book: number }): boolean {
    this.#u8.set(text, this.#copy);
    return this.#admit(this.#ctx, this.#copy, text.length, instrument, book) === 1;
  }

  /** A table of twice the size; the old one stays unused in the room. */
  #grow(): boolean {
    const places = this.#places * 2;
    const table = this.#room.take(places * SYMBOL_PLACE_BYTES);
    if (table === 0) return false;
    this.#u8.fill(0, table, table + places * SYMBOL_PLACE_BYTES);
    this.#places = places;
    this.#set(CTX_SYMBOLS, table);
    this.#set(CTX_SYMBOL_MASK, places - 1);
    for (const entry of this.#known) this.#enter(entry);
    return true;
  }

  #get(word: number): number {
    return this.#i32[(this.#ctx + word) >> 2]! >>> 0;
  }

  #set(word: number, value: number): void {
    this.#i32[(this.#ctx + word) >> 2] = value;
  }
}
