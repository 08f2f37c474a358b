/** A disk without space under a running engine: new orders stop, cancels still go out, trading goes on when there is space again. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { smallDisk } from '../support/small-disk.js';
import { EngineProcess, temporaryData, thor } from './engine-process.js';

const LIMIT_MS = 60_000;

/** Levels take turns: a live order is cancelled, an absent one placed far below the market. */
const TURNS = `
import { FLAG_POST_ONLY, RecordKind, SIDE_BUY, TIF_GTC } from 'thor/strategy';
export default {
  kind: 'turns', pnlKind: 'other', description: '', params: [], instruments: { min: 1, max: 1 },
  create() {
    const live = [false, false, false, false, false, false];
    const busy = [false, false, false, false, false, false];
    const draft = { level: 0, slot: 0, side: SIDE_BUY, priceTicks: 0, qtyLots: 10, flags: FLAG_POST_ONLY, timeInForce: TIF_GTC, group: 0, groupLegs: 0 };
    let turn = 0;
    return {
      onTimer(ctx) {
        const book = ctx.book(0);
        const level = turn++ % live.length;
        if (!book.isLive || busy[level]) return;
        busy[level] = true;
        if (live[level]) ctx.intents.cancel(level);
        else {
          draft.level = level;
          draft.priceTicks = Math.floor(book.bidTicks * 0.97) - level;
          ctx.intents.place(draft);
        }
      },
      onOrder(_ctx, event) {
        busy[event.level] = false;
        if (event.kind === RecordKind.ACK) live[event.level] = true;
        if (event.kind === RecordKind.CANCELLED) live[event.level] = false;
      },
    };
  },
};
`;

/** Metrics of the running engine by name and labels. */
async function metricsOf(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

async function untilMetric(url: string, name: string, isReached: (value: number) => boolean): Promise<ReadonlyMap<string, number>> {
  const untilMs = Date.now() + LIMIT_MS / 2;
  for (;;) {
    const metrics = await metricsOf(url);
    if (isReached(metrics.get(name) ?? 0)) return metrics;
    if (Date.now() > untilMs) throw new Error(`${name} is ${metrics.get(name)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const outcome = (word: string): string => `thor_orders_total{strategy="t",outcome="${word}"}`;
const BLOCKED = 'thor_risk_blocks_total{strategy="t",reason="DISK_FULL"}';

describe('a full disk', () => {
  it('stops new orders, lets cancels out, and trading goes on when there is space', { timeout: LIMIT_MS }, async () => {
    const disk = smallDisk(12);
    if (disk === null) return;
    const own = temporaryData();
    const config = join(own.path, 'turns.yaml');
    writeFileSync(join(own.path, 'turns.js'), TURNS);
    writeFileSync(
      config,
      "venues: [{ id: binance-usdm }]\nstrategies: [{ name: t, kind: ./turns.js, instruments: ['binance-usdm:BTCUSDT'] }]\n",
    );
    const addresses = join(own.path, 'addresses.json');
    const venues = new EngineProcess(['venues', '--addresses', addresses, '--seed', '3', '--only', 'binance-usdm'], { limitMs: LIMIT_MS });
    try {
      await venues.line((line) => line.includes('SIMULATED'));
      const data = join(disk.path, 'data');
      const engine = new EngineProcess(
        ['--config', config, '--data', data, '--seed', '3', '--addresses', addresses, '--port', '0', '--json'],
        {
          limitMs: LIMIT_MS,
        },
      );
      const { url } = JSON.parse(await engine.line((line) => line.includes('"url"'))) as { url: string };
      await untilMetric(url, outcome('cancelled'), (count) => count > 0);
      disk.fill();
      const blocked = await untilMetric(url, BLOCKED, (count) => count > 0);
      expect((await fetch(new URL('/readyz', url))).status).toBe(503);
      // Six levels take turns every 0.1 s: what was live when the disk filled is cancelled now, and nothing new is sent.
      const idle = await untilMetric(url, BLOCKED, (count) => count >= (blocked.get(BLOCKED) ?? 0) + 12);
      expect(idle.get(outcome('sent'))).toBe(blocked.get(outcome('sent')));
      expect(idle.get(outcome('cancelled'))).toBe(idle.get(outcome('sent')));
      disk.free();
      await untilMetric(url, outcome('accepted'), (count) => count > (idle.get(outcome('sent')) ?? 0));
      engine.kill('SIGINT');
      // On stderr lmdb may have said by itself what it could not write.
      const { code, stdout } = await engine.ended;
      expect(code).toBe(0);
      const summary = JSON.parse(stdout.at(-1) ?? '{}') as { orders: { sent: number } };
      const log = readFileSync(join(data, 'logs', 'thor.1.log'), 'utf8');
      expect(log).toMatch(/the disk is full: no new orders/);
      expect(log).toMatch(/the disk has space again/);
      // Nothing that was shown is missing from the journal and its store.
      const exported = await thor(['export', 'orders', '--data', data]);
      expect(exported.stdout).toHaveLength(summary.orders.sent);
    } finally {
      venues.kill('SIGINT');
      await venues.ended;
      own.remove();
      disk.remove();
    }
  });
});
