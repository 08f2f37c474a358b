/**
 * From a reference in the configuration to an account's key: `env:NAME`, `file:PATH`, `keys:NAME`. Called by hosts at start and when keys are rotated. No message
 * made here carries any part of a value: only the reference and what is wrong with its shape.
 */
import { UsageError } from '../core/numbers/errors.js';
import type { Credentials } from '../core/ports/private-events.js';

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Content and permission bits of a file; throws when there is none. */
  readFile(path: string): { readonly text: string; readonly mode: number };
  /** An entry of the encrypted key file; null when it has none of this name. */
  keyEntry(name: string): Credentials | null;
}

/** Bits of a file's mode that let others in. */
const OTHERS = 0o077;

/**
 * `env:NAME` reads `NAME` (one value with all parts), or `NAME_API_KEY`, `NAME_SECRET` and, where the venue has one, `NAME_PASSPHRASE`.
 * One value is JSON (`{"apiKey":"...","secret":"..."}`) or `apiKey:secret[:passphrase]`.
 * @param what for the message: whose keys these are
 */
export function credentialsOf(reference: string, what: string, sources: SecretSources): Credentials {
  const [kind = '', ...rest] = reference.split(':');
  const name = rest.join(':');
  switch (kind) {
    case 'env':
      return fromEnvironment(name, what, sources.env);
    case 'file':
      return parse(secretFile(name, what, sources), `${what}: file:${name}`);
    case 'keys': {
      const entry = sources.keyEntry(name);
      if (entry === null) throw new UsageError(`${what}: the key file has no entry '${name}' (add it with: keys add ${name})`);
      return entry;
    }
    default:
      throw new UsageError(`${what}: expected a reference env:NAME, file:PATH or keys:NAME, never the key itself`);
  }
}

/** One secret text, for references that name no account: a database's URL, a passphrase. */
export function secretText(reference: string, what: string, sources: Omit<SecretSources, 'keyEntry'>): string {
  const [kind = '', ...rest] = reference.split(':');
  const name = rest.join(':');
  if (kind === 'env') {
    const value = sources.env[name];
    if (value === undefined || value === '') throw new UsageError(`${what}: the environment variable ${name} is not set`);
    return value;
  }
  if (kind === 'file') return secretFile(name, what, sources).trim();
  throw new UsageError(`${what}: expected a reference env:NAME or file:PATH, never the value itself`);
}

function fromEnvironment(name: string, what: string, env: SecretSources['env']): Credentials {
  const whole = env[name];
  if (whole !== undefined && whole !== '') return parse(whole, `${what}: env:${name}`);
  const apiKey = env[`${name}_API_KEY`];
  const secret = env[`${name}_SECRET`] ?? env[`${name}_API_SECRET`];
  if (apiKey === undefined || apiKey === '' || secret === undefined || secret === '') {
    throw new UsageError(`${what}: neither the environment variable ${name} nor ${name}_API_KEY with ${name}_SECRET is set`);
  }
  const passphrase = env[`${name}_PASSPHRASE`];
  return { apiKey, secret, ...(passphrase === undefined ? {} : { passphrase }) };
}

function secretFile(path: string, what: string, sources: Pick<SecretSources, 'readFile'>): string {
  let file: { readonly text: string; readonly mode: number };
  try {
    file = sources.readFile(path);
  } catch (error) {
    throw new UsageError(`${what}: file:${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  if ((file.mode & OTHERS) !== 0) throw new UsageError(`${what}: file:${path} may be read by others; chmod 600 it first`);
  return file.text;
}

/** @param where named in messages; the text itself never is */
function parse(text: string, where: string): Credentials {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return fromJson(trimmed, where);
  const [apiKey = '', secret = '', passphrase] = trimmed.split(':');
  if (apiKey === '' || secret === '') throw new UsageError(`${where}: expected JSON with apiKey and secret, or apiKey:secret`);
  return { apiKey, secret, ...(passphrase === undefined ? {} : { passphrase }) };
}

function fromJson(text: string, where: string): Credentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would print a piece of the text.
    throw new UsageError(`${where}: is not readable as JSON`);
  }
  const { apiKey, secret, passphrase } = (value ?? {}) as Partial<Record<'apiKey' | 'secret' | 'passphrase', unknown>>;
  if (typeof apiKey !== 'string' || typeof secret !== 'string' || apiKey === '' || secret === '') {
    throw new UsageError(`${where}: expected texts apiKey and secret`);
  }
  return { apiKey, secret, ...(typeof passphrase === 'string' ? { passphrase } : {}) };
}
