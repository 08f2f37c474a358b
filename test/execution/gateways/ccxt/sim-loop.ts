/**
 * A ccxt gateway, a private feed and a simulated venue in one thread and one time: requests and frames are direct calls, market time is turned by hand. What is
 * between them is everything that a real run has, except sockets.
 */
import type { Instrument } from '../../../../src/core/orders/instrument.js';
import { EngineError } from '../../../../src/core/numbers/errors.js';
import type { ConnectOptions, FrameConnection, FrameHandler, FrameSource } from '../../../../src/core/ports/frame-source.js';
import type { HttpAnswer, HttpClient, HttpReply, ServerSocket } from '../../../../src/core/ports/http.js';
import { prepareCcxt, type MarketsHandOver } from '../../../../src/execution/gateways/ccxt.js';
import { PrivateFeed } from '../../../../src/feeds/private-feed.js';
import { findVenue } from '../../../../src/feeds/registry.js';
import { credentialsOf } from '../../../../src/venue-sim/exchange/accounts.js';
import type { Order } from '../../../../src/venue-sim/exchange/contract.js';
import type { FaultRequest } from '../../../../src/venue-sim/faults/script.js';
import { lotSizeOf, tickSizeOf, type VenueId } from '../../../../src/venue-sim/market/spec.js';
import type { Market } from '../../../../src/venue-sim/market/market.js';
import { halfRandom, ManualTime } from '../../../support/manual-host.js';
import { TestVenue } from '../../../venue-sim/support/venue-client.js';
import { GatewayBench, tablesOf, type Told } from './gateway-bench.js';

const SEED = 7;
const STEP_MS = 10;
const TIMEOUT_MS = 2_000;
const ENDPOINTS = { rest: 'http://venue.test', wsPublic: 'ws://venue.test', wsPrivate: 'ws://venue.test', wsApi: 'ws://venue.test' };

export class SimTime extends ManualTime {
  constructor(readonly venue: TestVenue) {
    super();
  }

  override wallUs(): number {
    return this.venue.world.nowUs;
  }
}

/** Requests as direct calls of the venue's handlers; an answer that never comes is a time-out in market time. */
export class SimHttp implements HttpClient {
  readonly #venue: TestVenue;
  readonly #time: SimTime;
  readonly sent: { readonly method: string; readonly path: string; readonly body: string }[] = [];

  constructor(venue: TestVenue, time: SimTime) {
    this.#venue = venue;
    this.#time = time;
  }

  request(
    method: string,
    url: string,
    options: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string; readonly timeoutMs?: number } = {},
  ): Promise<HttpAnswer> {
    // As on the wire: what stands behind the host, untouched.
    const target = url.slice('http://venue.test'.length);
    const at = target.indexOf('?');
    const [path, query] = at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
    const body = options.body ?? '';
    this.sent.push({ method, path, body: body === '' ? query : body });
    const headers = Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    return new Promise((resolve, reject) => {
      const timer = this.#time.after(options.timeoutMs ?? TIMEOUT_MS, () =>
        reject(new EngineError('HTTP_TIMEOUT', 'reconcile', { path, reason: 'no whole answer' })),
      );
      const request = { method, path, query, headers, body: new TextEncoder().encode(body), remoteAddress: '127.0.0.1' };
      this.#venue.handlers.onRequest(request, (reply: HttpReply) => {
        this.#time.cancel(timer);
        const text = typeof reply.body === 'string' ? reply.body : new TextDecoder().decode(reply.body);
        const lower = Object.fromEntries(Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
        resolve({ status: reply.status, headers: lower, text });
      });
    });
  }

  close(): void {
    this.sent.length = 0;
  }
}

/** Frames as direct calls, delivered after the call that caused them. */
class SimSource implements FrameSource {
  readonly #venue: TestVenue;
  readonly #time: SimTime;
  #nextId = 1;

  constructor(venue: TestVenue, time: SimTime) {
    this.#venue = venue;
    this.#time = time;
  }

