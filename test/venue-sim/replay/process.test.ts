/** The replay as a process: which files go together, its addresses, start and end, pace, full speed with a slow client, and a stop that leaves nothing. */
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ServerSocket } from '../../../src/core/ports/http.js';
import { createFrameSource } from '../../../src/net/frame-source.js';
import { Barrier } from '../../../src/venue-sim/replay/barrier.js';
import { Player } from '../../../src/venue-sim/replay/player.js';
import { MarketTimeFeed } from '../../../src/venue-sim/replay/market-time.js';
import { MergedLines } from '../../../src/venue-sim/replay/merged-lines.js';
import type { RecordedLine } from '../../../src/venue-sim/replay/recorded-line.js';
import { ManualTime } from '../../support/manual-host.js';
import { ReplayWorld } from './replay-world.js';
import { writeFixture } from './recorded-fixture.js';

const fixture = writeFixture(60);
afterAll(() => fixture.remove());
let world = new ReplayWorld();
afterEach(async () => {
  await world.close();
  world = new ReplayWorld();
});

const line = (t: number, raw: string): RecordedLine => ({ line: 1, t, kind: 'in', conn: 'c', http: '', raw });

async function* given(lines: readonly RecordedLine[]): AsyncGenerator<RecordedLine> {
  for (const one of lines) yield await Promise.resolve(one);
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
};

describe('files', () => {
  it('that do not overlap in time are refused with their spans', async () => {
    await expect(world.open([fixture.spot, fixture.later], 'max')).rejects.toThrow(
      /^--replay: files that do not overlap in time are separate runs: spot\.ndjson 2024-08-08T.* to .*; later\.ndjson 2024-08-09T/,
    );
  });

  it('with the same symbol, or that are not there, are refused', async () => {
    await expect(world.open([fixture.spot, fixture.spot], 'max')).rejects.toThrow(/binance-spot:BTCUSDT is in two files/);
    await expect(world.open([path.join(fixture.folder, 'none.ndjson')], 'max')).rejects.toThrow(/none\.ndjson: no such file/);
  });

  it('with a damaged line are refused by file, line and reason', async () => {
    const damaged = writeFixture(10);
    appendFileSync(damaged.bitmex, '{"t":1,"dir":"in","raw":\n');
    const lines = readFileSync(damaged.bitmex, 'utf8').trimEnd().split('\n').length;
    await expect(world.open([damaged.bitmex], 'max')).rejects.toThrow(new RegExp(`BAD_RECORDING.*bitmex\\.ndjson.*"line":${lines}`));
    damaged.remove();
  });

  it('are merged by time, lines of one file in their order', async () => {
    const sources: Record<string, RecordedLine[]> = {
      a: [line(1, 'a1'), line(5, 'a2'), line(5, 'a3')],
      b: [line(2, 'b1'), line(5, 'b2'), line(9, 'b3')],
    };
    const merged = new MergedLines({ read: (file) => given(sources[file] ?? []), info: () => Promise.reject(new Error('unused')) }, [
      'a',
      'b',
    ]);
    const order: string[] = [];
    for (let next = await merged.next(); next !== null; next = await merged.next()) order.push(`${next.file}${next.record.raw}`);
    expect(order).toEqual(['0a1', '1b1', '0a2', '0a3', '1b2', '1b3']);
  });
});

