/** What a reader does with a frame before anybody has understood it. Frames that are understood: feed.test.ts and the recordings. */
import { describe, expect, it } from 'vitest';
import { KernelRoom } from '../../src/core/kernel/kernel-room.js';
import type { KernelName } from '../../src/core/kernel/kernel.js';
import { SymbolTable } from '../../src/core/kernel/symbol-table.js';
import { FrameReader, FrameStats, READ_BAD, READ_OK } from '../../src/feeds/frame-reader.js';
import { BUILT_KERNELS, makeKernel } from '../../src/feeds/kernels.js';
import { compileShapes } from '../../src/feeds/shape.js';
import type { FeedSink } from '../../src/feeds/sink.js';
import { bybit } from '../../src/feeds/venues/bybit.js';

const nothing = (): void => undefined;
const SILENT: FeedSink = { bookChanged: nothing, state: nothing, trade: nothing, quote: nothing, mark: nothing };

function readerOf(kernel: KernelName): { readonly reader: FrameReader; readonly stats: FrameStats } {
  const symbols = new SymbolTable();
  const stats = new FrameStats();
  const program = compileShapes(bybit.shapes);
  const reader = new FrameReader({
    venue: bybit,
    kernel: makeKernel(kernel, program, symbols, KernelRoom.alone(16 * 1024 * 1024)),
    symbols,
    slots: [],
    sink: SILENT,
    stats,
    reply: nothing,
    onUnknownSymbol: null,
  });
  return { reader, stats };
}

describe.each(BUILT_KERNELS)('frame reader, kernel %s', (kernel) => {
  it('takes text for bad that is not UTF-8, wherever the wrong byte stands: the socket leaves that to it', () => {
    const text = Buffer.from('{"op":"pong","ret_msg":"\u20ac and more"}');
    const { reader, stats } = readerOf(kernel);
    expect(reader.read(text, 0, text.length, 0)).toBe(READ_OK);
    for (let at = 0; at < text.length; at++) {
      const wrong = Buffer.from(text);
      wrong[at] = 0xff;
      expect(reader.read(wrong, 0, wrong.length, 0)).toBe(READ_BAD);
    }
    expect(stats).toMatchObject({ frames: text.length + 1, bad: text.length });
  });
});
