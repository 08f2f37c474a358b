/**
 * Recordings served as venues: `venues --replay FILE...`. The same addresses file, admin address and listeners as the simulated exchanges, but what goes out was
 * recorded. Called by the host of the verb, which gives clocks, servers and the reader of recordings; everything runs on that one thread.
 */
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf } from '../../core/numbers/errors.js';
import type { Clock, TimerHandle, Timers } from '../../core/ports/clock.js';
import type { CreateHttpServer, HttpServer, HttpServerHandlers } from '../../core/ports/http.js';
import type { VenueAddressEntry, VenueAddresses } from '../process.js';
import { replaceFile } from '../state-file.js';
import { replayAdminHandlers } from './admin.js';
import { MarketTimeFeed } from './market-time.js';
import { MergedLines } from './merged-lines.js';
import { Player } from './player.js';
import type { RecordingSource } from './recorded-line.js';
import type { ReplayVenue } from './replay-venue.js';
import { scanRecordings } from './scan.js';

const HOST = '127.0.0.1';
/** Bytes that may wait for one client before it is cut: at a pace a slow one falls behind, at full speed windows bound it. */
const MOST_BUFFERED_BYTES = 32 * 1024 * 1024;
const MOST_BODY_BYTES = 256 * 1024;
/** Market time before the first line: clients' timers pass their waits in it. */
const LEAD_IN_US = 2_000_000;
/** A paced recording begins about here after listening (wall time); a later start signal moves it, the addresses file does not change. */
const PLANNED_START_US = 3_000_000;
/** Clients are ready when they have asked for nothing new for this long (wall time). */
const SETTLE_MS = 500;
const LOOK_MS = 25;
/** Without a start signal the recording runs this long after the first subscription; with one it waits no longer than this for clients (wall time). */
const GRACE_MS = 20_000;
const READY_LIMIT_MS = 10_000;
/** A detached process without clients ends by itself after this long (wall time). */
const IDLE_EXIT_MS = 600_000;
const IDLE_LOOK_MS = 5_000;

export interface ReplayOptions {
  readonly files: readonly string[];
  readonly speed: number | 'max';
  /** First port: the admin address, then the venues. 0 = free ones. */
  readonly port: number;
  readonly addresses?: string;
  readonly idleExit?: boolean;
}

export interface ReplayDeps {
  readonly createHttpServer: CreateHttpServer;
  /** Of the wall, like the timers: the recording brings its own time. */
  readonly clock: Clock;
  readonly timers: Timers;
  readonly recordings: RecordingSource;
  readonly writeLine: (line: string) => void;
}

/** Content of the addresses file. */
export interface ReplayAddresses extends VenueAddresses {
  readonly replay: true;
}

export interface RunningReplay {
  readonly addresses: ReplayAddresses;
  /** Resolves when the process shall end: by `stop`, by the admin address or by idleness. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export async function runReplay(options: ReplayOptions, deps: ReplayDeps): Promise<RunningReplay> {
  const { clock, timers } = deps;
  const { speed } = options;
  let time: MarketTimeFeed | null = null;
  let player: Player | null = null;
  const scanned = await scanRecordings(options.files, deps.recordings, {
    nowUs: () => time?.nowUs ?? 0,
    onSnapshotAnswered: () => player?.onAnswered(),
  });
  const startUs = speed === 'max' ? scanned.firstUs - LEAD_IN_US : scanned.firstUs;
  time = new MarketTimeFeed(startUs);
  const lines = new MergedLines(
    deps.recordings,
    scanned.files.map((one) => one.file),
  );
  player = new Player({
    speed,
    clock,
    timers,
    lines,
    time,
    venues: scanned.venues,
    play: ({ file, record }) => {
      const one = scanned.files[file];
      one?.venue.play(record, one.connections[record.conn] ?? '');
    },
  });
  return new ReplayRun(options, deps, { venues: scanned.venues, firstUs: scanned.firstUs, startUs, time, player, lines }).open();
}

interface ReplayParts {
  readonly venues: readonly ReplayVenue[];
  readonly firstUs: number;
  readonly startUs: number;
  readonly time: MarketTimeFeed;
  readonly player: Player;
  readonly lines: MergedLines;
}

class ReplayRun {
  readonly #options: ReplayOptions;
  readonly #deps: ReplayDeps;
  readonly #parts: ReplayParts;
  readonly #servers: HttpServer[] = [];
  readonly #timers: TimerHandle[] = [];
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #isSignalled = false;
  #isStarted = false;
  #plannedUs = 0;
  #playing: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | null = null;

  constructor(options: ReplayOptions, deps: ReplayDeps, parts: ReplayParts) {
    this.#options = options;
    this.#deps = deps;
    this.#parts = parts;
    this.#ended = new Promise((resolve) => (this.#end = resolve));
  }

  async open(): Promise<RunningReplay> {
    const options = this.#options;
    const deps = this.#deps;
    const parts = this.#parts;
    try {
      const admin = await this.#listen(
        replayAdminHandlers({
          speed: options.speed,
          files: options.files.map((file) => basename(file)),
          venues: parts.venues,
          time: parts.time,
          player: parts.player,
          isStarted: () => this.#isStarted,
          start: () => (this.#isSignalled = true),
          stop: () => void deps.timers.after(1, () => void this.#stop()),
        }),
        options.port,
      );
      const venues: Record<string, VenueAddressEntry> = {};
      for (const [index, venue] of parts.venues.entries()) {
        const wanted = options.port === 0 ? 0 : options.port + 1 + index;
        const port = await this.#listen(this.#withBarrier(venue), wanted);
        const socket = `ws://${HOST}:${port}`;
        venues[venue.id] = { rest: `http://${HOST}:${port}`, wsPublic: socket, wsPrivate: socket, wsApi: socket, apiKey: '', secret: '' };
      }
      const speed = options.speed === 'max' ? 1 : options.speed;
      this.#plannedUs = deps.clock.wallUs() + (options.speed === 'max' ? 0 : PLANNED_START_US);
      const addresses: ReplayAddresses = {
        simulated: true,
        replay: true,
        seed: 0,
        pid: process.pid,
        admin: `http://${HOST}:${admin}`,
        clock: { wallUs: this.#plannedUs, marketUs: parts.startUs, speed },
        venues,
      };
      if (options.addresses !== undefined) await replaceFile(options.addresses, `${JSON.stringify(addresses)}\n`);
      this.#announce(addresses);
      this.#keepAlive();
      this.#playing = this.#run().catch((error: unknown) => {
        deps.writeLine(`SIMULATED replay failed: ${messageOf(error)}`);
        void this.#stop();
      });
      return { addresses, ended: this.#ended, stop: () => this.#stop() };
    } catch (error) {
      await Promise.all(this.#servers.map((server) => server.close()));
      throw error;
    }
  }

  async #run(): Promise<void> {
    const { player, time, firstUs } = this.#parts;
    await this.#untilReady();
    if (this.#stopping !== null) return;
    this.#isStarted = true;
    if (this.#options.speed === 'max') {
      await player.leadIn(firstUs);
      await this.#untilSettled(SETTLE_MS / 5);
    }
    await player.run(Math.max(this.#plannedUs, this.#deps.clock.wallUs()));
    if (this.#stopping !== null) return;
    time.end();
    this.#deps.writeLine('SIMULATED replay ended');
  }

  /** Until the start signal, or the grace after the first subscription, and until nobody asks for anything new. */
  async #untilReady(): Promise<void> {
    let subscribedMs = 0;
    while (!this.#isSignalled && subscribedMs < GRACE_MS && this.#stopping === null) {
      await this.#parts.player.pause(LOOK_MS);
      if (this.#parts.venues.some((venue) => venue.audience.listeners.some((listener) => listener.wishes.size > 0)))
        subscribedMs += LOOK_MS;
    }
    await this.#untilSettled(SETTLE_MS);
  }

