/** May this engine be sent traffic? Books live, gateways up, journal writable; and is every lane turning? For /readyz and /healthz. */
import type { EngineView } from './state.js';

/** A store takes batches with a rest of a tenth of a second: shorter than this it is not behind, it breathes. */
export const STORE_BEHIND_US = 5_000_000;

export interface Check {
  readonly isOk: boolean;
  readonly reasons: readonly string[];
}

export interface Readiness {
  readonly isReady: boolean;
  readonly checks: {
    readonly books: Check;
    readonly gateways: Check;
    readonly journal: Check;
    /** Says what is behind; does not decide: the journal is the queue, and trading goes on while a store is away. */
    readonly stores: Check;
  };
}

export function readiness(view: EngineView): Readiness {
  const books = booksCheck(view);
  const gateways = gatewaysCheck(view);
  const journal = journalCheck(view);
  return { isReady: books.isOk && gateways.isOk && journal.isOk, checks: { books, gateways, journal, stores: storesCheck(view) } };
}

/** The process turns: no lane that ever turned has been silent for longer than the watchdog allows. */
export function health(view: EngineView): Check {
  const limitUs = view.deps.watchdogMs * 1000 * Math.max(1, view.deps.speed);
  const reasons = view
    .lanes()
    .filter(({ heartbeatAgeUs }) => heartbeatAgeUs !== null && heartbeatAgeUs > limitUs)
    .map(({ name, heartbeatAgeUs }) => `lane ${name} last turned ${((heartbeatAgeUs ?? 0) / 1e6).toFixed(1)} s ago`);
  return { isOk: reasons.length === 0, reasons };
}

/** Every book that a strategy trades on must be live; without strategies, at least one. */
function booksCheck(view: EngineView): Check {
  const { instruments, strategies } = view.deps.tables;
  const traded = new Set(strategies.flatMap((strategy) => strategy.instruments));
  const wanted = traded.size > 0 ? instruments.filter(({ index }) => traded.has(index)) : instruments;
  const missing = wanted.filter(({ index }) => !view.books.isLive(index));
  const isOk = traded.size > 0 ? missing.length === 0 : missing.length < wanted.length;
  return { isOk, reasons: isOk ? [] : missing.map((instrument) => `${instrument.id} is ${view.books.row(instrument).state}`) };
}

function gatewaysCheck(view: EngineView): Check {
  const { tables } = view.deps;
  const traded = new Set(tables.strategies.flatMap(({ instruments }) => instruments.map((i) => tables.instruments[i]?.venue ?? '')));
  const reasons = tables.venues.flatMap((venue, i) =>
    traded.has(venue) && (view.shared.gateways[i]?.get('up') ?? 0) === 0 ? [`gateway of ${venue} is down`] : [],
  );
  return { isOk: reasons.length === 0, reasons };
}

function journalCheck(view: EngineView): Check {
  const journal = view.journalRow();
  if (journal.isWritable) return { isOk: true, reasons: [] };
  return { isOk: false, reasons: [journal.blockedReason ?? `${journal.lagRecords} records wait for the journal writer`] };
}

function storesCheck(view: EngineView): Check {
  const reasons = view.stores().flatMap((store) => {
    const behind = `${store.lagRecords} records behind for ${(store.behindUs / 1e6).toFixed(1)} s`;
    if (store.state === 'failing') return [`${store.name}: ${store.error}; ${behind}`];
    return store.state === 'current' || store.behindUs < STORE_BEHIND_US ? [] : [`${store.name}: ${behind}`];
  });
  return { isOk: reasons.length === 0, reasons };
}
