/** From a loopback socket to the changed book, plain and TLS: processor time of the reading process a message, ours against `ws` + `JSON.parse` + sorted arrays and against ccxt. */
import { measuredOf, row, type BenchFile, type BenchRow } from '../harness.js';
import { BenchChild } from '../support/child.js';
import { describe, readCorpus, SOURCES } from '../support/corpus.js';
import type { ServeAnswer } from './fast-server.child.js';
import type { ReceiveAnswer, ReceiveQuestion, ReceiverKind } from './receiver.child.js';

const TLS_TARGET = { required: 9, goal: 15 };
const CCXT_TARGET = { required: 13, goal: 25 };
/** `share`: how much longer one reads than another, so that all rounds take about the same time: short ones would measure the compilers, ours most of all. */
const KINDS: readonly { readonly kind: ReceiverKind; readonly name: string; readonly share: number }[] = [
  { kind: 'own', name: 'own client, kernel, ladder', share: 12 },
  { kind: 'own-json', name: 'own client, --kernel json', share: 1 },
  { kind: 'ws', name: 'ws + JSON.parse + sorted arrays', share: 2 },
  { kind: 'ccxt', name: "ccxt's client, handleOrderBook and book", share: 0.5 },
];
const WARM_ROUNDS = 2;
const SIZES = ['binanceSmall', 'binanceSpot'] as const;

export const rows: BenchFile = async (options) => {
  const table: BenchRow[] = [];
  const most = options.isQuick ? 400 : 2_000;
  const wanted = options.isQuick ? 2_000 : 20_000;
  for (const source of SIZES) {
    const corpus = await readCorpus(SOURCES[source], most);
    const loopsOf = (share: number): number => Math.max(1, Math.round((wanted * share) / corpus.frames.length));
    const server = new BenchChild('fast-server.child.js');
    const readers = KINDS.map(() => new BenchChild('receiver.child.js'));
    try {
      const { plainPort, tlsPort } = await server.ask<ServeAnswer>({ source, most }, 60_000);
      for (const [transport, url] of [
        ['TLS', `wss://127.0.0.1:${tlsPort}`],
        ['plain', `ws://127.0.0.1:${plainPort}`],
      ] as const) {
        // ccxt wants an agent of its own for plain addresses.
        const kinds = transport === 'TLS' ? KINDS : KINDS.slice(0, -1);
        const times = kinds.map((): number[] => []);
        // The first rounds only warm up: V8 takes a hundred thousand messages until it has settled.
        for (let round = -WARM_ROUNDS; round < options.rounds; round++) {
          const results: string[] = [];
          for (const [index, { kind, share }] of kinds.entries()) {
            const question: ReceiveQuestion = { kind, source, most, url, loops: loopsOf(share) };
            const answer = await readers[index]?.ask<ReceiveAnswer>(question, 60_000);
            if (answer === undefined) continue;
            if (round >= 0) times[index]?.push(answer.cpuUs / answer.messages);
            results.push(answer.result);
          }
          if (results.some((result) => result !== results[0])) throw new Error(`books differ: ${results.join(', ')}`);
        }
        const [mine, json, theirs, ccxt] = kinds.map(({ name }, index) => measuredOf(name, times[index] ?? []));
        if (mine === undefined || json === undefined || theirs === undefined) continue;
        const conditions = `processor time of the reading process, all threads, sender at full speed in another; ${loopsOf(KINDS[0]?.share ?? 1)} times ${describe(corpus)}`;
        const check = 'best 25 levels of every book equal in all';
        const name = `${transport} socket to book, ${corpus.name}`;
        const unit = 'us/message';
        table.push(row(name, mine, theirs, { conditions, check, unit, ...(transport === 'TLS' ? { target: TLS_TARGET } : {}) }));
        if (ccxt !== undefined) table.push(row(`${name}, ccxt`, mine, ccxt, { conditions: 'as above', check, unit, target: CCXT_TARGET }));
        table.push(row(`${name}, readable path`, json, theirs, { conditions: '--kernel json', check, unit }));
      }
    } finally {
      server.stop();
      for (const reader of readers) reader.stop();
    }
  }
  return table;
};
