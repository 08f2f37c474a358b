/** When a topic speaks: after each step of the world, or at whole periods of market time. Used by the streams of all simulated venues. */
import type { TopicSource } from './hub.js';

const NONE: readonly string[] = [];

/** On each step of the world. */
export function onStep(produce: (nowMs: number) => readonly string[]): TopicSource {
  return { produce: (nowUs) => produce(Math.floor(nowUs / 1_000)) };
}

/** At whole multiples of the period, market time. */
export function every(periodMs: number, produce: (nowMs: number) => readonly string[]): TopicSource {
  let turn = -1;
  return {
    produce: (nowUs) => {
      const nowMs = Math.floor(nowUs / 1_000);
      const now = Math.floor(nowMs / Math.max(1, periodMs));
      if (now === turn) return NONE;
      const isFirst = turn === -1;
      turn = now;
      return isFirst && periodMs > 0 ? NONE : produce(nowMs);
    },
  };
}
