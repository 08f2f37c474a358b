/** `thor config new [FILE] | check FILE | schema`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jsonSchema, parseConfig } from '../config/load.js';
import { UsageError } from '../core/numbers/errors.js';
import { didYouMean } from '../core/numbers/nearest.js';

/** The shipped configuration stands beside `dist`. */
export const SHIPPED_CONFIG = fileURLToPath(new URL('../../thor.yaml', import.meta.url));

const ACTIONS = ['new', 'check', 'schema'];

const count = (n: number, one: string, more: string): string => `${n} ${n === 1 ? one : more}`;

export async function runConfigVerb(
  action: string,
  file: string | undefined,
  flags: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  if (action === 'schema') {
    const schema = jsonSchema() as { readonly properties: Readonly<Record<string, unknown>> };
    const { riskJsonSchema } = await import('../execution/risk/schema.js');
    const whole = { ...schema, properties: { ...schema.properties, risk: riskJsonSchema() } };
    process.stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
    return 0;
  }
  if (action === 'new') {
    const { canCompose, runConfigNew } = await import('./config-new.js');
    if (canCompose(flags)) return runConfigNew(file, flags);
    if (file !== undefined)
      throw new UsageError('config new FILE: nobody to ask here; say --instrument VENUE:SYMBOL, and --set key=value for parameters');
    process.stdout.write(readFileSync(SHIPPED_CONFIG, 'utf8'));
    return 0;
  }
  if (action === 'check') {
    const path = file ?? SHIPPED_CONFIG;
    const { checkConfig, readConfigFile } = await import('./run-config.js');
    const config = await checkConfig(parseConfig(readConfigFile('config check', path), path), path);
    const has = `${count(config.strategies.length, 'strategy', 'strategies')} on ${count(config.venues.length, 'venue', 'venues')}`;
    process.stdout.write(`${path}: fine, ${has}\n`);
    return 0;
  }
  throw new UsageError(`config: '${action}' is not one of ${ACTIONS.join(', ')}${didYouMean(action, ACTIONS)}`);
}