describe('a replay', () => {
  it('writes addresses with the recorded clock, says where it stands, starts by a signal, ends and stays until stopped', async () => {
    const file = path.join(fixture.folder, 'addresses.json');
    const { addresses, ended } = await world.open([fixture.spot, fixture.coinm], 'max', file);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(addresses);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(addresses).toMatchObject({ simulated: true, replay: true, pid: process.pid });
    expect(Object.keys(addresses.venues)).toEqual(['binance-spot', 'binance-coinm']);
    const status = async (): Promise<Record<string, unknown>> =>
      JSON.parse((await world.http.request('GET', `${addresses.admin}/status`)).text) as Record<string, unknown>;
    expect(await status()).toMatchObject({ replay: ['spot.ndjson', 'coinm.ndjson'], speed: 'max', started: false, ended: false });
    const times: number[] = [];
    await world.followClock((us) => times.push(us));
    const { feed } = await world.feed('binance-spot', []);
    await world.start();
    await world.ended;
    expect(times).toEqual(times.toSorted((x, y) => x - y));
    // Recorded time is told at least every fifty milliseconds of it.
    const gaps = times.slice(1).map((us, i) => us - (times[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(50_000);
    expect(await status()).toMatchObject({ started: true, ended: true });
    const { venues } = (await status()) as { venues: Record<string, { messagesOut: number; slowClients: number }> };
    expect(venues['binance-spot']?.messagesOut).toBeGreaterThan(80);
    feed.stop();
    await world.http.request('POST', `${addresses.admin}/stop`);
    await ended;
    expect(existsSync(file)).toBe(false);
  });

  it('keeps every message for a client that reads slowly at full speed', async () => {
    const { addresses } = await world.open([fixture.bitmex], 'max');
    const source = createFrameSource({ clock: world.clock, timers: world.timers, onError: (error) => world.lines.push(String(error)) });
    const frames: string[] = [];
    await world.followClock();
    await new Promise<void>((resolve) => {
      const connection = source.connect(
        { url: `${addresses.venues['bitmex']?.wsPublic}/realtime`, receive: new Uint8Array(4_096) },
        {
          onOpen: () => {
            connection.send('{"op":"subscribe","args":["orderBookL2:XBTUSD","trade:XBTUSD"]}');
            resolve();
          },
          onFrame: (bytes, start, end) => {
            frames.push(Buffer.from(bytes.slice(start, end)).toString());
            let spent = 0;
            for (let i = 0; i < 200_000; i++) spent += i;
            expect(spent).toBeGreaterThan(0);
          },
          onClose: () => undefined,
        },
      );
    });
    await world.start();
    await world.ended;
    const recorded = readFileSync(fixture.bitmex, 'utf8').trimEnd().split('\n');
    expect(frames.filter((text) => text.startsWith('{"table"'))).toEqual(recorded.map((text) => (JSON.parse(text) as { raw: string }).raw));
  });
});

describe('the player', () => {
  it('sends each line at its time, at the given speed, and tells the time', async () => {
    const host = new ManualTime();
    const sent: { raw: string; atMs: number }[] = [];
    const startUs = host.wallUs() + 100_000;
    const time = new MarketTimeFeed(1_000_000);
    const lines = [line(1_000, 'a'), line(1_200, 'b'), line(1_200.5, 'c'), line(3_000, 'd')];
    const merged = new MergedLines({ read: () => given(lines), info: () => Promise.reject(new Error('unused')) }, ['f']);
    const player = new Player({
      speed: 2,
      clock: host,
      timers: host,
      lines: merged,
      time,
      venues: [],
      play: ({ record }) => sent.push({ raw: record.raw, atMs: (host.wallUs() - startUs) / 1000 }),
    });
    const told: number[] = [];
    const socket = { id: 1, send: (text: string) => void told.push((JSON.parse(text) as { marketUs: number }).marketUs) };
    time.open(socket as unknown as ServerSocket);
    const done = player.run(startUs);
    for (let ms = 0; ms < 1_300; ms++) {
      host.advance(1);
      await settle();
    }
    await done;
    expect(sent.map(({ raw }) => raw)).toEqual(['a', 'b', 'c', 'd']);
    for (const [i, due] of [0, 100, 100.25, 1_000].entries()) {
      expect(sent[i]?.atMs).toBeGreaterThanOrEqual(due);
      expect(sent[i]?.atMs).toBeLessThanOrEqual(due + 2);
    }
    expect(told.length).toBeGreaterThan(10);
    expect(told.at(-1)).toBeLessThanOrEqual(3_000_000);
  });

  it('waits for every pong and cuts who does not answer', async () => {
    const host = new ManualTime();
    const barrier = new Barrier(host, 1_000);
    const cut: number[] = [];
    const socket = (id: number): ServerSocket => ({ id, ping: () => undefined, terminate: () => cut.push(id) }) as unknown as ServerSocket;
    const [a, b] = [socket(1), socket(2)];
    let isPassed = false;
    const passed = barrier.pass([a, b]).then(() => (isPassed = true));
    barrier.onPong(a);
    await settle();
    expect(isPassed).toBe(false);
    host.advance(1_001);
    await passed;
    expect(cut).toEqual([2]);
    const again = barrier.pass([a]);
    barrier.onClose(a);
    await again;
    expect(host.timers).toBe(0);
  });
});
