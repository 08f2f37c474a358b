/** Parameters that were changed while an earlier run traded, put into the entries of the run to come. Main thread, at start. */
import { messageOf } from '../core/numbers/errors.js';
import type { KeptParams } from '../storage/kept-params.js';
import { loadStrategy } from '../strategies/load.js';
import { checkParams } from '../strategies/params.js';
import { differenceText, isSame } from './params-desk.js';
import type { RunConfig, StrategyPlan } from './run-config.js';

/**
 * The journal's parameters are newer than the file's unless the file says something else by now than it did when they were changed: then somebody edited it since, and
 * the file is the newer word. Parameters that this version refuses are not used either. Each case is said.
 */
export async function withKeptParams(run: RunConfig, kept: readonly KeptParams[]): Promise<RunConfig> {
  const notes = [...run.notes];
  const entries: StrategyPlan[] = [];
  for (const entry of run.entries) {
    const found = kept.find((one) => one.strategy === entry.name && one.kind === entry.kind);
    entries.push(found === undefined ? entry : await taken(entry, found, run.directory, notes));
  }
  return { ...run, entries, notes };
}

async function taken(entry: StrategyPlan, kept: KeptParams, directory: string, notes: string[]): Promise<StrategyPlan> {
  const { name, params: file } = entry;
  if (isSame(kept.values, file)) return { ...entry, file, changes: kept.changes };
  const at = new Date(kept.setUs / 1000).toISOString();
  const definition = await loadStrategy(entry.source, directory);
  try {
    // A version that knows more parameters gives them their defaults on both sides.
    const before = checkParams(name, definition, kept.file);
    if (!isSame(before, file)) {
      notes.push(
        `${name}: the file was edited since its parameters were changed while it ran (${at}): the file's are used (${differenceText(before, file)})`,
      );
      return entry;
    }
    const params = checkParams(name, definition, kept.values);
    notes.push(`${name}: runs as changed at ${at}: ${differenceText(file, params)}; edit the file or roll back to end this`);
    return { ...entry, params, file, changes: kept.changes };
  } catch (error) {
    notes.push(`${name}: what was changed at ${at} does not work with this version: the file's parameters are used (${messageOf(error)})`);
    return entry;
  }
}
