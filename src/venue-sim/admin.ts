/** The admin address of the `venues` process: status, counters, faults, audit, keys, save, stop. Loopback only; requests that a browser page sends (they carry an origin) are refused. */
import type { HttpReply, HttpRequest, HttpServerHandlers } from '../core/ports/http.js';
import type { Auditor } from './auditor.js';
import { readFault, type Fault, type FaultScript } from './faults/script.js';
import { jsonReply, objectOf, type VenueCounters } from './venues/protocol.js';
import type { VenueWorld } from './world.js';

export interface AdminActions {
  readonly world: VenueWorld;
  readonly speed: number;
  readonly counters: ReadonlyMap<string, VenueCounters>;
  readonly script: FaultScript;
  readonly auditor: Auditor;
  save(): Promise<void>;
  stop(): void;
}

const KNOWN = ['GET /status', 'GET /counters', 'GET /audit', 'GET /faults', 'POST /faults', 'DELETE /faults', 'POST /save', 'POST /stop'];

export function adminHandlers(actions: AdminActions): HttpServerHandlers {
  return {
    onRequest: (request, respond) => {
      const name = `${request.method} ${request.path}`;
      if (request.headers['origin'] !== undefined) return respond(jsonReply(403, '{"error":"not for browsers"}'));
      if (name === 'POST /save') {
        actions.save().then(
          () => respond(jsonReply(200, '{"saved":true}')),
          (error: unknown) => respond(jsonReply(500, JSON.stringify({ saved: false, error: String(error) }))),
        );
        return undefined;
      }
      respond(answer(actions, name, request));
      // The answer leaves before the listener closes.
      if (name === 'POST /stop') actions.stop();
      return undefined;
    },
  };
}

function answer(actions: AdminActions, name: string, request: HttpRequest): HttpReply {
  switch (name) {
    case 'GET /status':
      return jsonReply(200, JSON.stringify(status(actions)));
    case 'GET /counters':
      return jsonReply(200, JSON.stringify(Object.fromEntries([...actions.counters].map(([id, counters]) => [id, counted(counters)]))));
    case 'GET /audit': {
      const found = actions.auditor.audit();
      const isRight = [...found.values()].every((differences) => differences.length === 0);
      return jsonReply(200, JSON.stringify({ right: isRight, venues: Object.fromEntries(found), ...actions.auditor.counts }));
    }
    case 'GET /faults':
      return jsonReply(200, JSON.stringify({ faults: actions.script.all.map(faultRow) }));
    case 'POST /faults':
      return addFaults(actions, request);
    case 'DELETE /faults': {
      const id = new URLSearchParams(request.query).get('id');
      return jsonReply(200, JSON.stringify({ removed: actions.script.remove(id === null ? undefined : Number(id)) }));
    }
    case 'POST /keys':
      return addKey(actions, request);
    case 'POST /stop':
      return jsonReply(200, '{"stopping":true}');
    default:
      return jsonReply(404, JSON.stringify({ error: `no ${request.method} ${request.path}`, known: KNOWN }));
  }
}

function refused(error: string): HttpReply {
  return jsonReply(400, JSON.stringify({ error }));
}

/** Another key for an account, as a person makes it on a venue's page: with other rights, or with the public part of an Ed25519 or RSA pair. */
function addKey({ world }: AdminActions, request: HttpRequest): HttpReply {
  const body = objectOf(new TextDecoder().decode(request.body));
  if (body === null) return refused('a key is an object: venue, account, apiKey, secret or publicKey, canTrade, canWithdraw');
  const { venue, account: name = 'spare', apiKey, secret = '', publicKey = null, canTrade = true, canWithdraw = false } = body;
  const exchange = [...world.exchanges.values()].find((candidate) => candidate.venue === venue);
  if (exchange === undefined) return refused(`venue must be one of ${[...world.exchanges.keys()].join(', ')}`);
  const account = exchange.testAccounts.find((candidate) => candidate.name === name);
  if (account === undefined) return refused(`account must be one of ${exchange.testAccounts.map((known) => known.name).join(', ')}`);
  if (typeof apiKey !== 'string' || apiKey === '') return refused('apiKey must be a text');
  if (typeof secret !== 'string' || (publicKey !== null && typeof publicKey !== 'string'))
    return refused('secret and publicKey must be texts');
  if ((secret === '') === (publicKey === null)) return refused('either secret or publicKey (PEM)');
  if (typeof canTrade !== 'boolean' || typeof canWithdraw !== 'boolean') return refused('canTrade and canWithdraw must be true or false');
  exchange.registerKey({ apiKey, secret, publicKey, account, canTrade, canWithdraw, createdUs: world.nowUs });
  return jsonReply(200, JSON.stringify({ apiKey, account: account.name, canTrade, canWithdraw }));
}

/** One fault or a list of them: all or none. */
function addFaults({ script, world, counters }: AdminActions, request: HttpRequest): HttpReply {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(request.body));
  } catch (error) {
    if (error instanceof SyntaxError) return refused(`not JSON: ${error.message}`);
    throw error;
  }
  const read = (Array.isArray(body) ? body : [body]).map((value) => readFault(value, [...counters.keys()]));
  const faults: Fault[] = [];
  for (const fault of read) if (typeof fault === 'string') return refused(fault);
  for (const fault of read) if (typeof fault !== 'string') faults.push(script.add(fault, world.nowUs));
  return jsonReply(200, JSON.stringify({ faults: faults.map(faultRow) }));
}

function faultRow(fault: Fault): object {
  const { left, untilUs, ...rest } = fault;
  return { ...rest, left: orNull(left), untilUs: orNull(untilUs) };
}

/** JSON has no word for "without end". */
function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function status(actions: AdminActions): object {
  const { world } = actions;
  return {
    simulated: true,
    seed: world.seed,
    speed: actions.speed,
    marketUs: world.nowUs,
    steps: world.steps,
    skippedUs: world.skippedUs,
    audit: actions.auditor.counts,
    venues: Object.fromEntries(
      [...actions.counters].map(([id, counters]) => [
        id,
        { sockets: counters.socketsOpen, requests: counters.requests, messagesOut: counters.messagesOut },
      ]),
    ),
    markets: world.markets.map((market) => ({
      venue: market.spec.venue,
      symbol: market.spec.symbol,
      kind: market.spec.kind,
      bid: market.trimmedPrice(market.engine.bids.best()?.ticks ?? 0),
      ask: market.trimmedPrice(market.engine.asks.best()?.ticks ?? 0),
      orders: market.engine.orderCount,
      sequence: market.engine.sequence,
    })),
  };
}

function counted(counters: VenueCounters): object {
  const { requests, socketsOpened, socketsOpen, messagesOut, messagesIn, slowClients, badMessages } = counters;
  const unknown = { paths: Object.fromEntries(counters.unknownPaths), topics: Object.fromEntries(counters.unknownTopics) };
  return { requests, socketsOpened, socketsOpen, messagesOut, messagesIn, slowClients, badMessages, unknown };
}