  connect(options: ConnectOptions, handler: FrameHandler): FrameConnection {
    const target = options.url.replace('ws://venue.test', '');
    const at = target.indexOf('?');
    const [path, query] = at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
    const head = { method: 'GET', path, query, headers: {}, remoteAddress: '127.0.0.1' };
    const { handlers } = this.#venue;
    const time = this.#time;
    let isClosed = false;
    const close = (code: number, reason: string, byPeer: boolean): void => {
      if (isClosed) return;
      isClosed = true;
      if (!byPeer) handlers.onClose?.(socket, code, reason);
      setImmediate(() => handler.onClose(code, reason));
    };
    const socket: ServerSocket = {
      id: this.#nextId++,
      request: head,
      data: null,
      send: (data) => {
        const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data.slice();
        if (!isClosed) setImmediate(() => isClosed || handler.onFrame(bytes, 0, bytes.length, true, time.nowUs()));
        return 'sent';
      },
      bufferedBytes: () => 0,
      ping: () => handler.onLife?.(time.nowUs()),
      close: (code) => close(code ?? 1000, '', true),
      terminate: () => close(1006, 'cut', true),
    };
    setImmediate(() => {
      if (handlers.onUpgrade?.({ ...head, body: new Uint8Array() }) !== null) return close(1006, 'refused', true);
      handlers.onOpen?.(socket);
      handler.onOpen();
    });
    return {
      send: (text) => {
        if (isClosed) return false;
        handlers.onMessage?.(socket, new TextEncoder().encode(text), true);
        return true;
      },
      ping: () => {
        setImmediate(() => isClosed || handler.onLife?.(time.nowUs()));
      },
      close: (code, reason) => close(code ?? 1000, reason ?? '', false),
    };
  }
}

export function simInstruments(venue: VenueId, markets: readonly Market[]): Omit<Instrument, 'index' | 'id' | 'venue'>[] {
  return markets.map(({ spec }) => {
    const units: Readonly<Record<string, string>> = { XBt: 'XBT', USDt: 'USDT' };
    const settle = units[spec.settle] ?? spec.settle;
    const category = spec.kind === 'spot' ? 'spot' : spec.kind === 'inverse' ? 'inverse' : 'linear';
    return {
      symbol: venue === 'bybit' ? `${category}:${spec.symbol}` : spec.symbol,
      kind: spec.kind,
      base: spec.base,
      quote: spec.quote,
      settle,
      tickSize: String(tickSizeOf(spec)),
      lotSize: String(lotSizeOf(spec)),
      multiplier: String(spec.contractValue),
      minQty: String(lotSizeOf(spec)),
      maxQty: '1000000',
      minNotional: '0',
      maxOpenOrders: 200,
      makerFee: spec.makerFee,
      takerFee: spec.takerFee,
      feeAssetBuy: spec.kind === 'spot' ? spec.base : settle,
      feeAssetSell: spec.kind === 'spot' ? spec.quote : settle,
      source: 'venue',
    };
  });
}

export interface SimLoopOptions {
  readonly hasStream?: boolean;
  readonly secret?: string;
  readonly deadManMs?: number;
  readonly seed?: number;
  readonly isWhole?: boolean;
  /** Instruments other than the venue's own, to send what it must refuse. */
  readonly adjust?: (one: Omit<Instrument, 'index' | 'id' | 'venue'>) => Omit<Instrument, 'index' | 'id' | 'venue'>;
}

export class SimLoop {
  readonly venue: TestVenue;
  readonly time: SimTime;
  readonly http: SimHttp;
  readonly handOver: MarketsHandOver;
  readonly feedNotes: string[] = [];
  /** Every outcome so far, in order. */
  readonly all: Told[] = [];
  readonly bench: GatewayBench;
  readonly feed: PrivateFeed | null;
  /** Takes the outcomes in place of the test: an executor's turn. */
  trader: (() => void) | null = null;

  private constructor(
    venue: TestVenue,
    time: SimTime,
    http: SimHttp,
    bench: GatewayBench,
    handOver: MarketsHandOver,
    feed: PrivateFeed | null,
  ) {
    this.venue = venue;
    this.time = time;
    this.http = http;
    this.bench = bench;
    this.handOver = handOver;
    this.feed = feed;
  }

