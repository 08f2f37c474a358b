import { describe, expect, it } from 'vitest';
import { messageLine, parseLine } from '../../../src/workers/supervisor/handover.js';
import { Watch } from '../../../src/workers/supervisor/watch.js';

const HANG_MS = 5_000;

describe('Watch', () => {
  it('C17: an engine that gives no sign of life for long enough hangs, and is alive again with the next', () => {
    const watch = new Watch(0, HANG_MS, () => true);
    expect(watch.look(HANG_MS - 1)).toBe('alive');
    watch.beat(HANG_MS - 1);
    expect(watch.look(2 * HANG_MS - 2)).toBe('alive');
    expect(watch.look(2 * HANG_MS - 1)).toBe('hung');
    watch.beat(2 * HANG_MS);
    expect(watch.look(2 * HANG_MS)).toBe('alive');
  });

  it('C17: an engine is dead when its process is gone, with or without the end of its pipe', () => {
    let isRunning = true;
    const watch = new Watch(0, HANG_MS, () => isRunning);
    watch.closed(10);
    expect(watch.look(20)).toBe('alive');
    isRunning = false;
    expect(watch.look(30)).toBe('dead');
    expect(new Watch(0, HANG_MS, () => false).look(1)).toBe('dead');
  });

  it('C17: an end of the pipe without a word is a death soon after, whoever has the process id by then', () => {
    const watch = new Watch(0, HANG_MS, () => true);
    watch.closed(10);
    expect(watch.look(2_009)).toBe('alive');
    expect(watch.look(2_010)).toBe('dead');
  });

  it('a clean stop is one, whatever ends afterwards; giving up is a death, whatever is said afterwards', () => {
    const stopped = new Watch(0, HANG_MS, () => false);
    stopped.stopped();
    stopped.closed(1);
    expect(stopped.look(1e9)).toBe('stopped');
    const failed = new Watch(0, HANG_MS, () => true);
    failed.failed();
    failed.stopped();
    expect(failed.look(1)).toBe('dead');
  });
});

describe('the pipe', () => {
  it('carries each message as a line, and a line cut short is none', () => {
    const line = messageLine({ type: 'beat' });
    expect(line).toBe('{"type":"beat"}\n');
    expect(parseLine(line)).toEqual({ type: 'beat' });
    expect([parseLine('{"type":"be'), parseLine(''), parseLine('7'), parseLine('{"type":"else"}')]).toEqual([null, null, null, null]);
  });
});
