/** The product's own feeds on the simulated venues, in one thread and without sockets: every book goes live, without a gap, on the fast path, and is right. */
import { describe, expect, it } from 'vitest';
import { BookReader, DepthView } from '../../src/core/book/book-reader.js';
import { BOOK_BYTES, BOOK_LIVE } from '../../src/core/memory/book-layout.js';
import { COUNTER_BLOCK_BYTES, CounterBlock, VENUE_COUNTERS } from '../../src/core/memory/counters.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import type { FrameConnection, FrameSource } from '../../src/core/ports/frame-source.js';
import type { HttpClient, HttpRequest, ServerSocket } from '../../src/core/ports/http.js';
import { Feed } from '../../src/feeds/feed.js';
import { loadInstruments } from '../../src/feeds/instruments.js';
import { findVenue } from '../../src/feeds/registry.js';
import { topOf } from '../../src/venue-sim/market/depth.js';
import type { Market } from '../../src/venue-sim/market/market.js';
import { VENUE_IDS } from '../../src/venue-sim/venues/registry.js';
import { ManualTime, halfRandom } from '../support/manual-host.js';
import { TestVenue } from './support/venue-client.js';

const ENDPOINTS = { rest: 'http://sim', wsPublic: 'ws://sim', wsPrivate: 'ws://sim', wsApi: 'ws://sim' };
const SECONDS = 12;
const LEVELS = 10;

/** Client and server ends of a connection, joined by function calls. */
function wires(venue: TestVenue, time: ManualTime): FrameSource & HttpClient {
  let nextId = 1;
  const { handlers } = venue.protocol;
  return {
    connect: ({ url }, handler): FrameConnection => {
      const { pathname, search } = new URL(url);
      const request: Omit<HttpRequest, 'body'> = {
        method: 'GET',
        path: pathname,
        query: search.slice(1),
        headers: {},
        remoteAddress: '127.0.0.1',
      };
      let isOpen = true;
      const end = (code: number): void => {
        if (!isOpen) return;
        isOpen = false;
        handlers.onClose?.(socket, code, '');
        handler.onClose(code, '');
      };
      const socket: ServerSocket = {
        id: nextId++,
        request,
        data: null,
        send: (data) => {
          if (!isOpen) return 'dropped';
          const bytes = Buffer.from(data);
          handler.onFrame(bytes, 0, bytes.length, true, time.nowUs());
          return 'sent';
        },
        bufferedBytes: () => 0,
        ping: () => {
          handler.onLife?.(time.nowUs());
          handlers.onPong?.(socket);
        },
        close: (code = 1000) => end(code),
        terminate: () => end(1006),
      };
      time.after(0, () => {
        const refusal = handlers.onUpgrade?.({ ...request, body: new Uint8Array() });
        if (refusal !== null) {
          isOpen = false;
          handler.onClose(1006, `refused ${refusal?.status}`);
          return;
        }
        handler.onOpen();
        handlers.onOpen?.(socket);
      });
      return {
        send: (text) => {
          if (isOpen) time.after(0, () => handlers.onMessage?.(socket, new TextEncoder().encode(text), true));
          return isOpen;
        },
        ping: () => handler.onLife?.(time.nowUs()),
        close: (code = 1000) => end(code),
      };
    },
    request: (method, url) => {
      const reply = venue.get(url.slice(ENDPOINTS.rest.length), {}, method);
      return Promise.resolve({ status: reply.status, headers: reply.headers ?? {}, text: String(reply.body) });
    },
    close: () => undefined,
  };
}

function marketOf(venue: TestVenue, symbol: string): Market {
  const [kind, name] = symbol.includes(':') ? symbol.split(':') : [undefined, symbol];
  const market = venue.world.markets.find(({ spec }) => spec.symbol === name && (kind === undefined || spec.kind === kind));
  if (market === undefined) throw new Error(`no market ${symbol}`);
  return market;
}

