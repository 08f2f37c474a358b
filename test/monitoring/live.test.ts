import { describe, expect, it } from 'vitest';
import type { ServerSocket } from '../../src/core/ports/http.js';
import type { TimerHandle, Timers } from '../../src/core/ports/clock.js';
import * as R from '../../src/core/memory/record.js';
import { CUT_BYTES, LIVE_CLIENTS_MAX, LIVE_TICK_MS, LivePush } from '../../src/monitoring/live.js';
import { EVENTS_KEPT } from '../../src/monitoring/journal-view.js';
import type { LiveMessage } from '../../src/monitoring/payload.js';
import { DemoEngine } from './demo-engine.js';

class ManualTimers implements Timers {
  readonly periods: number[] = [];
  after(): TimerHandle {
    return { id: 0 };
  }
  every(periodMs: number): TimerHandle {
    this.periods.push(periodMs);
    return { id: this.periods.length };
  }
  cancel(): void {
    this.periods.pop();
  }
}

class FakeSocket implements ServerSocket {
  data: unknown = null;
  buffered = 0;
  answer: 'sent' | 'queued' | 'dropped' = 'sent';
  closedWith: number | null = null;
  readonly messages: LiveMessage[] = [];
  readonly request = { method: 'GET', path: '/api/v1/live', query: '', headers: {}, remoteAddress: '127.0.0.1' };
  constructor(readonly id: number) {}
  send(data: string | Uint8Array): 'sent' | 'queued' | 'dropped' {
    this.messages.push(JSON.parse(String(data)) as LiveMessage);
    return this.answer;
  }
  bufferedBytes(): number {
    return this.buffered;
  }
  ping(): void {
    throw new Error('not used');
  }
  close(code?: number): void {
    this.closedWith = code ?? 1000;
  }
  terminate(): void {
    this.closedWith = 1006;
  }
  ofType(type: LiveMessage['type']): LiveMessage[] {
    return this.messages.filter((message) => message.type === type);
  }
}

function started(): { engine: DemoEngine; live: LivePush; socket: FakeSocket; timers: ManualTimers } {
  const engine = new DemoEngine();
  engine.step();
  const timers = new ManualTimers();
  const live = new LivePush(engine.view, timers);
  const socket = new FakeSocket(1);
  live.open(socket);
  return { engine, live, socket, timers };
}

function tick(live: LivePush, count: number): void {
  for (let i = 0; i < count; i++) live.tick();
}

function order(engine: DemoEngine): void {
  engine.journal(R.RecordKind.CREATE, { orderId: engine.nextOrderId(0, 1), level: 1, priceTicks: 100, qtyLots: 5 });
}

describe('live push', () => {
  it('does not send pictures to a client that is behind, but every event', () => {
    const { engine, live, socket } = started();
    socket.buffered = 1024 * 1024;
    for (let i = 0; i < 20; i++) {
      order(engine);
      engine.publishBook(0);
      live.tick();
    }
    expect(socket.ofType('books')).toHaveLength(0);
    expect(socket.ofType('status')).toHaveLength(0);
    expect(socket.ofType('events').flatMap((message) => (message.type === 'events' ? message.events : []))).toHaveLength(20);
    socket.buffered = 0;
    engine.publishBook(0);
    tick(live, 2);
    expect(socket.ofType('books')).toHaveLength(1);
  });

  it('cuts a client that is too slow, and goes on for the others', () => {
    const { engine, live, socket } = started();
    const other = new FakeSocket(2);
    live.open(other);
    socket.buffered = CUT_BYTES + 1;
    order(engine);
    live.tick();
    expect(socket.closedWith).toBe(1013);
    expect(live.clients).toBe(1);
    expect(live.cut).toBe(1);
    expect(other.ofType('events')).toHaveLength(1);
    other.answer = 'dropped';
    order(engine);
    live.tick();
    expect(live.clients).toBe(0);
  });

  it('cuts a client whose missing events are no longer held', () => {
    const { engine, live, socket } = started();
    for (let i = 0; i < EVENTS_KEPT * 3; i++) order(engine);
    live.tick();
    expect(socket.closedWith).toBe(1013);
    expect(socket.ofType('events')).toHaveLength(0);
  });

  it('shows a newcomer every book again, though none changed', () => {
    const { live, socket } = started();
    tick(live, 2);
    tick(live, 2);
    expect(socket.ofType('books')).toHaveLength(1);
    const other = new FakeSocket(2);
    live.open(other);
    tick(live, 2);
    expect(other.ofType('books')).toMatchObject([{ books: { length: 8 } }]);
  });

  it('is full at its bound, and sends the last events when it stops', () => {
    const { engine, live, socket, timers } = started();
    live.start();
    expect(timers.periods).toEqual([LIVE_TICK_MS]);
    for (let i = 2; i <= LIVE_CLIENTS_MAX; i++) live.open(new FakeSocket(i));
    expect(live.isFull).toBe(true);
    order(engine);
    live.stop();
    expect(timers.periods).toEqual([]);
    expect(socket.ofType('events')).toHaveLength(1);
    expect(live.clients).toBe(0);
  });
});
