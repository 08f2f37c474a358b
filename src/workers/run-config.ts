/** From configuration and flags to the entries that this run trades, each checked against its strategy's own parameters. Main thread, at start. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { parseConfig, printConfig } from '../config/load.js';
import { VENUE_IDS, type ThorConfig } from '../config/schema.js';
import { UsageError, messageOf } from '../core/numbers/errors.js';
import { didYouMean } from '../core/numbers/nearest.js';
import { venueOf, type Instrument } from '../core/orders/instrument.js';
import type { Params, StrategyDefinition } from '../core/ports/strategy.js';
import { parseRisk } from '../execution/risk/schema.js';
import type { KeptParams } from '../storage/kept-params.js';
import { isPath, loadStrategy } from '../strategies/load.js';
import { checkParams } from '../strategies/params.js';
import { SHIPPED_CONFIG } from './config-host.js';
import type { TradeOptions } from './trade-options.js';

/** An entry that runs; plain data, so that it crosses to the lane, which loads the definition again by kind. */
export interface StrategyPlan {
  readonly name: string;
  /** Built-in kind or path. */
  readonly source: string;
  readonly kind: string;
  readonly pnlKind: 'grid' | 'arb' | 'other';
  readonly instruments: readonly string[];
  readonly params: Params;
  /** What the file says, where an earlier run's change of parameters is the newer word. */
  readonly file?: Params;
  /** Changes that can be taken back. */
  readonly changes?: KeptParams['changes'];
  readonly levelStates: readonly string[];
}

export interface RunConfig {
  readonly config: ThorConfig;
  readonly file: string;
  /** What relative paths of strategy files are relative to. */
  readonly directory: string;
  readonly hash: string;
  readonly entries: readonly StrategyPlan[];
  /** Venue ids in the order of the configuration, restricted by --only. */
  readonly venues: readonly string[];
  /** What was left out and why, for the person. */
  readonly notes: readonly string[];
  readonly text: string;
}

/** Longest name of an entry that the schema takes. */
const NAME_LETTERS = 32;

/** Reads and checks everything that can be checked without a venue. Throws UsageError. */
export async function readRunConfig(options: TradeOptions): Promise<RunConfig> {
  if (options.config === null && options.mode !== 'sim')
    throw new UsageError(`--mode ${options.mode} needs --config FILE: the shipped thor.yaml is for mode sim`);
  const file = options.config ?? SHIPPED_CONFIG;
  const text = readConfigFile('--config', file);
  const config = parseConfig(text, file);
  checkRisk(config, file);
  const directory = options.config === null ? process.cwd() : dirname(resolve(file));
  const notes: string[] = [];
  const venues = chosenVenues(config, options, file);
  const chosen = chosenEntries(config, options.strategies, venues);
  const entries: StrategyPlan[] = [];
  for (const entry of chosen) {
    const definition = await loadStrategy(entry.kind, directory);
    const outside = entry.instruments.filter((id) => !venues.includes(venueOf(id)));
    for (const id of outside)
      if (!config.venues.some((venue) => venue.id === venueOf(id))) throw unknownVenue(file, entry.name, id, config);
    const instruments = entry.instruments.filter((id) => !outside.includes(id));
    checkCount(file, entry.name, entry.instruments, definition);
    if (instruments.length < definition.instruments.min) {
      notes.push(`${entry.name} left out: ${outside.join(', ')} ${outside.length === 1 ? 'is' : 'are'} not among the venues of this run`);
      continue;
    }
    const params = checkParams(entry.name, definition, entry.params);
    definition.checkTogether?.(entry.name, params);
    entries.push({
      name: entry.name,
      source: entry.kind,
      kind: definition.kind,
      pnlKind: definition.pnlKind,
      instruments,
      params,
      levelStates: definition.levelStates ?? [],
    });
  }
  if (entries.length === 0) throw new UsageError(notes[0] ?? `${file}: no strategy to run`);
  return { config, file, directory, hash: createHash('sha256').update(text).digest('hex').slice(0, 16), entries, venues, notes, text };
}

