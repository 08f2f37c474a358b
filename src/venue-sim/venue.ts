/** One simulated venue ready to listen: its protocol over its exchange, behind its fault gate. Assembled by the `venues` process and by tests. */
import type { HttpServerHandlers } from '../core/ports/http.js';
import type { VenueExchange } from './exchange/exchange.js';
import { VenueFaultGate } from './faults/gate.js';
import type { FaultScript } from './faults/script.js';
import type { FlowRandom } from './flow/random.js';
import type { VenueId } from './market/spec.js';
import { jsonReply, type VenueCounters, type VenueProtocol } from './venues/protocol.js';
import { createVenueProtocol } from './venues/registry.js';
import type { VenueWorld } from './world.js';

export interface Venue {
  readonly id: VenueId;
  /** For the listener: with faults. */
  readonly handlers: HttpServerHandlers;
  readonly protocol: VenueProtocol;
  readonly exchange: VenueExchange;
  readonly gate: VenueFaultGate;
  readonly counters: VenueCounters;
}

export function createVenue(world: VenueWorld, id: VenueId, script: FaultScript, counters: VenueCounters, random: FlowRandom): Venue {
  const exchange = world.exchangeOf(id);
  const gate = new VenueFaultGate(id, script, exchange, () => world.nowUs);
  const nowUs = (): number => world.nowUs + gate.skewUs;
  const protocol = createVenueProtocol({ id, markets: world.marketsOf(id), nowUs, random, counters, exchange, faults: gate });
  const handlers = gate.wrap(protocol.handlers, {
    operationOf: (request) => protocol.operationOf?.(request) ?? null,
    refuse: (refusal, request) =>
      protocol.faultReply?.(refusal, request) ?? jsonReply(refusal.status, JSON.stringify({ error: refusal.message ?? refusal.kind })),
  });
  world.afterStep(() => {
    gate.onStep();
    protocol.publish(nowUs());
  });
  return { id, handlers, protocol, exchange, gate, counters };
}
