/**
 * What the engine gives its supervisor through the pipe, line by line: everything it needs once, then signs of life, then the end. Keys travel here and nowhere
 * else: not on the command line, not in the environment, not in a file.
 */
import type { MarketTime } from '../clock.js';

export interface SupervisedVenue {
  /** `bybit`, `binance-spot`, ... */
  readonly id: string;
  /** REST address. */
  readonly rest: string;
  readonly apiKey: string;
  readonly secret: string;
}

export interface Handover {
  readonly type: 'start';
  /** The engine. */
  readonly pid: number;
  /** Client order ids of this data directory carry it; orders without it are never touched. */
  readonly tag: string;
  /** Orders of later runs belong to an engine that took over. */
  readonly run: number;
  /** Without a sign of life for this long the engine hangs. */
  readonly hangMs: number;
  readonly logFile: string;
  readonly market: MarketTime;
  readonly venues: readonly SupervisedVenue[];
}

/** `beat`: the hot lane turns. `stop`: a clean end, leave everything as it is. `fail`: the engine gives up, cancel. */
export type LinkMessage = Handover | { readonly type: 'beat' | 'stop' | 'fail' };

export function messageLine(message: LinkMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/** Null for a line that is none of ours: it came from our own parent, so it can only be cut short. */
export function parseLine(line: string): LinkMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return null;
  if (value.type === 'beat' || value.type === 'stop' || value.type === 'fail') return { type: value.type };
  return value.type === 'start' ? (value as Handover) : null;
}