describe.each(VENUE_IDS)('feed on simulated %s', (id) => {
  it('has every book live, without a gap, on the fast path, equal to the matching engine after every book message', async () => {
    const simulated = new TestVenue(id);
    const time = new ManualTime();
    const net = wires(simulated, time);
    const venue = findVenue(id);
    if (venue === undefined) throw new Error(`no feed for ${id}`);
    const instruments = (await loadInstruments(venue, ENDPOINTS, net, [])).map((instrument, index) => ({ ...instrument, index }));
    expect(instruments.length).toBe(simulated.world.markets.length);

    const views = viewsOf(new SharedArrayBuffer(BOOK_BYTES * instruments.length + COUNTER_BLOCK_BYTES));
    const changed = new Set<number>();
    let trades = 0;
    const notes: string[] = [];
    const feed = new Feed({
      venue,
      instruments,
      endpoints: ENDPOINTS,
      source: net,
      http: net,
      clock: time,
      timers: time,
      random: halfRandom,
      views,
      bookBase: (instrument) => instrument * BOOK_BYTES,
      sink: {
        bookChanged: (instrument) => void changed.add(instrument),
        state: () => undefined,
        trade: () => void trades++,
        quote: () => undefined,
        mark: () => undefined,
      },
      counters: new CounterBlock(views, BOOK_BYTES * instruments.length, VENUE_COUNTERS),
      kernel: 'ts',
      note: (text) => void notes.push(text),
    });
    feed.start();
    const readers = instruments.map((instrument) => new BookReader(views, instrument.index * BOOK_BYTES));
    const depth = new DepthView(LEVELS);
    let compared = 0;
    for (let step = 0; step < SECONDS * 100; step++) {
      time.advance(10);
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
      feed.step(time.nowUs());
      // Snapshots show the book before this step; what changes now comes from the step itself and must be the engine's state after it.
      changed.clear();
      simulated.world.step();
      for (const index of changed) {
        const reader = readers[index];
        const instrument = instruments[index];
        if (reader === undefined || instrument === undefined || !reader.readTop() || reader.top.state !== BOOK_LIVE) continue;
        const market = marketOf(simulated, instrument.symbol);
        const { priceUnit, priceScale, lotUnit, lotScale } = reader.top;
        reader.readDepth(LEVELS, depth);
        const level = (ticks: number, lots: number): string =>
          `${((ticks * priceUnit) / 10 ** priceScale).toFixed(6)}:${((lots * lotUnit) / 10 ** lotScale).toFixed(6)}`;
        const real = (side: 'bids' | 'asks'): string[] =>
          topOf(market.engine[side], LEVELS).map(
            ([ticks, lots]) => `${(ticks * market.tickSize).toFixed(6)}:${(lots * market.lotSize).toFixed(6)}`,
          );
        const held = (ticks: ArrayLike<number>, lots: ArrayLike<number>, count: number): string[] =>
          Array.from({ length: count }, (_, rank) => level(ticks[rank] ?? 0, lots[rank] ?? 0));
        expect(held(depth.bidTicks, depth.bidLots, depth.bidCount), `${instrument.id} bids at step ${step}`).toEqual(real('bids'));
        expect(held(depth.askTicks, depth.askLots, depth.askCount), `${instrument.id} asks at step ${step}`).toEqual(real('asks'));
        compared++;
      }
    }
    expect(feed.gaps, notes.join('; ')).toBe(0);
    expect(feed.stats.bad).toBe(0);
    expect(trades).toBeGreaterThan(20);
    expect(compared).toBeGreaterThan(SECONDS * 5 * instruments.length);
    const { depthKernel, depthMapper } = feed.stats;
    expect(depthKernel / (depthKernel + depthMapper)).toBeGreaterThan(0.99);
    expect(
      readers.map((reader) => (reader.readTop() ? reader.top.state : -1)),
      notes.join('; '),
    ).toEqual(readers.map(() => BOOK_LIVE));
    feed.stop();
  });
});
