/** What the command line asks of a run, checked. Made by main, read by the hosts. */
import { UsageError } from '../core/numbers/errors.js';
import type { KernelName } from '../core/kernel/kernel.js';
import { didYouMean } from '../core/numbers/nearest.js';
import { checkKernel, DEFAULT_KERNEL } from '../feeds/kernels.js';
import type { WaitMode } from './lane-loop.js';

export type Mode = 'sim' | 'paper' | 'live';
export type Durability = 'none' | 'interval' | 'each';
export type Speed = number | 'max';

export interface TradeOptions {
  readonly strategies: readonly string[] | null;
  readonly mode: Mode;
  readonly config: string | null;
  readonly data: string | null;
  /** Seconds of market time from the first live book; null runs until stopped. */
  readonly durationSeconds: number | null;
  readonly seed: number;
  readonly only: readonly string[] | null;
  readonly addresses: string | null;
  readonly replay: readonly string[] | null;
  readonly speed: Speed;
  readonly lanes: number | 'auto';
  readonly wait: WaitMode | 'auto';
  readonly kernel: KernelName;
  readonly durability: Durability;
  readonly port: number | null;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly wantsPrintConfig: boolean;
  /** When the engine hangs or dies: its orders are cancelled by the supervisor. False: they rest for the next start. */
  readonly cancelsOnDeath: boolean;
}

export function oneOf<T extends string>(flag: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`${flag}: '${text}' is not one of ${words.join(', ')}${didYouMean(text, words)}`);
}

export function numberOf(flag: string, text: string, { min, max, isInteger }: { min: number; max: number; isInteger: boolean }): number {
  const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max) || (isInteger && !Number.isInteger(value))) {
    throw new UsageError(`${flag}: expected ${isInteger ? 'a whole number' : 'a number'} from ${min} to ${max}, was '${text}'`);
  }
  return value;
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** @param flags as commander hands them over. Throws UsageError. */
export function tradeOptionsOf(flags: Readonly<Record<string, unknown>>): TradeOptions {
  const text = (name: string): string | null => (typeof flags[name] === 'string' ? flags[name] : null);
  const speedText = text('speed') ?? '1';
  const lanesText = text('lanes') ?? 'auto';
  const kernel = checkKernel(text('kernel') ?? DEFAULT_KERNEL);
  const mode = oneOf('--mode', text('mode') ?? 'sim', ['sim', 'paper', 'live']);
  const replay = Array.isArray(flags['replay']) ? flags['replay'].map(String) : null;
  const speed: Speed = speedText === 'max' ? 'max' : numberOf('--speed', speedText, { min: 0.01, max: 1000, isInteger: false });
  if (speed === 'max' && replay === null) throw new UsageError("--speed: 'max' goes with --replay only");
  if (mode === 'live' && replay !== null) throw new UsageError('--replay: a recording is not traded live; use mode sim or paper');
  if (mode !== 'sim' && speed !== 1 && replay === null && text('addresses') === null) {
    throw new UsageError(`--speed: venues of mode ${mode} run in real time; another speed goes with mode sim or --replay`);
  }
  return {
    strategies: text('strategies') === null ? null : listOf(text('strategies') ?? ''),
    mode,
    config: text('config'),
    data: text('data'),
    durationSeconds:
      text('duration') === null ? null : numberOf('--duration', text('duration') ?? '', { min: 0.1, max: 1e9, isInteger: false }),
    seed: numberOf('--seed', text('seed') ?? '1', { min: 0, max: 4_294_967_295, isInteger: true }),
    only: text('only') === null ? null : listOf(text('only') ?? ''),
    addresses: text('addresses'),
    replay,
    speed,
    lanes: lanesText === 'auto' ? 'auto' : numberOf('--lanes', lanesText, { min: 1, max: 64, isInteger: true }),
    wait: text('wait') === null ? 'auto' : oneOf('--wait', text('wait') ?? '', ['spin', 'balanced', 'eco']),
    kernel,
    durability: oneOf('--durability', text('durability') ?? 'interval', ['none', 'interval', 'each']),
    port: text('port') === null ? null : numberOf('--port', text('port') ?? '', { min: 0, max: 65_535, isInteger: true }),
    isJson: flags['json'] === true,
    isQuiet: flags['quiet'] === true,
    isVerbose: flags['verbose'] === true,
    wantsPrintConfig: flags['printConfig'] === true,
    cancelsOnDeath: oneOf('--on-death', text('onDeath') ?? 'keep', ['keep', 'cancel']) === 'cancel',
  };
}

/** The command line that takes up what rests: what decides which venues, orders and clocks a run has, not how it runs or what it shows. */
export function resumeCommand(options: TradeOptions): string {
  const words: string[] = [];
  if (options.strategies !== null) words.push('--strategies', options.strategies.join(','));
  if (options.mode !== 'sim') words.push('--mode', options.mode);
  if (options.config !== null) words.push('--config', options.config);
  if (options.data !== null) words.push('--data', options.data);
  if (options.addresses !== null) words.push('--addresses', options.addresses);
  else if (options.mode === 'sim' && options.replay === null && options.seed !== 1) words.push('--seed', String(options.seed));
  if (options.only !== null) words.push('--only', options.only.join(','));
  if (options.replay !== null) words.push('--replay', ...options.replay);
  if (options.speed !== 1) words.push('--speed', String(options.speed));
  return ['node dist/main.js', ...words.map(quoted)].join(' ');
}

/** For a shell, where the word needs it. */
function quoted(word: string): string {
  return /^[\w./:,@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
