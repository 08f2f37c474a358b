/** Lanes as real threads, with a small program in place of the lane's own. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/numbers/errors.js';
import { startLane, type LaneListener, type LaneThread } from '../../src/workers/worker-threads.js';
import { laneData, memoryOf } from './lane-fixture.js';

/** Beside `worker-threads.ts`, as the lanes' own files are. */
const PROGRAM = '../../test/workers/programs/lane.mjs';

class Heard implements LaneListener {
  readonly lines: string[] = [];
  #wake: () => void = () => undefined;

  onNote(source: string, text: string): void {
    this.#hear(`note ${source}: ${text}`);
  }
  onError(source: string, text: string): void {
    this.#hear(`error ${source}: ${text}`);
  }
  onDeath(lane: string, text: string): void {
    this.#hear(`death ${lane}: ${text}`);
  }
  /** Resolves when the next line is heard. */
  next(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
  #hear(line: string): void {
    this.lines.push(line);
    this.#wake();
  }
}

function start(behaviour: string, heard = new Heard()): Promise<LaneThread> {
  const memory = memoryOf();
  memory.views.i32[0] = 42;
  return startLane(PROGRAM, 'feed-0', laneData(memory, { directory: behaviour, lane: 2 }), heard);
}

describe('startLane', () => {
  it('gives the thread its data and the shared memory, and hands on its notes', async () => {
    const heard = new Heard();
    const lane = await start('ready-then-stop', heard);
    expect([lane.name, lane.lane]).toEqual(['feed-0', 2]);
    expect(heard.lines).toEqual(['note lane: lane 2 sees 42']);
    lane.send({ kind: 'stop' });
    expect(await lane.ended).toBe(0);
    expect(heard.lines).toHaveLength(1);
  });

  it('an error of a lane that runs is told and does not end it', async () => {
    const heard = new Heard();
    const lane = await start('ready-then-stop', heard);
    const told = heard.next();
    lane.send({ kind: 'resync', instrument: 3 });
    await told;
    expect(heard.lines.at(-1)).toBe('error lane: resync 3');
    lane.send({ kind: 'stop' });
    expect(await lane.ended).toBe(0);
  });

  it('a lane that dies while it is needed is told as a death, with its words', async () => {
    const heard = new Heard();
    const lane = await start('ready-then-stop', heard);
    lane.send({ kind: 'reconnect', venue: 'bybit' });
    expect(await lane.ended).toBe(1);
    expect(heard.lines.at(-1)).toBe('death feed-0: reconnect bybit');
  });

  it('a lane can be terminated', async () => {
    const lane = await start('ready-then-stop');
    await lane.terminate();
    expect(await lane.ended).toBe(1);
  });

  it('rejects with the words of a lane that dies before it is ready', async () => {
    const heard = new Heard();
    await expect(start('throws', heard)).rejects.toThrow('no memory for this');
    await expect(start('fails', heard)).rejects.toThrow('hot lane: broken');
    await expect(start('nothing', heard)).rejects.toThrow('lane feed-0 ended with 4 before it was ready');
    expect(heard.lines).toEqual([]);
  });

  it('a strategy that refuses its parameters is wrong use, in its own words', async () => {
    await expect(start('refuses')).rejects.toEqual(new UsageError('btc-grid: step must pay both fees'));
  });

  it('rejects when there is no such lane', async () => {
    await expect(startLane('not-there.js', 'hot', laneData(memoryOf()), new Heard())).rejects.toThrow('not-there.js');
  });
});
