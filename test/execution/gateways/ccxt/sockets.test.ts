/** The same gateway over loopback sockets: the project's HTTP client at one end, a simulated venue's listener at the other. */
import { afterEach, expect, it } from 'vitest';
import { RecordKind } from '../../../../src/core/memory/record.js';
import { NodeHttpClient } from '../../../../src/net/http-client.js';
import type { VenueId } from '../../../../src/venue-sim/market/spec.js';
import { SteppedVenue } from '../../../venue-sim/support/stepped-venue.js';
import { ManualTime } from '../../../support/manual-host.js';
import { GatewayBench, orderId } from './gateway-bench.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

it.each<VenueId>(['binance-spot', 'binance-usdm', 'binance-coinm', 'bybit', 'bitmex'])(
  '%s: an order is created and cancelled over real sockets',
  async (id) => {
    const venue = await SteppedVenue.start(id);
    const http = new NodeHttpClient({ timers: new ManualTime() });
    closing.push(
      () => http.close(),
      () => venue.stop(),
    );
    const { apiKey, secret } = venue;
    const options = { requestTimeoutMs: 5_000, hasPrivateStream: false, deadManMs: null };
    const wallUs = (): number => venue.venue.world.nowUs;
    const bench = await GatewayBench.open({ venue: id, http, address: venue.rest, apiKey, secret, change: { options, wallUs } });
    const told = async (kind: string): Promise<string> => {
      let found = '';
      await bench.until(() => {
        for (const one of bench.heard()) if (one.orderId === orderId(1) || one.kind === kind) found ||= one.kind;
        return found !== '';
      });
      return found;
    };
    expect(await told('BALANCE')).toBe('BALANCE');
    const market = venue.venue.world.marketsOf(id)[0];
    const price = Math.round((market?.engine.bids.bestTicks ?? 0) * 0.97);
    bench.ask({ orderId: orderId(1), price, qty: id === 'binance-spot' ? 1_000 : 20 });
    expect(await told('')).toBe('ACK');
    bench.ask({ kind: RecordKind.CANCEL, orderId: orderId(1) });
    expect(await told('')).toMatch(/^(CANCELLED|ACK)$/);
    expect(bench.notices).toEqual([]);
  },
);