  async #untilSettled(quietMs: number): Promise<void> {
    const { venues, player } = this.#parts;
    let quiet = 0;
    let before = -1;
    for (let waited = 0; waited < READY_LIMIT_MS && quiet < quietMs && this.#stopping === null; waited += LOOK_MS) {
      await player.pause(LOOK_MS);
      const now = venues.reduce((sum, venue) => sum + venue.audience.activity, 0);
      const listeners = venues.flatMap((venue) => venue.audience.listeners);
      const isReady = listeners.length > 0 && listeners.every((listener) => listener.wishes.size > 0);
      quiet = now === before && isReady ? quiet + LOOK_MS : 0;
      before = now;
    }
  }

  #withBarrier(venue: ReplayVenue): HttpServerHandlers {
    const { barrier } = this.#parts.player;
    return {
      ...venue.handlers,
      onPong: (socket) => barrier.onPong(socket),
      onClose: (socket, code, reason) => {
        venue.handlers.onClose?.(socket, code, reason);
        barrier.onClose(socket);
      },
    };
  }

  async #listen(handlers: HttpServerHandlers, port: number): Promise<number> {
    const server = this.#deps.createHttpServer({ handlers, maxBodyBytes: MOST_BODY_BYTES, maxBufferedBytes: MOST_BUFFERED_BYTES });
    this.#servers.push(server);
    return server.listen(HOST, port);
  }

  /** Pings as the venues do, at the recording's pace; at full speed every window has its own. */
  #keepAlive(): void {
    const { timers } = this.#deps;
    const { speed } = this.#options;
    for (const venue of this.#parts.venues) {
      if (venue.pingEverySeconds === null || speed === 'max') continue;
      const everyMs = (venue.pingEverySeconds * 1_000) / speed;
      this.#timers.push(timers.every(everyMs, () => venue.audience.listeners.forEach((listener) => listener.socket.ping())));
    }
    if (this.#options.idleExit !== true) return;
    let idleMs = 0;
    let before = -1;
    this.#timers.push(
      timers.every(IDLE_LOOK_MS, () => {
        const { venues, time } = this.#parts;
        const now = venues.reduce((sum, venue) => sum + venue.audience.activity, 0);
        const isBusy = now !== before || time.sockets.length > 0 || venues.some((venue) => venue.audience.listeners.length > 0);
        idleMs = isBusy ? 0 : idleMs + IDLE_LOOK_MS;
        before = now;
        if (idleMs >= IDLE_EXIT_MS) void this.#stop();
      }),
    );
  }

  #announce(addresses: ReplayAddresses): void {
    const { writeLine } = this.#deps;
    const files = this.#options.files.map((file) => basename(file)).join(', ');
    writeLine(`SIMULATED exchanges: replay of ${files}, speed ${this.#options.speed}; admin ${addresses.admin}`);
    for (const venue of this.#parts.venues)
      writeLine(`SIMULATED ${venue.id}  ${addresses.venues[venue.id]?.rest ?? ''}  ${venue.symbols().join(', ')}`);
  }

  #stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  async #close(): Promise<void> {
    const { player, lines } = this.#parts;
    player.stop();
    for (const timer of this.#timers) this.#deps.timers.cancel(timer);
    await Promise.all(this.#servers.map((server) => server.close()));
    await Promise.race([this.#playing, player.pause(1_000)]);
    await lines.close();
    if (this.#options.addresses !== undefined) await rm(this.#options.addresses, { force: true });
    this.#deps.writeLine('SIMULATED exchanges stopped');
    this.#end();
  }
}
