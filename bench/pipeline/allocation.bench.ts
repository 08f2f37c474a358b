/**
 * Bytes of JavaScript heap that a message costs: kernel and books alone, and the whole feed lane behind a TLS socket above a callback on the same stream that does
 * nothing. Then what is still held after a forced collection.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_CERT } from '../../test/net/certificate.js';
import { median, type BenchFile, type BenchRow } from '../harness.js';
import { BenchChild } from '../support/child.js';
import { HEAP_FLAGS } from '../support/heap-meter.js';
import type { AllocationAnswer, AllocationQuestion } from './allocation.child.js';
import type { EndlessAnswer, EndlessQuestion } from './endless-server.child.js';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT'];
/** A small message. */
const LEVELS = 8;
const MESSAGES = 8_000;
const LIMIT_MS = 180_000;
/** "None": what V8 itself puts on the heap while it runs (feedback, code) is some kilobytes in all. */
const NONE = 0.01;
/** The same for what is held at the end. */
const FLAT_KIB = 64;

export const rows: BenchFile = async (options) => {
  // 10 million messages in all where time is not short.
  const turns = options.isQuick ? 30 : Math.ceil(10_000_000 / MESSAGES / options.rounds);
  const folder = mkdtempSync(join(tmpdir(), 'thor-bench-'));
  const trusted = join(folder, 'ca.pem');
  writeFileSync(trusted, TEST_CERT);
  const children: BenchChild[] = [];
  const child = (file: string, execArgv: readonly string[] = []): BenchChild => {
    const started = new BenchChild(file, { NODE_EXTRA_CA_CERTS: trusted }, execArgv);
    children.push(started);
    return started;
  };
  const reader = (): BenchChild => child('allocation.child.js', HEAP_FLAGS);
  const ask = (to: BenchChild, question: AllocationQuestion): Promise<AllocationAnswer> => to.ask(question, LIMIT_MS);
  try {
    const inBooks = await ask(reader(), {
      kind: 'books',
      symbols: SYMBOLS,
      levels: LEVELS,
      messages: MESSAGES,
      turns: turns * options.rounds,
    });

    const server = child('endless-server.child.js');
    const serve = (question: EndlessQuestion): Promise<EndlessAnswer> => server.ask(question, LIMIT_MS);
    const allocated: Record<'open-lane' | 'open-bare', number[]> = { 'open-lane': [], 'open-bare': [] };
    const idleRates: Record<'open-lane' | 'open-bare', number[]> = { 'open-lane': [], 'open-bare': [] };
    const heldKib: number[] = [];
    let bareReads = 0;
    for (const kind of ['open-lane', 'open-bare'] as const) {
      const { port, lastId, bytes } = await serve({ kind: 'listen', symbols: SYMBOLS, messages: MESSAGES, levels: LEVELS });
      const one = reader();
      await ask(one, { kind, port, symbols: SYMBOLS });
      // The first round only warms up, and a connection's first bytes come in records of another size.
      let sentTurns = 0;
      let idleBytesPerMs = 0;
      for (let round = -1; round < options.rounds; round++) {
        const idle = await ask(one, { kind: 'idle' });
        idleBytesPerMs = idle.bytes / idle.tookMs;
        sentTurns += turns;
        const [answer] = await Promise.all([
          ask(one, { kind: 'measure', lastId: lastId + (sentTurns * MESSAGES) / SYMBOLS.length, bytes: bytes * turns }),
          serve({ kind: 'send', turns }),
        ]);
        if (answer.collections > 0) throw new Error(`${answer.collections} collections while allocation was measured`);
        if (round < 0) continue;
        allocated[kind].push((answer.bytes - idleBytesPerMs * answer.tookMs) / turns / MESSAGES);
        idleRates[kind].push(idleBytesPerMs);
        if (kind === 'open-bare') bareReads += answer.reads;
        else heldKib.push(answer.heldBytes / 1024);
      }
      one.stop();
    }
    const lane = median(allocated['open-lane']);
    const bare = median(allocated['open-bare']);
    const total = turns * options.rounds * MESSAGES;
    const stream = `${total} messages of ${LEVELS} levels, ${SYMBOLS.length} books`;
    const check =
      'every message applied by the kernel, none missing; the meter was tried on objects of known size, and nothing was collected in between';
    return [
      measured(
        'allocation, kernel and books',
        inBooks.bytes / inBooks.messages,
        'bytes/message',
        { most: NONE, goal: NONE },
        `${stream}; median of ${turns * options.rounds} turns of ${MESSAGES}: ${inBooks.bytes} bytes`,
        check,
      ),
      measured(
        'allocation, feed lane above an empty callback',
        Math.max(0, lane - bare),
        'bytes/message',
        { most: 1, goal: NONE },
        `TLS; ${lane.toFixed(2)} bytes a message by the lane, ${bare.toFixed(2)} by Node with \`onread\` and a callback that does nothing (${((bare * total) / bareReads).toFixed(0)} a read); left out is what the loop's timers allocate without messages, ${median(idleRates['open-lane']).toFixed(0)} bytes a millisecond; ${stream}`,
        check,
      ),
      measured(
        'heap of the feed lane, growth after collection',
        Math.max(0, median(heldKib)),
        'KiB',
        { most: FLAT_KIB, goal: FLAT_KIB },
        `more after a round than before it, median of ${options.rounds}; ${stream}`,
        check,
      ),
    ];
  } finally {
    for (const one of children) one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

function measured(
  name: string,
  ours: number,
  unit: string,
  limit: { readonly most: number; readonly goal: number },
  conditions: string,
  check: string,
): BenchRow {
  return { name, ours, theirs: null, unit, against: '', ratio: null, limit, conditions, check };
}
