/**
 * Scripted faults: what somebody asked the admin address for, checked, and which of them strike now. One script for all venues; each venue's `VenueFaultGate` asks
 * it. Chance comes from the seed.
 */
import type { FaultKind } from '../exchange/contract.js';
import type { FlowRandom } from '../flow/random.js';

export interface FaultMatch {
  readonly method?: string;
  /** A part of the path. */
  readonly path?: string;
  readonly symbol?: string;
  /** place, amend, cancel, cancel-all, batch, query. */
  readonly op?: string;
  /** For faults of streams; both when absent. */
  readonly stream?: 'public' | 'private';
  /** For private messages: order, fill, wallet, position, funding. */
  readonly type?: string;
}

export interface FaultRequest {
  /** A venue id, or all of them when absent. */
  readonly venue?: string;
  readonly kind: FaultKind;
  readonly match?: FaultMatch;
  /** How often it strikes. Absent: once, or without end when it lasts (`forMs`, or a kind that is a state). */
  readonly count?: number;
  /** Market time before it starts, and how long it lasts. */
  readonly afterMs?: number;
  readonly forMs?: number;
  readonly probability?: number;
  readonly params?: Readonly<Record<string, string | number | boolean>>;
}

export interface Fault extends FaultRequest {
  readonly id: number;
  readonly fromUs: number;
  readonly untilUs: number;
  /** Strikes left. */
  left: number;
  hits: number;
}

export const FAULT_KINDS: readonly FaultKind[] = [
  'lose-answer',
  'answer-after-fill',
  'fill-before-ack',
  'repeat-fill',
  'delay',
  'status',
  'maintenance',
  'rate-limit-storm',
  'clock-skew',
  'stream-cut',
  'stream-stall',
  'stream-gap',
  'wrong-order',
  'partial-batch-failure',
];
/** Kinds that are a state of the venue until they are taken away. */
const STATES: ReadonlySet<FaultKind> = new Set<FaultKind>(['maintenance', 'rate-limit-storm', 'clock-skew', 'stream-stall']);
const MATCH_FIELDS = ['method', 'path', 'symbol', 'op', 'stream', 'type'];
const FIELDS = ['venue', 'kind', 'match', 'count', 'afterMs', 'forMs', 'probability', 'params'];
/** Finished faults are listed until there are this many. */
const MOST_FAULTS = 1_000;

/** What is asked of the script; fields that a fault names must agree. */
export interface Occasion {
  readonly method?: string;
  readonly path?: string;
  readonly symbol?: string;
  readonly op?: string;
  readonly stream?: 'public' | 'private';
  readonly type?: string;
}

export class FaultScript {
  readonly #random: FlowRandom;
  #faults: Fault[] = [];
  #nextId = 1;

  constructor(random: FlowRandom) {
    this.#random = random;
  }

  get all(): readonly Fault[] {
    return this.#faults;
  }

  get isEmpty(): boolean {
    return this.#faults.length === 0;
  }

  add(request: FaultRequest, nowUs: number): Fault {
    const fromUs = nowUs + (request.afterMs ?? 0) * 1_000;
    const untilUs = request.forMs === undefined ? Number.POSITIVE_INFINITY : fromUs + request.forMs * 1_000;
    const lasts = request.forMs !== undefined || STATES.has(request.kind);
    const left = request.count ?? (lasts ? Number.POSITIVE_INFINITY : 1);
    const fault: Fault = { ...request, id: this.#nextId++, fromUs, untilUs, left, hits: 0 };
    this.#faults.push(fault);
    if (this.#faults.length > MOST_FAULTS) this.#faults = this.#faults.slice(-MOST_FAULTS);
    return fault;
  }

  /** All of them, or one. Returns how many. */
  remove(id?: number): number {
    const before = this.#faults.length;
    this.#faults = id === undefined ? [] : this.#faults.filter((fault) => fault.id !== id);
    return before - this.#faults.length;
  }

  /** The first fault of this kind that applies, without using it up. */
  active(venue: string, kind: FaultKind, occasion: Occasion, nowUs: number): Fault | undefined {
    return this.#faults.find((fault) => fault.kind === kind && isActive(fault, venue, nowUs) && agrees(fault.match, occasion));
  }

  /** The same, by chance where it says so, and counted. */
  strike(venue: string, kind: FaultKind, occasion: Occasion, nowUs: number): Fault | null {
    if (this.#faults.length === 0) return null;
    const fault = this.active(venue, kind, occasion, nowUs);
    if (fault === undefined) return null;
    if (fault.probability !== undefined && !this.#random.chance(fault.probability)) return null;
    fault.left--;
    fault.hits++;
    return fault;
  }
}

function isActive(fault: Fault, venue: string, nowUs: number): boolean {
  return (fault.venue ?? venue) === venue && fault.left > 0 && nowUs >= fault.fromUs && nowUs < fault.untilUs;
}

function agrees(match: FaultMatch | undefined, occasion: Occasion): boolean {
  if (match === undefined) return true;
  if (match.path !== undefined && !(occasion.path ?? '').includes(match.path)) return false;
  for (const field of ['method', 'symbol', 'op', 'stream', 'type'] as const) {
    const wanted = match[field];
    if (wanted !== undefined && wanted !== occasion[field]) return false;
  }
  return true;
}

/** A number of milliseconds (or whatever a parameter counts), or the usual one. */
export function numberParam(fault: Fault, name: string, usual: number): number {
  const value = fault.params?.[name];
  return typeof value === 'number' ? value : usual;
}

export function textParam(fault: Fault, name: string): string | null {
  const value = fault.params?.[name];
  return typeof value === 'string' ? value : null;
}

/** Reads what somebody sent; a text says what is wrong with it. */
export function readFault(value: unknown, venues: readonly string[]): FaultRequest | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a fault is an object';
  const fields = value as Record<string, unknown>;
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) return `no field '${unknown}', there are ${FIELDS.join(', ')}`;
  if (!FAULT_KINDS.some((kind) => kind === fields['kind'])) return `kind must be one of ${FAULT_KINDS.join(', ')}`;
  const venue = fields['venue'];
  if (venue !== undefined && !venues.some((known) => known === venue)) return `venue must be one of ${venues.join(', ')}`;
  for (const name of ['count', 'afterMs', 'forMs', 'probability']) {
    const number = fields[name];
    if (number !== undefined && (typeof number !== 'number' || !Number.isFinite(number) || number < 0))
      return `${name} must be a number, 0 or more`;
  }
  const match = fields['match'] ?? {};
  if (typeof match !== 'object' || match === null) return 'match must be an object';
  for (const [name, wanted] of Object.entries(match)) {
    if (!MATCH_FIELDS.includes(name)) return `match has no '${name}', there are ${MATCH_FIELDS.join(', ')}`;
    if (typeof wanted !== 'string') return `match.${name} must be a text`;
  }
  const params = fields['params'] ?? {};
  if (typeof params !== 'object' || params === null) return 'params must be an object';
  for (const [name, given] of Object.entries(params)) {
    if (!['string', 'number', 'boolean'].includes(typeof given)) return `params.${name} must be a text, a number, true or false`;
  }
  return fields as unknown as FaultRequest;
}