/** @param flag what named the file */
export function readConfigFile(flag: string, file: string): string {
  if (!existsSync(file)) throw new UsageError(`${flag}: ${file}: no such file`);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag}: ${file}: ${messageOf(error)}`);
  }
}

/** The limits are parsed again where they are enforced; here a mistake is said before anything starts. */
function checkRisk(config: ThorConfig, file: string): void {
  try {
    parseRisk(config.risk);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${file}: ${error.message}`) : error;
  }
}

function chosenVenues(config: ThorConfig, options: TradeOptions, file: string): string[] {
  const ids = knownVenues(config, file);
  if (options.only === null) return ids;
  for (const id of options.only) {
    if (ids.includes(id)) continue;
    throw new UsageError(`--only: '${id}' is not a venue of ${file} (${ids.join(', ')})${didYouMean(id, ids)}`);
  }
  return ids.filter((id) => options.only?.includes(id) ?? true);
}

function knownVenues(config: ThorConfig, file: string): string[] {
  const ids = config.venues.map((venue) => venue.id);
  for (const [index, id] of ids.entries()) {
    if ((VENUE_IDS as readonly string[]).includes(id)) continue;
    throw new UsageError(`${file}: venues.${index}.id: was '${id}', expected one of ${VENUE_IDS.join(', ')}${didYouMean(id, VENUE_IDS)}`);
  }
  return ids;
}

function unknownVenue(file: string, entry: string, id: string, config: ThorConfig): UsageError {
  const ids = config.venues.map((venue) => venue.id);
  return new UsageError(
    `${file}: strategies.${entry}.instruments: '${id}' is at no venue of the configuration${didYouMean(venueOf(id), ids)}`,
  );
}

function chosenEntries(config: ThorConfig, words: readonly string[] | null, venues: readonly string[]): ThorConfig['strategies'] {
  if (words === null) return config.strategies;
  const chosen: ThorConfig['strategies'] = [];
  for (const word of words) {
    const found = config.strategies.filter((entry) => entry.name === word || entry.kind === word);
    if (found.length > 0) chosen.push(...found.filter((entry) => !chosen.includes(entry)));
    else if (isPath(word)) {
      const path = resolve(word);
      if (chosen.some((entry) => entry.kind === path)) continue;
      const taken = [...config.strategies, ...chosen].map((entry) => entry.name);
      chosen.push(pathEntry(path, config, venues, taken));
    } else {
      const known = [...new Set(config.strategies.flatMap((entry) => [entry.name, entry.kind]))];
      throw new UsageError(`--strategies: no entry is named '${word}' or of that kind (${known.join(', ')})${didYouMean(word, known)}`);
    }
  }
  return chosen;
}

/** A strategy file without an entry trades the first instrument of the configuration that this run can reach, with its own defaults. */
function pathEntry(
  path: string,
  config: ThorConfig,
  venues: readonly string[],
  taken: readonly string[],
): ThorConfig['strategies'][number] {
  const stem = basename(path, extname(path))
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '');
  const all = config.strategies.flatMap((entry) => entry.instruments);
  const instrument = all.find((id) => venues.includes(venueOf(id))) ?? all[0] ?? '';
  return { name: freeName(stem === '' ? 'custom' : stem, taken), kind: path, instruments: [instrument], params: {} };
}

/** Orders, levels and profit are kept by strategy name: no two entries may share one. */
function freeName(stem: string, taken: readonly string[]): string {
  let name = stem.slice(0, NAME_LETTERS);
  for (let count = 2; taken.includes(name); count++) name = `${stem.slice(0, NAME_LETTERS - 1 - String(count).length)}-${count}`;
  return name;
}

/** `config check`: everything that needs no venue. */
export async function checkConfig(config: ThorConfig, file: string): Promise<ThorConfig> {
  knownVenues(config, file);
  checkRisk(config, file);
  for (const entry of config.strategies) {
    const definition = await loadStrategy(entry.kind, dirname(resolve(file)));
    checkCount(file, entry.name, entry.instruments, definition);
    const params = checkParams(entry.name, definition, entry.params);
    definition.checkTogether?.(entry.name, params);
    for (const id of entry.instruments)
      if (!config.venues.some((venue) => venue.id === venueOf(id))) throw unknownVenue(file, entry.name, id, config);
  }
  return config;
}

