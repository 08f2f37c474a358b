/**
 * The encrypted key file: API keys by name, sealed whole with a passphrase (scrypt, AES-256-GCM). Called by the verb `keys` and by hosts at start. What is
 * written is JSON that names its own parameters, so that stronger ones can follow; a changed byte anywhere is noticed.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { EngineError } from '../core/numbers/errors.js';
import type { Credentials } from '../core/ports/private-events.js';

export interface KeyEntry extends Credentials {
  readonly addedUs: number;
  /** Of the key before, when this one replaced it. */
  readonly rotatedUs?: number;
}

export type KeyEntries = Readonly<Record<string, KeyEntry>>;

interface Sealed {
  readonly version: 1;
  readonly kdf: { readonly name: 'scrypt'; readonly n: number; readonly r: number; readonly p: number; readonly salt: string };
  readonly cipher: 'aes-256-gcm';
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
}

/** 64 MiB and some 0.2 s for a guess (OWASP's scrypt parameters of 2025: N = 2^16 with r = 8, p = 2 or more costly). */
const COST = { n: 2 ** 16, r: 8, p: 2 } as const;
/** Files that ask for more are refused: they would let a stranger's file take the machine's memory. */
const MOST = { n: 2 ** 18, r: 16, p: 16 } as const;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const SALT_BYTES = 16;
export const LEAST_PASSPHRASE = 8;

/** @param cost of guessing; tests take less */
export async function sealKeys(entries: KeyEntries, passphrase: string, cost: { n: number; r: number; p: number } = COST): Promise<string> {
  if (passphrase.length < LEAST_PASSPHRASE) throw new EngineError('PASSPHRASE_TOO_SHORT', 'give-up', { least: LEAST_PASSPHRASE });
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const head = { version: 1, kdf: { name: 'scrypt', ...cost, salt: salt.toString('base64') }, cipher: 'aes-256-gcm' } as const;
  const cipher = createCipheriv('aes-256-gcm', await keyOf(passphrase, salt, cost), iv);
  cipher.setAAD(Buffer.from(JSON.stringify(head)));
  const data = Buffer.concat([cipher.update(JSON.stringify(entries), 'utf8'), cipher.final()]);
  const sealed: Sealed = { ...head, iv: iv.toString('base64'), tag: cipher.getAuthTag().toString('base64'), data: data.toString('base64') };
  return `${JSON.stringify(sealed, null, 2)}\n`;
}

/** Throws EngineError `KEY_FILE_INVALID` for a file of another shape, `KEY_FILE_LOCKED` when the passphrase is wrong or a byte was changed. */
export async function openKeys(text: string, passphrase: string): Promise<KeyEntries> {
  const sealed = sealedOf(text);
  const { name, n, r, p, salt } = sealed.kdf;
  const head = { version: sealed.version, kdf: { name, n, r, p, salt }, cipher: sealed.cipher };
  try {
    const key = await keyOf(passphrase, Buffer.from(salt, 'base64'), { n, r, p });
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.iv, 'base64'), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(JSON.stringify(head)));
    decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
    const data = Buffer.concat([decipher.update(Buffer.from(sealed.data, 'base64')), decipher.final()]);
    return JSON.parse(data.toString('utf8')) as KeyEntries;
  } catch {
    // Which of the two it was cannot be told, and must not be guessed at.
    throw new EngineError('KEY_FILE_LOCKED', 'give-up', { reason: 'wrong passphrase, or the file was changed' });
  }
}

function sealedOf(text: string): Sealed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EngineError('KEY_FILE_INVALID', 'give-up', { reason: 'not JSON' });
  }
  const { version, kdf, cipher, iv, tag, data } = (value ?? {}) as Partial<Sealed>;
  const isSound =
    version === 1 &&
    cipher === 'aes-256-gcm' &&
    kdf?.name === 'scrypt' &&
    typeof kdf.salt === 'string' &&
    [iv, tag, data].every((one) => typeof one === 'string') &&
    (['n', 'r', 'p'] as const).every((key) => Number.isSafeInteger(kdf[key]) && kdf[key] > 0 && kdf[key] <= MOST[key]);
  if (!isSound) throw new EngineError('KEY_FILE_INVALID', 'give-up', { reason: 'not a key file of a version that this program reads' });
  return value as Sealed;
}

function keyOf(passphrase: string, salt: Buffer, { n, r, p }: { n: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, KEY_BYTES, { N: n, r, p, maxmem: 256 * n * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
