/**
 * A venue's shapes as straight-line source code: what the interpreter of assembly/scan.ts would find out anew with each frame, said once. Run by the build
 * (scripts/build.mjs), which puts the functions into the kernel, and by benchmarks, which put the same into C++. A frame that leaves the path goes to the
 * interpreter from its beginning; nothing but scratch was touched until then.
 *
 * Texts and integers do not look where the frame ends: the place only grows, and at the last it has to be the end, so that nothing behind it has a say. What could
 * run far (levels, rows, times) looks itself; for the rest there is the slack.
 */
import { CTX_GUESSES, CTX_GUESSES_END, SLACK_BYTES } from './context.js';
import { FIELD_COUNT, FIELD_UNUSED, MESSAGE_DEPTH, MESSAGE_ROWS } from './message.js';
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
} from './program.js';

/** What the two languages say differently. */
export interface Dialect {
  readonly constant: string;
  readonly variable: string;
  /** @param name of the function, called with (ctx, at, end, recvUs) */
  readonly open: (name: string) => string;
  /** @param name of the function, called with (ctx, at, end) @returns where its rows end, 0 when they are not of this shape */
  readonly openRows: (name: string) => string;
}

/** What the functions of assembly/shapes.ts are made of. */
export const PARTS = `import {
  ROW_BYTES, begin, bookOf, byte, clearRow, countRows, digitCount, digitsAt, endOfRows, firstRow, guess, guessed, half, instrumentOf, integerValue, isInteger,
  isNowhere, isRowSymbol, knownSymbol, left, levelsOfSide, nowhere, pair, quoteAfter, rowPrice, rowQty, setRowId, setRowSide, textLength, timeAt, word,
} from './parts';
import { applyDepthFields, applyRowFields, applyShapes } from './apply';
import { endRun, frameEnd, noteFrame, openRun, payloadOf, stopRun } from './run';
`;

/** AssemblyScript of the function that takes frames from a socket's bytes for as long as `apply` publishes books. */
export function runSource(apply: string, run: string): string {
  return `export function ${run}(ctx: usize, from: usize, end: usize, recvUs: f64): i32 {
let at = from;
openRun(ctx);
while (true) {
const to = frameEnd(at, end);
if (to == 0) return endRun(ctx, at);
const payload = payloadOf(at);
const done = ${apply}(ctx, payload, to, recvUs);
if ((done & 3) != 0) return stopRun(ctx, payload, to, done);
at = to;
if (noteFrame(ctx, done >> 2, to - payload)) return endRun(ctx, at);
}
}
`;
}

export const ASSEMBLY_SCRIPT: Dialect = {
  constant: 'const',
  variable: 'let',
  open: (name) => `export function ${name}(ctx: usize, from: usize, end: usize, recvUs: f64): i32 {`,
  openRows: (name) => `function ${name}(ctx: usize, from: usize, end: usize): usize {`,
};

interface Choice {
  readonly value: number;
  readonly text: string;
}

type Step =
  | { readonly op: 'text'; readonly text: string }
  | { readonly op: 'int'; readonly field: number }
  | { readonly op: 'skip' | 'symbol' | 'row' | 'row-symbol' | 'row-id' | 'row-qty' | 'row-price' | 'row-next' }
  | { readonly op: 'levels'; readonly side: number }
  | { readonly op: 'choice'; readonly field: number; readonly choices: readonly Choice[] }
  | { readonly op: 'row-side'; readonly choices: readonly Choice[] }
  | { readonly op: 'time'; readonly field: number }
  | { readonly op: 'set'; readonly field: number; readonly value: number }
  | { readonly op: 'end'; readonly kind: number }
  | { readonly op: 'other' };

/** A step and what may follow it. */
interface Node {
  step: Step;
  next: Node[];
}

/** A number or a symbol at most; texts that are skipped are as long as what is loaded at once. */
const STEP_BYTES = 32;
const LOAD_BYTES = 32;

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