  static async start(id: VenueId, options: SimLoopOptions = {}, venue = new TestVenue(id, options.seed ?? SEED)): Promise<SimLoop> {
    const time = new SimTime(venue);
    const http = new SimHttp(venue, time);
    const honest = credentialsOf(venue.world.seed, id, 'test');
    const adjust = options.adjust ?? ((one) => one);
    const tables = tablesOf(id, simInstruments(id, venue.world.marketsOf(id)).map(adjust));
    const handOver = await prepareCcxt(id, {
      credentials: honest,
      address: 'http://venue.test',
      instruments: tables.instruments,
      http,
      timeoutMs: TIMEOUT_MS,
      wallUs: () => time.wallUs(),
    });
    const hasStream = options.hasStream ?? true;
    const bench = await GatewayBench.open({
      venue: id,
      http,
      apiKey: honest.apiKey,
      secret: options.secret ?? honest.secret,
      tables,
      ...(options.isWhole === true ? { isWhole: true, ringRecords: 1_024 } : {}),
      change: {
        handOver,
        nowUs: () => time.nowUs(),
        wallUs: (nowUs) => time.wallUs() - time.nowUs() + nowUs,
        options: { requestTimeoutMs: TIMEOUT_MS, hasPrivateStream: hasStream, deadManMs: options.deadManMs ?? null },
      },
    });
    bench.nowUs = time.nowUs();
    const definition = findVenue(id);
    if (definition === undefined) throw new Error(`no venue ${id}`);
    const notes: string[] = [];
    const feed = hasStream
      ? new PrivateFeed({
          venue: definition,
          instruments: tables.instruments,
          endpoints: ENDPOINTS,
          credentials: honest,
          source: new SimSource(venue, time),
          http,
          clock: time,
          timers: time,
          random: halfRandom,
          sink: bench.gateway,
          note: (text) => notes.push(text),
          offsetMs: () => bench.gateway.clockOffsetMs,
          ...(options.deadManMs === undefined ? {} : { isAlive: () => bench.isAlive }),
        })
      : null;
    const loop = new SimLoop(venue, time, http, bench, handOver, feed);
    feed?.start();
    await loop.until('the gateway is up', () => loop.all.some(({ kind }) => kind === 'GATEWAY_UP'), 5_000);
    await loop.run(100);
    loop.all.length = 0;
    http.sent.length = 0;
    return loop;
  }

  market(index = 0): Market {
    const market = this.venue.world.marketsOf(this.venue.venue.id)[index];
    if (market === undefined) throw new Error(`no market ${index}`);
    return market;
  }

  /** Our account's open orders in the venue's own books. */
  openAtVenue(): readonly Order[] {
    const { exchange } = this.venue.venue;
    const [account] = exchange.testAccounts;
    return account === undefined ? [] : exchange.openOrders(account);
  }

  /** A buy price that does not trade, in ticks. */
  farBid(index = 0, percent = 3): number {
    return Math.round(this.market(index).engine.bids.bestTicks * (1 - percent / 100));
  }

  fault(fault: FaultRequest): void {
    this.venue.script.add(fault, this.venue.world.nowUs);
  }

  clearFaults(): void {
    this.venue.script.remove();
  }

  /** Everybody's turn for some market time; what the gateway told meanwhile. */
  async run(ms: number): Promise<Told[]> {
    const from = this.all.length;
    for (let at = 0; at < ms; at += STEP_MS) {
      this.venue.world.step();
      this.time.advance(STEP_MS);
      this.bench.nowUs = this.time.nowUs();
      this.trader?.();
      this.bench.step();
      for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.trader === null) this.all.push(...this.bench.heard());
    }
    return this.all.slice(from);
  }

  /** Time in which nothing happens: the venue's process slept. */
  skip(ms: number): void {
    const { world } = this.venue;
    world.advance(world.nowUs + ms * 1_000);
    this.time.advance(ms);
    this.bench.nowUs = this.time.nowUs();
  }

  async until(what: string, holds: () => boolean, mostMs: number): Promise<void> {
    for (let at = 0; at < mostMs && !holds(); at += STEP_MS) await this.run(STEP_MS);
    if (!holds()) throw new Error(`${what}: not within ${mostMs} ms of market time; notices ${this.bench.notices.join(' | ')}`);
  }

  of(orderId: number): Told[] {
    return this.all.filter((told) => told.orderId === orderId);
  }
}
