/** The gateways of a run: real order entry with its private stream, or fill models. Made and stepped on the service thread. */
import type { CounterBlock, LaneCounter } from '../core/memory/counters.js';
import type { MemoryPlan } from '../core/memory/layout.js';
import type { SharedViews } from '../core/memory/shared-memory.js';
import type { RunTables } from '../core/orders/tables.js';
import type { Timers } from '../core/ports/clock.js';
import type { Role } from '../core/ports/role.js';
import { CcxtGateway } from '../execution/gateways/ccxt.js';
import { PaperGateway } from '../execution/gateways/paper.js';
import type { PaperAccount } from '../execution/paper/account.js';
import { describeOptions, PAPER_DEFAULTS, type PaperOptions } from '../execution/paper/options.js';
import { PrivateFeed } from '../feeds/private-feed.js';
import { createFrameSource } from '../net/frame-source.js';
import { NodeHttpClient } from '../net/http-client.js';
import type { Recovery } from '../storage/recover.js';
import type { ThorConfig } from '../config/schema.js';
import { endpointsOf, venueAt } from './instruments.js';
import type { LaneClock } from './market-clock.js';
import { machineRandom, SeededRandom } from './random.js';
import type { Durability } from './trade-options.js';
import type { VenueAccount } from './venue-accounts.js';
import type { VenueAddress } from './venues-process.js';

/** What hosts ask of any gateway. */
export interface TradingGateway extends Role {
  /** New orders may go: its stream tells, and its venue answers. */
  readonly isUp: boolean;
  beginStop(): void;
  isDrained(): boolean;
  openOrderCount(): number;
}

export interface GatewayParts {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  readonly recovered: Recovery;
  readonly config: ThorConfig;
  readonly clock: LaneClock;
  readonly speed: number;
  /** Null: fill models trade. */
  readonly accounts: readonly VenueAccount[] | null;
  readonly addresses: Readonly<Record<string, VenueAddress>>;
  readonly durability: Durability;
  readonly seed: number;
  readonly wallTimers: Timers;
  readonly marketTimers: Timers;
  /** Of the lane that the executor turns on: tells whether it is alive. */
  readonly hotCounters: CounterBlock<LaneCounter>;
  wakeExecutor(): void;
  /** Wakes this lane: an answer came. */
  wake(): void;
  notice(text: string): void;
  error(source: string, error: unknown): void;
}

export interface Gateways {
  readonly all: readonly TradingGateway[];
  /** Of fill models, for the comparison with the ledger; empty where the venue itself is asked. */
  readonly paperAccounts: readonly PaperAccount[];
  /** Private streams. */
  start(): void;
  stop(): void;
  close(): void;
}

export function makeGateways(parts: GatewayParts): Gateways {
  return parts.accounts === null ? paperGateways(parts) : venueGateways(parts, parts.accounts);
}

function paperGateways(parts: GatewayParts): Gateways {
  const { config, clock, tables } = parts;
  const options: PaperOptions = {
    ...PAPER_DEFAULTS,
    model: config.paper.model,
    orderLatencyMs: config.paper.orderLatencyMs,
    answerLatencyMs: config.paper.answerLatencyMs,
    latencySpread: config.paper.latencySpread,
    balances: config.paper.balances,
  };
  parts.notice(`paper: ${describeOptions(options)}`);
  const all = tables.venues.map(
    (_, venueIndex) =>
      new PaperGateway({
        views: parts.views,
        plan: parts.plan,
        tables,
        venueIndex,
        lane: 0,
        durability: parts.durability,
        options,
        random: new SeededRandom(parts.seed * 1_000 + venueIndex),
        recovered: parts.recovered,
        nowUs: () => clock.nowUs(),
        wallUs: (at) => clock.wallAt(at),
        wakeExecutor: () => parts.wakeExecutor(),
      }),
  );
  return { all, paperAccounts: all.map((gateway) => gateway.account), start: nothingToDo, stop: nothingToDo, close: nothingToDo };
}

/** Fill models have no stream of their own. */
function nothingToDo(): void {}

function venueGateways(parts: GatewayParts, accounts: readonly VenueAccount[]): Gateways {
  const { tables, clock, config } = parts;
  const http = new NodeHttpClient({ timers: parts.wallTimers });
  const source = createFrameSource({ clock, timers: parts.wallTimers, onError: (error) => parts.error('private socket', error) });
  const patienceUs = config.engine.watchdogMs * 1_000 * Math.max(1, parts.speed);
  const isExecutorAlive = (): boolean => clock.nowUs() - parts.hotCounters.get('heartbeatUs') < patienceUs;
  // Before its first turn it cannot have died.
  const hasNotDied = (): boolean => parts.hotCounters.get('heartbeatUs') === 0 || isExecutorAlive();
  const feeds: PrivateFeed[] = [];
  const all = tables.venues.map((id, venueIndex) => {
    const account = accounts.find((one) => one.venue === id);
    if (account === undefined) throw new Error(`no account of ${id} was opened`);
    const here = ({ instrument }: { readonly instrument: number }): boolean => tables.instruments[instrument]?.venue === id;
    const paid = parts.recovered.fundings.filter(here);
    let feed: PrivateFeed | null = null;
    const gateway = new CcxtGateway(
      {
        views: parts.views,
        plan: parts.plan,
        tables,
        venueIndex,
        lane: 0,
        durability: parts.durability,
        handOver: account.handOver,
        credentials: account.credentials,
        address: account.address,
        http,
        options: {
          requestTimeoutMs: config.execution.requestTimeoutMs,
          hasPrivateStream: account.hasPrivateStream,
          deadManMs: config.execution.deadManMs === 0 ? null : config.execution.deadManMs,
        },
        nowUs: () => clock.nowUs(),
        wallUs: (at) => clock.wallAt(at),
        wakeExecutor: () => {
          parts.wakeExecutor();
          parts.wake();
        },
        isExecutorAlive,
        notice: (text) => parts.notice(text),
        onTaken: (clientId) => feed?.expect(clientId),
        paidFundings: paid.map((funding) => funding.id),
      },
      account.exchangeClass,
    );
    if (account.hasPrivateStream) {
      feed = new PrivateFeed({
        venue: venueAt(id),
        instruments: tables.instruments.filter((instrument) => instrument.venue === id),
        endpoints: endpointsOf(venueAt(id), parts.addresses),
        credentials: account.credentials,
        source,
        http,
        clock,
        timers: parts.marketTimers,
        random: machineRandom,
        sink: gateway,
        note: (text) => parts.notice(text),
        offsetMs: () => gateway.clockOffsetMs,
        speed: parts.speed,
        ...(config.execution.deadManMs === 0 ? {} : { isAlive: hasNotDied }),
        ...fundingSince(paid, parts.recovered.fills.find(here)),
      });
      feeds.push(feed);
    }
    return gateway;
  });
  return {
    all,
    paperAccounts: [],
    start: () => {
      for (const feed of feeds) feed.start();
    },
    stop: () => {
      for (const feed of feeds) feed.stop();
    },
    close: () => http.close(),
  };
}

/** From the newest payment that the journal has, which may not be the only one of its moment, or from the first fill: before it there was no position. */
function fundingSince(
  paid: readonly { readonly tsUs: number }[],
  firstFill: { readonly tsUs: number } | undefined,
): { readonly fundingSinceUs?: number } {
  const newestUs = paid.reduce((most, { tsUs }) => Math.max(most, tsUs), 0);
  const sinceUs = newestUs > 0 ? newestUs : firstFill?.tsUs;
  return sinceUs === undefined ? {} : { fundingSinceUs: sinceUs };
}
