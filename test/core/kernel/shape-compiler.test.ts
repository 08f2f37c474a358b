/** Shapes as code: what is written for them, and that a frame through the code means what it means through the interpreter. */
import { describe, expect, it } from 'vitest';
import {
  FIELD_ACTION,
  FIELD_LAST,
  FIELD_TIME,
  FIELD_UNUSED,
  BID,
  ASK,
  MESSAGE_DEPTH,
  MESSAGE_TRADE,
} from '../../../src/core/kernel/message.js';
import { ASSEMBLY_SCRIPT, compiledName, compileToSource } from '../../../src/core/kernel/shape-compiler.js';
import { choice, compileShapes, int, levels, skip, symbol, text, type Part } from '../../../src/feeds/shape.js';

const BODY: readonly Part[] = [
  symbol(),
  text('","u":'),
  int(FIELD_LAST),
  text(',"b":'),
  levels(BID),
  text(',"a":'),
  levels(ASK),
  text('}'),
];
const PLAIN = { name: 'plain', kind: MESSAGE_DEPTH, parts: [text('{"e":"depth","s":"'), ...BODY] };
const TIMED = { name: 'timed', kind: MESSAGE_DEPTH, parts: [text('{"e":"depth","E":'), int(FIELD_TIME), text(',"s":"'), ...BODY] };
const TRADE = { name: 'trade', kind: MESSAGE_TRADE, parts: [text('{"e":"trade","t":'), int(FIELD_UNUSED), text('}')] };

const countOf = (source: string, part: string): number => source.split(part).length - 1;

describe('shapes as code', () => {
  it('has another name for another program, and the same for the same', () => {
    const name = compiledName(compileShapes([PLAIN]));
    expect(compiledName(compileShapes([PLAIN]))).toBe(name);
    const others = [
      [TIMED],
      [PLAIN, TIMED],
      [TIMED, PLAIN],
      [{ ...PLAIN, kind: MESSAGE_TRADE }],
      [{ ...PLAIN, parts: [text('{"e":"depth","S":"'), ...BODY] }],
    ];
    const names = others.map((shapes) => compiledName(compileShapes(shapes)));
    expect(new Set([name, ...names]).size).toBe(others.length + 1);
  });

  it('writes nothing for shapes that carry no book', () => {
    expect(compileToSource(compileShapes([TRADE]), ASSEMBLY_SCRIPT)).toBe('');
  });

  it('reads what two shapes begin with once', () => {
    const source = compileToSource(compileShapes([PLAIN, TIMED]), ASSEMBLY_SCRIPT);
    expect(countOf(source, 'export function')).toBe(1);
    // `{"e":"depth","` in words of eight bytes, the second one overlapping the first.
    expect(countOf(source, 'at += 14;')).toBe(1);
    expect(countOf(source, 'levelsOfSide(')).toBe(4);
  });

  it('refuses texts that could lead a frame that was cut beyond the slack', () => {
    const parts: Part[] = [text(`{"${'x'.repeat(1000)}":"`), symbol(), text('","u":'), ...BODY];
    expect(() => compileToSource(compileShapes([{ name: 'long', kind: MESSAGE_DEPTH, parts }]), ASSEMBLY_SCRIPT)).toThrow(
      /slack|behind a frame/,
    );
  });

  it('sends every deviation to the interpreter from the beginning of the frame', () => {
    const parts: Part[] = [
      text('{"t":"'),
      skip(),
      text('","k":"'),
      choice(FIELD_ACTION, { delta: 0, snapshot: 1 }),
      text('","s":"'),
      ...BODY,
    ];
    const source = compileToSource(compileShapes([{ name: 'all', kind: MESSAGE_DEPTH, parts }]), ASSEMBLY_SCRIPT);
    const steps = source.split('\n').filter((line) => line.startsWith('if ('));
    const escapes = steps.filter((line) => line.endsWith('return applyShapes(ctx, from, end, recvUs);'));
    // Only a guess that was wrong stays on the path.
    expect(steps.length - escapes.length).toBe(countOf(source, 'guess(ctx, '));
    // `snapshot` as one word.
    expect(source).toContain('0x746f687370616e73');
  });
});
