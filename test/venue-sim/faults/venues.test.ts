/** Scripted refusals have the shape of each venue's own, and public streams obey their faults at every protocol. */
import { describe, expect, it } from 'vitest';
import type { VenueId } from '../../../src/venue-sim/market/spec.js';
import { TestVenue } from '../support/venue-client.js';

interface Probe {
  readonly path: string;
  readonly socket: string;
  readonly subscribe: Record<string, unknown>;
  /** Where the venue puts code and text. */
  readonly error: (json: unknown) => unknown;
}

const BINANCE_ERROR = (json: unknown): unknown => Object.keys(json as object);

const PROBES: Readonly<Record<VenueId, Probe>> = {
  'binance-spot': {
    path: '/api/v3/depth?symbol=BTCUSDT',
    socket: '/ws',
    subscribe: { method: 'SUBSCRIBE', params: ['btcusdt@bookTicker'], id: 1 },
    error: BINANCE_ERROR,
  },
  'binance-usdm': {
    path: '/fapi/v1/depth?symbol=BTCUSDT',
    socket: '/public/ws',
    subscribe: { method: 'SUBSCRIBE', params: ['btcusdt@bookTicker'], id: 1 },
    error: BINANCE_ERROR,
  },
  'binance-coinm': {
    path: '/dapi/v1/depth?symbol=BTCUSD_PERP',
    socket: '/ws',
    subscribe: { method: 'SUBSCRIBE', params: ['btcusd_perp@bookTicker'], id: 1 },
    error: BINANCE_ERROR,
  },
  bybit: {
    path: '/v5/market/orderbook?category=linear&symbol=BTCUSDT',
    socket: '/v5/public/linear',
    subscribe: { op: 'subscribe', args: ['orderbook.1.BTCUSDT'] },
    error: (json) => ['retCode', 'retMsg'].filter((key) => key in (json as object)),
  },
  bitmex: {
    path: '/api/v1/orderBook/L2?symbol=XBTUSD&depth=5',
    socket: '/realtime',
    subscribe: { op: 'subscribe', args: ['quote:XBTUSD'] },
    error: (json) => Object.keys((json as { error: object }).error),
  },
};

const SHAPES: Readonly<Record<VenueId, readonly string[]>> = {
  'binance-spot': ['code', 'msg'],
  'binance-usdm': ['code', 'msg'],
  'binance-coinm': ['code', 'msg'],
  bybit: ['retCode', 'retMsg'],
  bitmex: ['message', 'name'],
};

describe.each(Object.entries(PROBES) as [VenueId, Probe][])('faults at %s', (id, probe) => {
  it('are refusals in the venue’s own shape, and over when they are over', () => {
    const venue = new TestVenue(id);
    const add = (kind: 'rate-limit-storm' | 'maintenance' | 'status'): unknown => venue.script.add({ kind, count: 1 }, venue.world.nowUs);
    add('rate-limit-storm');
    const limited = venue.get(probe.path);
    expect(probe.error(limited.json)).toEqual(SHAPES[id]);
    add('maintenance');
    expect(venue.get(probe.path).status).toBe(503);
    add('status');
    expect(venue.get(probe.path).status).toBeGreaterThanOrEqual(500);
    expect(venue.get(probe.path).status).toBe(200);
  });

  it('stall, thin out and cut public streams', () => {
    const venue = new TestVenue(id);
    const client = venue.open(probe.socket);
    client.send(probe.subscribe);
    venue.run(2);
    const count = (): number => client.received.splice(0).length;
    expect(count()).toBeGreaterThan(5);
    venue.script.add({ kind: 'stream-gap', match: { stream: 'public' }, count: 100_000 }, venue.world.nowUs);
    venue.run(2);
    expect(count()).toBe(0);
    venue.script.remove();
    venue.script.add({ kind: 'stream-stall', match: { path: probe.socket }, forMs: 1_500 }, venue.world.nowUs);
    venue.run(1);
    expect(count()).toBe(0);
    venue.run(1);
    expect(count()).toBeGreaterThan(5);
    venue.script.add({ kind: 'stream-cut' }, venue.world.nowUs);
    venue.run(0.02);
    expect(client.closed).toBe(1006);
  });
});