/** Name of a program's function among the kernel's exports: another program has another one. */
export function compiledName({ code, starts, pool }: Program): `apply_${string}` {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  const mix = (value: number): void => {
    high = Math.imul(high ^ value, 2_654_435_761);
    low = Math.imul(low ^ value, 1_597_334_677);
    high ^= high >>> 15;
    low ^= low >>> 13;
  };
  for (const part of [code, starts, pool]) {
    mix(part.length);
    part.forEach(mix);
  }
  return `apply_${hex(high)}${hex(low)}`;
}

/** The same of the function that takes a run of frames. */
export const runName = (apply: string): `run_${string}` => `run_${apply.slice('apply_'.length)}`;

/** Functions of the program's book messages, '' when it has none that can be compiled. */
export function compileToSource(program: Program, dialect: Dialect): string {
  const shapes = Array.from(program.starts, (start) => decode(program, start));
  const books = shapes.filter((steps) => {
    const last = steps.at(-1);
    return last?.op === 'end' && (last.kind === MESSAGE_DEPTH || last.kind === MESSAGE_ROWS) && !steps.some(({ op }) => op === 'other');
  });
  if (books.length === 0) return '';
  for (const steps of books) mustStayInSlack(steps);
  const roots: Node[] = [];
  for (const steps of books) insert(roots, steps);
  return new Writer(compiledName(program), dialect).write(roots);
}

/** A frame that was cut anywhere lets the place run on by what its shape has left. */
function mustStayInSlack(steps: readonly Step[]): void {
  const most = (choices: readonly Choice[]): number => Math.max(...choices.map(({ text }) => byteLength(text)));
  let reach = LOAD_BYTES;
  for (const step of steps) {
    if (step.op === 'text') reach += byteLength(step.text);
    else if ('choices' in step) reach += most(step.choices);
    else reach += STEP_BYTES;
  }
  if (reach > SLACK_BYTES) throw new Error(`a shape that may read ${reach} bytes behind a frame; there are ${SLACK_BYTES}`);
}

/** The steps of one shape; `other` where it holds what is not compiled. */
function decode({ code, pool }: Program, start: number): readonly Step[] {
  const steps: Step[] = [];
  const decoder = new TextDecoder();
  const word = (at: number): number => code[at] ?? 0;
  const textAt = (at: number): string => decoder.decode(pool.subarray(word(at), word(at) + word(at + 1)));
  const choicesAt = (at: number): readonly Choice[] =>
    Array.from({ length: word(at) }, (_, i) => ({ value: word(at + 1 + i * 3), text: textAt(at + 2 + i * 3) }));
  for (let at = start; ;) {
    switch (word(at)) {
      case OP_TEXT:
        steps.push({ op: 'text', text: textAt(at + 1) });
        at += 3;
        break;
      case OP_INT:
        steps.push({ op: 'int', field: word(at + 1) });
        at += 2;
        break;
      case OP_SKIP:
        steps.push({ op: 'skip' });
        at += 1;
        break;
      case OP_SYMBOL:
        steps.push({ op: 'symbol' });
        at += 1;
        break;
      case OP_DECIMAL:
        steps.push({ op: 'other' });
        at += 2;
        break;
      case OP_LEVELS:
        steps.push({ op: 'levels', side: word(at + 1) });
        at += 2;
        break;
      case OP_CHOICE:
        steps.push({ op: 'choice', field: word(at + 1), choices: choicesAt(at + 2) });
        at += 3 + word(at + 2) * 3;
        break;
      case OP_TIME:
        steps.push({ op: 'time', field: word(at + 1) });
        at += 2;
        break;
      case OP_ROW:
        steps.push({ op: 'row' });
        at += 1;
        break;
      case OP_ROW_SYMBOL:
        steps.push({ op: 'row-symbol' });
        at += 1;
        break;
      case OP_ROW_ID:
        steps.push({ op: 'row-id' });
        at += 1;
        break;
      case OP_ROW_SIDE:
        steps.push({ op: 'row-side', choices: choicesAt(at + 1) });
        at += 2 + word(at + 1) * 3;
        break;
      case OP_ROW_QTY:
        steps.push({ op: 'row-qty' });
        at += 1;
        break;
      case OP_ROW_PRICE:
        steps.push({ op: 'row-price' });
        at += 1;
        break;
      case OP_ROW_NEXT:
        steps.push({ op: 'row-next' });
        at += 2;
        break;
      case OP_SET:
        steps.push({ op: 'set', field: word(at + 1), value: word(at + 2) });
        at += 3;
        break;
      case OP_END:
        steps.push({ op: 'end', kind: word(at + 1) });
        return steps;
      default:
        return [...steps, { op: 'other' }];
    }
  }
}

