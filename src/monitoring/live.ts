/**
 * Live push over WebSocket: a snapshot first, then changes. Events (orders, fills, levels, audit) go out once each, in order, with a sequence number;
 * books and status are pictures of now, and a client that is behind is simply shown the next one. Service lane.
 */
import type { ServerSocket } from '../core/ports/http.js';
import type { TimerHandle, Timers } from '../core/ports/clock.js';
import type { BooksMessage, EventsMessage } from './payload.js';
import type { BookRow, DepthPayload } from './payload-rows.js';
import { PAGE_DEPTH, type EngineView } from './state.js';

export const LIVE_CLIENTS_MAX = 32;
/** Events are flushed, and books looked at, this often (wall time: people look at it). */
export const LIVE_TICK_MS = 100;
const BOOKS_EVERY_TICKS = 2;
const STATUS_EVERY_TICKS = 10;
/** A client with more than this waiting gets no pictures; with more than the second bound it is cut and may come back with `since`. */
const SKIP_PICTURES_BYTES = 512 * 1024;
export const CUT_BYTES = 4 * 1024 * 1024;
/** Try again later (RFC 6455 registry). */
const CLOSE_TRY_LATER = 1013;

interface Client {
  readonly socket: ServerSocket;
  /** Last event sent. */
  seq: number;
  hasSnapshot: boolean;
}

export class LivePush {
  readonly #view: EngineView;
  readonly #timers: Timers;
  readonly #clients = new Map<number, Client>();
  #timer: TimerHandle | null = null;
  #ticks = 0;
  /** The last picture of each instrument as text: unchanged ones are not sent again. */
  #sentBooks = new Map<string, string>();
  /** Clients cut for being slow. */
  cut = 0;

  /** @param timers of the wall: at `--speed` the page still ticks as fast as people look. */
  constructor(view: EngineView, timers: Timers) {
    this.#view = view;
    this.#timers = timers;
  }

  start(): void {
    this.#timer ??= this.#timers.every(LIVE_TICK_MS, () => this.tick());
  }

  stop(): void {
    if (this.#timer !== null) this.#timers.cancel(this.#timer);
    this.#timer = null;
    this.tick(); // what was journaled last is still seen by who watches
    this.#clients.clear();
  }

  get clients(): number {
    return this.#clients.size;
  }

  get isFull(): boolean {
    return this.#clients.size >= LIVE_CLIENTS_MAX;
  }

  /** `?since=SEQ&run=RUN` of the same run gets the events it missed, when they are still held, after the snapshot that says so. */
  open(socket: ServerSocket): void {
    const client: Client = { socket, seq: this.#view.journal.seq, hasSnapshot: false };
    this.#clients.set(socket.id, client);
    const asked = new URLSearchParams(socket.request.query);
    const since = Number(asked.get('since') ?? Number.NaN);
    const isSameRun = Number(asked.get('run') ?? Number.NaN) === this.#view.deps.tables.run;
    const missed = isSameRun && Number.isSafeInteger(since) ? this.#view.journal.eventsSince(since) : null;
    if (missed !== null && missed.length > 0) this.#send(client, this.#eventsText(missed));
    this.#send(client, JSON.stringify(this.#view.snapshotMessage()));
    client.hasSnapshot = true;
    this.#sentBooks.clear(); // one picture for all: the newcomer's next one must be whole
  }

  closed(socket: ServerSocket): void {
    this.#clients.delete(socket.id);
  }

  /** One tick; the host's timer, or a test. */
  tick(): void {
    this.#ticks++;
    if (this.#clients.size === 0) return;
    this.#flushEvents();
    if (this.#ticks % BOOKS_EVERY_TICKS === 0) this.#pictures(this.#booksText());
    if (this.#ticks % STATUS_EVERY_TICKS === 0) this.#pictures(JSON.stringify(this.#view.statusMessage()));
  }

  #flushEvents(): void {
    const seq = this.#view.journal.seq;
    const texts = new Map<number, string>(); // clients mostly stand at the same event: one text for all of them
    for (const client of this.#clients.values()) {
      if (client.seq === seq) continue;
      let text = texts.get(client.seq);
      if (text === undefined) {
        const events = this.#view.journal.eventsSince(client.seq);
        if (events === null) {
          this.#drop(client, 'too far behind');
          continue;
        }
        text = this.#eventsText(events);
        texts.set(client.seq, text);
      }
      client.seq = seq;
      this.#send(client, text);
    }
  }

  #eventsText(events: EventsMessage['events']): string {
    return JSON.stringify({ type: 'events', simulated: this.#view.deps.tables.simulated, events } satisfies EventsMessage);
  }

  /** Only instruments whose picture changed; null when none did. */
  #booksText(): string | null {
    const books: BookRow[] = [];
    const depth: DepthPayload[] = [];
    for (const instrument of this.#view.deps.tables.instruments) {
      const row = this.#view.books.row(instrument);
      const levels = this.#view.books.depth(instrument, PAGE_DEPTH);
      const picture = `${row.state}|${row.sequence}|${row.bid}|${row.bidQty}|${row.ask}|${row.askQty}|${row.markPrice}|${JSON.stringify(levels)}`;
      if (this.#sentBooks.get(instrument.id) === picture) continue;
      this.#sentBooks.set(instrument.id, picture);
      books.push(row);
      depth.push(levels);
    }
    if (books.length === 0) return null;
    const { simulated } = this.#view.deps.tables;
    return JSON.stringify({ type: 'books', simulated, nowUs: this.#view.deps.clock.wallUs(), books, depth } satisfies BooksMessage);
  }

  #pictures(text: string | null): void {
    if (text === null) return;
    for (const client of this.#clients.values()) {
      if (client.hasSnapshot && client.socket.bufferedBytes() < SKIP_PICTURES_BYTES) this.#send(client, text);
    }
  }

  #send(client: Client, text: string): void {
    if (client.socket.bufferedBytes() > CUT_BYTES) return this.#drop(client, 'too slow');
    if (client.socket.send(text) === 'dropped') this.#drop(client, 'too slow');
  }

  #drop(client: Client, why: string): void {
    if (!this.#clients.delete(client.socket.id)) return;
    this.cut++;
    client.socket.close(CLOSE_TRY_LATER, why);
  }
}