function checkCount(
  file: string,
  name: string,
  { length }: readonly string[],
  { kind, instruments: { min, max } }: StrategyDefinition,
): void {
  if (length >= min && length <= max) return;
  const limit = length < min ? `at least ${min}` : `at most ${max}`;
  throw new UsageError(`${file}: strategies.${name}.instruments: ${kind} takes ${limit}, was ${length}`);
}

/** Most grids made from a recording's own instruments. */
const REPLAY_GRIDS = 8;
/** What such a grid invests, by quote asset: some ten thousand dollars. */
const REPLAY_INVESTMENT: Readonly<Record<string, string>> = { BTC: '0.2', XBT: '0.2', ETH: '4', BNB: '15' };
const REPLAY_INVESTMENT_ELSE = '10000';

/**
 * A replay trades what was recorded: entries whose instruments are in it stay as they are. Where a kind has none left and no configuration was given, entries of
 * that kind are made from the recorded instruments: grids with the default parameters, arbitrage with the shipped ones.
 */
export async function fitToReplay(run: RunConfig, recorded: readonly Instrument[], isShipped: boolean): Promise<RunConfig> {
  const ids = recorded.map((instrument) => instrument.id);
  const notes = [...run.notes];
  const entries: StrategyPlan[] = [];
  for (const entry of run.entries) {
    const definition = await loadStrategy(entry.source, run.directory);
    const instruments = entry.instruments.filter((id) => ids.includes(id));
    if (instruments.length >= definition.instruments.min) entries.push({ ...entry, instruments });
    else notes.push(`${entry.name} left out: ${entry.instruments.filter((id) => !ids.includes(id)).join(', ')} not in the recording`);
  }
  if (isShipped) {
    const grid = run.entries.find((entry) => entry.kind === 'grid');
    if (grid !== undefined && !entries.some((entry) => entry.kind === 'grid')) {
      const definition = await loadStrategy(grid.source, run.directory);
      for (const instrument of recorded.slice(0, REPLAY_GRIDS)) {
        const name = nameOf('grid', instrument.id, entries);
        const investment = REPLAY_INVESTMENT[instrument.quote] ?? REPLAY_INVESTMENT_ELSE;
        entries.push({ ...grid, name, instruments: [instrument.id], params: checkParams(name, definition, { investment }) });
        notes.push(`${name}: a grid of ${investment} ${instrument.quote} on ${instrument.id}, its step from the fees`);
      }
    }
    const arb = run.entries.find((entry) => entry.kind === 'arb');
    if (arb !== undefined && !entries.some((entry) => entry.kind === 'arb')) {
      const { max } = (await loadStrategy(arb.source, run.directory)).instruments;
      for (const base of new Set(recorded.map((instrument) => instrument.base))) {
        const same = recorded
          .filter((instrument) => instrument.base === base && instrument.kind !== 'quanto')
          .map((instrument) => instrument.id)
          .slice(0, max);
        if (same.length < 2) continue;
        entries.push({ ...arb, name: nameOf('arb', base, entries), instruments: same });
        notes.push(`arb on ${same.join(', ')}, with the parameters of ${arb.name}`);
      }
    }
  }
  if (entries.length === 0) throw new UsageError(`no strategy trades an instrument of this recording (${ids.join(', ')})`);
  return { ...run, entries, notes };
}

function nameOf(kind: string, id: string, entries: readonly StrategyPlan[]): string {
  return freeName(
    `${kind}-${id.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`,
    entries.map((entry) => entry.name),
  );
}

/** `--print-config`. @param given names of the flags that a person gave; the others are defaults */
export function printRunConfig(run: RunConfig, flags: Readonly<Record<string, unknown>>, given: readonly string[]): string {
  const { port, printConfig: _, ...rest } = flags;
  // The port has a place in the file.
  const all = typeof port === 'string' ? { ...rest, 'server.port': Number(port) } : rest;
  return `${[`# ${run.file}`, ...printConfig(run.config, run.text, all, given)].join('\n')}\n`;
}