/** Shapes that begin alike share their beginning, texts by the byte. Rows are not shared: each shape's rows are a loop of their own. */
function insert(nodes: Node[], steps: readonly Step[]): void {
  const [first, ...rest] = steps;
  if (first === undefined) return;
  for (const node of nodes) {
    const { step } = node;
    if (step.op === 'text' && first.op === 'text') {
      const common = commonStart(step.text, first.text);
      if (common === 0) continue;
      if (common < step.text.length) {
        node.next = [{ step: { op: 'text', text: step.text.slice(common) }, next: node.next }];
        node.step = { op: 'text', text: step.text.slice(0, common) };
      }
      const left = first.text.slice(common);
      insert(node.next, left === '' ? rest : [{ op: 'text', text: left }, ...rest]);
      return;
    }
    if (step.op !== 'row' && JSON.stringify(step) === JSON.stringify(first)) {
      insert(node.next, rest);
      return;
    }
  }
  const node: Node = { step: first, next: [] };
  nodes.push(node);
  insert(node.next, rest);
}

function commonStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

/** Fields by number, as the names of the function's variables. */
const FIELD_NAMES = ['first', 'last', 'prev', 'time', 'action', 'id', 'side', 'stream', 'flags', 'kind', 'nextFunding', 'unused'];
const NAMED = FIELD_NAMES.slice(0, FIELD_COUNT);

class Writer {
  readonly #name: string;
  readonly #dialect: Dialect;
  readonly #functions: string[] = [];
  #lines: string[] = [];
  #guesses = 0;
  #names = 0;

  constructor(name: string, dialect: Dialect) {
    this.#name = name;
    this.#dialect = dialect;
  }

  write(roots: readonly Node[]): string {
    const { variable } = this.#dialect;
    this.#lines = [
      this.#dialect.open(this.#name),
      `${variable} at = from;`,
      `${variable} book = nowhere;`,
      `${variable} instrument = 0;`,
      ...NAMED.map((name) => `${variable} ${name} = NaN;`),
      'begin(ctx);',
    ];
    this.#emit(roots, 'return applyShapes(ctx, from, end, recvUs);');
    this.#lines.push('return applyShapes(ctx, from, end, recvUs);', '}');
    return [...this.#functions, ...this.#lines, ''].join('\n');
  }

