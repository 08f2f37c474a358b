/** `thor keys add|list|rotate|remove NAME`: the encrypted key file. Secrets come from a prompt that shows nothing, from standard input, or by reference; never from a flag. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from '../core/numbers/errors.js';
import { didYouMean } from '../core/numbers/nearest.js';
import type { Credentials } from '../core/ports/private-events.js';
import { credentialsOf, type SecretSources } from '../security/credentials.js';
import { LEAST_PASSPHRASE, openKeys, sealKeys, type KeyEntries, type KeyEntry } from '../security/key-file.js';
import { realWallUs } from './clock.js';

const ACTIONS = ['add', 'list', 'rotate', 'remove'];
const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
export const DEFAULT_KEY_FILE = './thor-keys.json';
/** Holds the passphrase where nobody can be asked. */
const PASSPHRASE_VARIABLE = 'THOR_KEYS_PASSPHRASE';

export async function runKeysVerb(action: string, name: string | undefined, flags: Readonly<Record<string, unknown>>): Promise<number> {
  if (!ACTIONS.includes(action))
    throw new UsageError(`keys: '${action}' is not one of ${ACTIONS.join(', ')}${didYouMean(action, ACTIONS)}`);
  const file = resolve(typeof flags['file'] === 'string' ? flags['file'] : DEFAULT_KEY_FILE);
  const isThere = existsSync(file);
  if (!isThere && action !== 'add') throw new UsageError(`keys ${action}: ${file}: no such file; 'keys add NAME' makes it`);
  if (action !== 'list' && (name === undefined || !NAME.test(name))) {
    throw new UsageError(`keys ${action}: expected a name of small letters, digits and hyphens, at most 32`);
  }
  const asker = new Asker();
  try {
    const passphrase = await passphraseOf(asker, !isThere);
    const entries = isThere ? await openKeys(readFileSync(file, 'utf8'), passphrase) : {};
    if (action === 'list') {
      for (const [key, entry] of Object.entries(entries)) process.stdout.write(`${describe(key, entry)}\n`);
      if (Object.keys(entries).length === 0) process.stdout.write('no keys\n');
      return 0;
    }
    const next = await changed(action, name ?? '', entries, flags, asker);
    await replaceSecretly(file, await sealKeys(next, passphrase));
    process.stdout.write(`${file}: ${String(name)} ${action === 'add' ? 'added' : action === 'rotate' ? 'rotated' : 'removed'}\n`);
    return 0;
  } finally {
    asker.close();
  }
}

/** The entries of a key file for the run's references. Asks for the passphrase only where a person is there to answer. */
export async function readKeyFile(file: string): Promise<KeyEntries> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`keys: ${path}: no such file; 'keys add NAME' makes it`);
  const asker = new Asker();
  try {
    return await openKeys(readFileSync(path, 'utf8'), await passphraseOf(asker, false));
  } finally {
    asker.close();
  }
}

export function readSecretFile(path: string): { text: string; mode: number } {
  return { text: readFileSync(path, 'utf8'), mode: process.platform === 'win32' ? 0 : statSync(path).mode & 0o777 };
}

async function changed(
  action: string,
  name: string,
  entries: KeyEntries,
  flags: Readonly<Record<string, unknown>>,
  asker: Asker,
): Promise<KeyEntries> {
  const known = entries[name];
  if (action === 'add' && known !== undefined)
    throw new UsageError(`keys add: '${name}' is there already; 'keys rotate ${name}' replaces it`);
  if (action !== 'add' && known === undefined)
    throw new UsageError(`keys ${action}: no entry '${name}'${didYouMean(name, Object.keys(entries))}`);
  if (action === 'remove') return Object.fromEntries(Object.entries(entries).filter(([key]) => key !== name));
  const credentials = await newCredentials(name, flags, asker);
  const nowUs = realWallUs();
  const entry: KeyEntry =
    known === undefined ? { ...credentials, addedUs: nowUs } : { ...credentials, addedUs: known.addedUs, rotatedUs: nowUs };
  return { ...entries, [name]: entry };
}

async function newCredentials(name: string, flags: Readonly<Record<string, unknown>>, asker: Asker): Promise<Credentials> {
  if (typeof flags['from'] === 'string') {
    const sources: SecretSources = { env: process.env, readFile: readSecretFile, keyEntry: () => null };
    return credentialsOf(flags['from'], `keys ${name}`, sources);
  }
  const apiKey = await asker.ask('API key: ');
  const secret = await asker.ask('secret: ');
  const passphrase = await asker.ask('passphrase of the key, empty when the venue has none: ');
  if (apiKey === '' || secret === '') throw new UsageError('keys: an API key and its secret are needed');
  return { apiKey, secret, ...(passphrase === '' ? {} : { passphrase }) };
}

async function passphraseOf(asker: Asker, isNew: boolean): Promise<string> {
  const given = process.env[PASSPHRASE_VARIABLE];
  const passphrase = given ?? (await asker.ask('passphrase of the key file: '));
  if (!isNew) return passphrase;
  if (passphrase.length < LEAST_PASSPHRASE) throw new UsageError(`keys: the passphrase must have at least ${LEAST_PASSPHRASE} characters`);
  if (given === undefined && (await asker.ask('the same again: ')) !== passphrase) throw new UsageError('keys: the two passphrases differ');
  return passphrase;
}

function date(us: number): string {
  return new Date(us / 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** No part of a secret, not even its first letters. */
function describe(name: string, entry: KeyEntry): string {
  return `${name.padEnd(32)} added ${date(entry.addedUs)}${entry.rotatedUs === undefined ? '' : `, rotated ${date(entry.rotatedUs)}`}`;
}

/** Readers see the old file or the new one; nobody else may read either. */
async function replaceSecretly(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}.new`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}

/** One line after the other: typed blindly at a terminal, or piped in. */
class Asker {
  #lines: AsyncIterator<string> | null = null;
  #close: () => void = () => undefined;

  async ask(question: string): Promise<string> {
    if (process.stdin.isTTY) process.stderr.write(question);
    this.#lines ??= this.#open();
    const { value, done } = await this.#lines.next();
    if (process.stdin.isTTY) process.stderr.write('\n');
    if (done === true)
      throw new UsageError(
        `keys: nothing more on standard input; ${question.replace(/: $/, '')} is needed (or set ${PASSPHRASE_VARIABLE})`,
      );
    return value;
  }

  close(): void {
    this.#close();
  }

  #open(): AsyncIterator<string> {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: process.stdin, output: silent, terminal: process.stdin.isTTY });
    lines.on('SIGINT', () => process.exit(130));
    this.#close = () => lines.close();
    return lines[Symbol.asyncIterator]();
  }
}
