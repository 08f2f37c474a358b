/** What a host gives to a ccxt gateway. */
import type { MemoryPlan } from '../../../core/memory/layout.js';
import type { SharedViews } from '../../../core/memory/shared-memory.js';
import type { RunTables } from '../../../core/orders/tables.js';
import type { HttpClient } from '../../../core/ports/http.js';
import type { Credentials } from '../../../core/ports/private-events.js';
import type { MarketsHandOver } from './prepare.js';

export interface CcxtOptions {
  /** How long a request may go without a whole answer, in the HTTP client's time. */
  readonly requestTimeoutMs: number;
  /** False when no private stream will report: then the executor's own questions are all that tells. */
  readonly hasPrivateStream: boolean;
  /** Time after which the venue cancels our orders when it hears nothing; null = off. */
  readonly deadManMs: number | null;
}

export const DEFAULT_CCXT_OPTIONS: CcxtOptions = { requestTimeoutMs: 5_000, hasPrivateStream: true, deadManMs: null };

export interface CcxtGatewayDeps {
  readonly views: SharedViews;
  readonly plan: MemoryPlan;
  readonly tables: RunTables;
  /** Index of the venue in the run's table: also this gateway's index. */
  readonly venueIndex: number;
  /** The lane that steps this gateway: its histograms are written here. */
  readonly lane: number;
  readonly durability: 'none' | 'interval' | 'each';
  readonly handOver: MarketsHandOver;
  readonly credentials: Credentials;
  /** Base address in place of the venue's hosts, null for the real ones. */
  readonly address: string | null;
  readonly http: HttpClient;
  readonly options: CcxtOptions;
  /** Market time: monotonic, and its wall time. */
  readonly nowUs: () => number;
  readonly wallUs: (nowUs: number) => number;
  /** Wakes the executor's lane after outcomes were published. */
  readonly wakeExecutor: () => void;
  /** The executor's lane turned lately; asked before each renewal of the dead-man switch. */
  readonly isExecutorAlive: () => boolean;
  /** For a person: what went wrong, without secrets. */
  readonly notice: (text: string) => void;
  /** An order was taken by REST, and the private stream has still to tell of it: who watches that stream wants to know. */
  readonly onTaken?: (clientId: string) => void;
  /** Trade ids of the venue's FUNDING entries in the journal: such payments are not told again. */
  readonly paidFundings?: readonly number[];
}