  /** @param no what is done where the frame goes another way */
  #emit(nodes: readonly Node[], no: string): void {
    const [only] = nodes;
    if (only === undefined) return;
    if (nodes.length === 1 && only.step.op !== 'row') {
      this.#step(only, no);
      return;
    }
    // Of several, all but the last begin with a text or with rows: what can be tried.
    for (const node of nodes) {
      const { step } = node;
      if (step.op === 'text') {
        this.#lines.push(`if (${isText(step.text)}) {`, `at += ${byteLength(step.text)};`);
        this.#emit(node.next, no);
        this.#lines.push(no, '}');
      } else if (step.op === 'row') this.#rows(node, no);
      else this.#step(node, no);
    }
    this.#lines.push(no);
  }

  #step({ step, next }: Node, no: string): void {
    const { constant, variable } = this.#dialect;
    const lines = this.#lines;
    switch (step.op) {
      case 'text':
        lines.push(`if (!(${isText(step.text)})) ${no}`, `at += ${byteLength(step.text)};`);
        break;
      case 'int':
        this.#integer(step.field === FIELD_UNUSED ? null : (value) => `${NAMED[step.field] ?? ''} = ${value};`, no);
        break;
      case 'skip': {
        const length = this.#variable();
        lines.push(`${constant} ${length} = textLength(at);`, `if (${length} < 0) ${no}`, `at += ${length};`);
        break;
      }
      case 'symbol': {
        const [length, place] = [this.#variable(), this.#variable()];
        lines.push(
          `${constant} ${length} = quoteAfter(ctx, at);`,
          `${constant} ${place} = knownSymbol(ctx, at, ${length});`,
          `if (isNowhere(${place})) ${no}`,
          `instrument = instrumentOf(${place});`,
          `book = bookOf(ctx, ${place});`,
          `if (isNowhere(book)) ${no}`,
          `at += ${length};`,
        );
        break;
      }
      case 'levels':
        lines.push(`at = levelsOfSide(ctx, book, at, end, ${step.side});`, `if (isNowhere(at)) ${no}`);
        break;
      case 'choice': {
        if (step.choices.length === 2) {
          this.#oneOfTwo(step.choices, (value) => `${NAMED[step.field] ?? ''} = ${value};`, no);
          break;
        }
        const length = this.#variable();
        lines.push(`${variable} ${length} = 0;`);
        step.choices.forEach(({ value, text }, i) => {
          const name = NAMED[step.field] ?? '';
          const isLast = i === step.choices.length - 1;
          lines.push(`if (${isText(text)}) { ${length} = ${byteLength(text)}; ${name} = ${value}; }${isLast ? '' : ' else'}`);
        });
        lines.push(`if (${length} == 0) ${no}`, `at += ${length};`);
        break;
      }
      case 'set':
        lines.push(`${NAMED[step.field] ?? ''} = ${step.value};`);
        break;
      case 'end':
        lines.push(`if (at != end) ${no}`);
        if (step.kind === MESSAGE_DEPTH)
          lines.push('return applyDepthFields(ctx, book, instrument, recvUs, first, last, prev, time, action, stream);');
        else lines.push('return applyRowFields(ctx, recvUs, action);');
        return;
      default:
        lines.push(no);
        return;
    }
    this.#emit(next, no);
  }

  /** @param keep the statement that keeps a value, null where it is not kept */
  #integer(keep: ((value: string) => string) | null, no: string): void {
    const { constant, variable } = this.#dialect;
    const guess = CTX_GUESSES + this.#guesses++;
    if (guess >= CTX_GUESSES_END) throw new Error(`${this.#name}: more integers than guesses`);
    const [digits, count, length] = [this.#variable(), this.#variable(), this.#variable()];
    this.#lines.push(
      `${constant} ${digits} = digitsAt(ctx, at);`,
      `${constant} ${count} = digitCount(ctx, ${digits});`,
      // The length is most often that of the last time: what follows need not wait for this number.
      `${variable} ${length} = guessed(ctx, ${guess});`,
      `if (${length} != ${count}) { guess(ctx, ${guess}, ${count}); ${length} = ${count}; }`,
      `if (!isInteger(at, ${count})) ${no}`,
    );
    if (keep !== null) this.#lines.push(keep(`integerValue(ctx, ${digits}, ${count})`));
    this.#lines.push(`at += ${length};`);
  }

  /** Which one is anybody's guess: no branch. */
  #oneOfTwo(choices: readonly Choice[], keep: (value: string) => string, no: string): void {
    const [a, b] = choices;
    if (a === undefined || b === undefined) return;
    const { constant } = this.#dialect;
    const [isFirst, isSecond] = [this.#variable(), this.#variable()];
    this.#lines.push(
      `${constant} ${isFirst} = ${isText(a.text)};`,
      `${constant} ${isSecond} = ${isText(b.text)};`,
      `if (!(${isFirst} | ${isSecond})) ${no}`,
      keep(`${isFirst} ? ${a.value} : ${b.value}`),
      `at += ${isFirst} ? ${byteLength(a.text)} : ${byteLength(b.text)};`,
    );
  }

  /** The rows of one shape as a function: tried one shape after the other. */
  #rows(node: Node, no: string): void {
    const { constant, variable } = this.#dialect;
    const outer = this.#lines;
    const name = `${this.#name.replace('apply', 'rows')}_${this.#functions.length}`;
    this.#lines = [
      this.#dialect.openRows(name),
      `${variable} at = from;`,
      `${variable} row = firstRow(ctx);`,
      `${constant} rowsEnd = endOfRows(ctx);`,
      'while (true) {',
      'if (row >= rowsEnd) return nowhere;',
      'clearRow(row);',
    ];
    let at: Node | undefined = node.next[0];
    for (; at !== undefined && at.step.op !== 'row-next'; at = at.next[0]) this.#rowStep(at.step);
    this.#lines.push(
      'row += ROW_BYTES;',
      'if (left(at, end) <= 0 || byte(at, 0) != 0x2c) break;',
      'at += 1;',
      '}',
      'countRows(ctx, row);',
      'return at;',
      '}',
    );
    this.#functions.push(this.#lines.join('\n'));
    this.#lines = outer;
    const end = this.#variable();
    outer.push(`${constant} ${end} = ${name}(ctx, at, end);`, `if (!isNowhere(${end})) {`, `at = ${end};`);
    this.#emit(at?.next ?? [], no);
    outer.push(no, '}');
  }

  #rowStep(step: Step): void {
    const { constant } = this.#dialect;
    const no = 'return nowhere;';
    const lines = this.#lines;
    switch (step.op) {
      case 'row-symbol': {
        const length = this.#variable();
        lines.push(`${constant} ${length} = quoteAfter(ctx, at);`, `if (!isRowSymbol(ctx, at, ${length}, row)) ${no}`, `at += ${length};`);
        return;
      }
      case 'row-id':
        this.#integer((value) => `setRowId(row, ${value});`, no);
        return;
      case 'row-qty':
      case 'row-price': {
        const next = this.#variable();
        lines.push(
          `${constant} ${next} = ${step.op === 'row-qty' ? 'rowQty' : 'rowPrice'}(ctx, at, end, row);`,
          `if (isNowhere(${next})) ${no}`,
          `at = ${next};`,
        );
        return;
      }
      case 'row-side':
        if (step.choices.length === 2) {
          this.#oneOfTwo(step.choices, (value) => `setRowSide(row, ${value});`, no);
          return;
        }
        step.choices.forEach(({ value, text }) => {
          lines.push(`if (${isText(text)}) { setRowSide(row, ${value}); at += ${byteLength(text)}; } else`);
        });
        lines.push(no);
        return;
      case 'time': {
        const next = this.#variable();
        lines.push(`${constant} ${next} = timeAt(ctx, at, end, ${step.field});`, `if (isNowhere(${next})) ${no}`, `at = ${next};`);
        return;
      }
      case 'text':
        lines.push(`if (!(${isText(step.text)})) ${no}`, `at += ${byteLength(step.text)};`);
        return;
      default:
        lines.push(no);
    }
  }

  #variable(): string {
    return `v${this.#names++}`;
  }
}

const byteLength = (text: string): number => Buffer.byteLength(text);

/** The condition that the text stands at `at`: whole words, the last one overlapping the one before. */
function isText(text: string): string {
  const bytes = Buffer.from(text);
  const length = bytes.length;
  const word = length >= 8 ? 8 : length >= 4 ? 4 : length >= 2 ? 2 : 1;
  const parts: string[] = [];
  for (let at = 0; at < length; at += word) {
    const from = Math.min(at, length - word);
    let value = 0n;
    for (let i = word - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i] ?? 0);
    parts.push(`(${{ 8: 'word', 4: 'half', 2: 'pair', 1: 'byte' }[word]}(at, ${from}) ^ 0x${value.toString(16)})`);
  }
  return `(${parts.join(' | ')}) == 0`;
}
