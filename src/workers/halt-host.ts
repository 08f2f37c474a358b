/** `thor halt`: the kill switch from a terminal. Speaks to the running engine over its page's API; the token is in the data directory, which only its owner can read. */
import { UsageError, messageOf } from '../core/numbers/errors.js';
import { TRADING_LEVELS } from '../monitoring/admin.js';
import { TOKEN_HEADER } from '../monitoring/web-guard.js';
import { readRunFile } from '../storage/data-dir.js';
import { oneOf } from './trade-options.js';

const WITHIN_MS = 5_000;

export async function runHaltVerb(flags: Readonly<Record<string, unknown>>): Promise<number> {
  const url = String(flags['url']);
  if (!URL.canParse(url)) throw new UsageError(`--url: expected an address like http://127.0.0.1:9464, was '${url}'`);
  const level = oneOf('--level', String(flags['level']), TRADING_LEVELS);
  try {
    const data = typeof flags['data'] === 'string' ? flags['data'] : await dataDirOf(url);
    const token = readRunFile(data)?.token;
    if (token === undefined)
      throw new Error(`${data}/run.json has no token, or is not yours to read: give the data directory of this engine with --data`);
    const answer = await fetch(new URL('/api/v1/halt', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', [TOKEN_HEADER]: token },
      body: JSON.stringify({ level, cancel: flags['cancel'] === true }),
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    const said = (await answer.json()) as { readonly message?: string; readonly ordersOpen?: number };
    if (!answer.ok) throw new Error(said.message ?? `answered ${answer.status}`);
    if (flags['json'] === true) process.stdout.write(`${JSON.stringify(said)}\n`);
    else
      process.stdout.write(
        `trading is ${level}${flags['cancel'] === true ? `; ${said.ordersOpen ?? 0} open orders are asked back` : ''}\n`,
      );
    return 0;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    process.stderr.write(`thor: ${url} was not told: ${messageOf(cause)}\n`);
    return 1;
  }
}

async function dataDirOf(url: string): Promise<string> {
  const answer = await fetch(new URL('/api/v1/status', url), { signal: AbortSignal.timeout(WITHIN_MS) });
  const { dataDir } = (await answer.json()) as { readonly dataDir?: string };
  if (dataDir === undefined) throw new Error('it is no engine of ours');
  return dataDir;
}
