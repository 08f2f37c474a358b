/** A start: nothing trades before the venues' private streams are up. */
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryData, thor } from './engine-process.js';

const data = temporaryData();
afterEach(() => data.remove());

describe('a start', () => {
  // One lane and one venue: the strategies are ready before the stream is.
  it('waits for the private streams, so that no first order is refused', { timeout: 60_000 }, async () => {
    const args = ['--lanes', '1', '--only', 'bybit', '--duration', '2', '--data', data.path, '--port', '0', '--json'];
    const { code, stdout, stderr } = await thor(args, { limitMs: 50_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: [] });
    const summary = JSON.parse(stdout.at(-1) ?? '{}') as { orders: { accepted: number }; refused: { risk: Record<string, number> } };
    expect(summary.orders.accepted).toBeGreaterThan(0);
    expect(summary.refused.risk).not.toHaveProperty('GATEWAY_DOWN');
  });
});
