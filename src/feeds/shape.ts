/**
 * How a venue file declares the exact bytes of its hot messages, and the compiler to the kernel's program. Called once at start, by the host of a feed.
 * A frame that deviates in any byte, key order and white space included, is "not mine" and takes the readable way. Several shapes of one message are normal.
 */
import {
  OP_CHOICE,
  OP_DECIMAL,
  OP_END,
  OP_INT,
  OP_LEVELS,
  OP_ROW,
  OP_ROW_ID,
  OP_ROW_NEXT,
  OP_ROW_PRICE,
  OP_ROW_QTY,
  OP_ROW_SIDE,
  OP_ROW_SYMBOL,
  OP_SET,
  OP_SKIP,
  OP_SYMBOL,
  OP_TEXT,
  OP_TIME,
  type Program,
} from '../core/kernel/program.js';

export type Choices = Readonly<Record<string, number>>;

export type Part =
  | { readonly op: 'text'; readonly text: string }
  | { readonly op: 'int'; readonly field: number }
  | { readonly op: 'skip' }
  | { readonly op: 'symbol' }
  | { readonly op: 'decimal'; readonly number: number }
  | { readonly op: 'levels'; readonly side: number }
  | { readonly op: 'choice'; readonly field: number; readonly choices: Choices }
  | { readonly op: 'time'; readonly field: number }
  | { readonly op: 'set'; readonly field: number; readonly value: number }
  | { readonly op: 'rows'; readonly parts: readonly RowPart[] };

export type RowPart =
  | { readonly op: 'text'; readonly text: string }
  | { readonly op: 'skip' }
  | { readonly op: 'time'; readonly field: number }
  | { readonly op: 'row-symbol' }
  | { readonly op: 'row-id' }
  | { readonly op: 'row-side'; readonly choices: Choices }
  | { readonly op: 'row-qty' }
  | { readonly op: 'row-price' };

export interface Shape {
  readonly name: string;
  /** MESSAGE_*. */
  readonly kind: number;
  readonly parts: readonly Part[];
}

export const text = (value: string): { readonly op: 'text'; readonly text: string } => ({ op: 'text', text: value });
export const int = (field: number): Part => ({ op: 'int', field });
export const skip = (): { readonly op: 'skip' } => ({ op: 'skip' });
export const symbol = (): Part => ({ op: 'symbol' });
export const decimal = (number: number): Part => ({ op: 'decimal', number });
export const levels = (side: number): Part => ({ op: 'levels', side });
export const choice = (field: number, choices: Choices): Part => ({ op: 'choice', field, choices });
export const time = (field: number): { readonly op: 'time'; readonly field: number } => ({ op: 'time', field });
export const set = (field: number, value: number): Part => ({ op: 'set', field, value });
export const rows = (...parts: readonly RowPart[]): Part => ({ op: 'rows', parts });
export const rowSymbol = (): RowPart => ({ op: 'row-symbol' });
export const rowId = (): RowPart => ({ op: 'row-id' });
export const rowSide = (choices: Choices): RowPart => ({ op: 'row-side', choices });
export const rowQty = (): RowPart => ({ op: 'row-qty' });
export const rowPrice = (): RowPart => ({ op: 'row-price' });

/** Shapes are tried in the order given: put the most frequent first. */
export function compileShapes(shapes: readonly Shape[]): Program {
  const code: number[] = [];
  const starts: number[] = [];
  const pool: number[] = [];
  const encoder = new TextEncoder();

  const emitText = (value: string): void => {
    const bytes = encoder.encode(value);
    code.push(pool.length, bytes.length);
    pool.push(...bytes);
  };
  const emitChoices = (choices: Choices): void => {
    const entries = Object.entries(choices);
    code.push(entries.length);
    for (const [label, value] of entries) {
      code.push(value);
      emitText(label);
    }
  };
  const emit = (part: Part | RowPart): void => {
    switch (part.op) {
      case 'text':
        code.push(OP_TEXT);
        emitText(part.text);
        return;
      case 'int':
        code.push(OP_INT, part.field);
        return;
      case 'skip':
        code.push(OP_SKIP);
        return;
      case 'symbol':
        code.push(OP_SYMBOL);
        return;
      case 'decimal':
        code.push(OP_DECIMAL, part.number);
        return;
      case 'levels':
        code.push(OP_LEVELS, part.side);
        return;
      case 'choice':
        code.push(OP_CHOICE, part.field);
        emitChoices(part.choices);
        return;
      case 'time':
        code.push(OP_TIME, part.field);
        return;
      case 'set':
        code.push(OP_SET, part.field, part.value);
        return;
      case 'rows': {
        const start = code.length;
        code.push(OP_ROW);
        for (const inner of joined(part.parts)) emit(inner);
        code.push(OP_ROW_NEXT, start);
        return;
      }
      case 'row-symbol':
        code.push(OP_ROW_SYMBOL);
        return;
      case 'row-id':
        code.push(OP_ROW_ID);
        return;
      case 'row-side':
        code.push(OP_ROW_SIDE);
        emitChoices(part.choices);
        return;
      case 'row-qty':
        code.push(OP_ROW_QTY);
        return;
      case 'row-price':
        code.push(OP_ROW_PRICE);
        return;
    }
  };

  for (const shape of shapes) {
    starts.push(code.length);
    for (const part of joined(shape.parts)) emit(part);
    code.push(OP_END, shape.kind);
  }
  return {
    code: Int32Array.from(code),
    starts: Int32Array.from(starts),
    pool: Uint8Array.from(pool),
    shared: Int32Array.from(starts, (start, shape) => sharedWords(code, pool, starts[shape - 1], start)),
    names: shapes.map((shape) => shape.name),
  };
}

/** Texts that follow each other as one. */
function joined<P extends Part | RowPart>(parts: readonly P[]): readonly P[] {
  const found: P[] = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (part.op === 'text' && last?.op === 'text') found[found.length - 1] = { ...last, text: last.text + part.text };
    else found.push(part);
  }
  return found;
}

/** Words of the operations with which a shape begins as the one before it does: they need not be run again. Whole operations only, and none of a row. */
function sharedWords(code: readonly number[], pool: readonly number[], before: number | undefined, start: number): number {
  if (before === undefined) return 0;
  const textOf = (at: number): string => pool.slice(code[at], code[at]! + code[at + 1]!).join();
  for (let word = 0; ;) {
    const a = before + word;
    const b = start + word;
    const op = code[a]!;
    if (op !== code[b]) return word;
    if (op === OP_TEXT) {
      if (textOf(a + 1) !== textOf(b + 1)) return word;
      word += 3;
    } else if (op === OP_SKIP || op === OP_SYMBOL) word += 1;
    else if (op === OP_INT) {
      if (code[a + 1] !== code[b + 1]) return word;
      word += 2;
    } else if (op === OP_CHOICE) {
      const entries = code[a + 2]!;
      if (code[a + 1] !== code[b + 1] || entries !== code[b + 2]) return word;
      for (let entry = 3; entry < 3 + entries * 3; entry += 3) {
        if (code[a + entry] !== code[b + entry] || textOf(a + entry + 1) !== textOf(b + entry + 1)) return word;
      }
      word += 3 + entries * 3;
    } else return word;
  }
}
