/**
 * A stream of bytes sealed with a passphrase, and opened again: scrypt to a key of this file's own, then AES-256-GCM chunk by chunk. Called by backup.ts. Bounded memory,
 * and nothing is given out before its chunk was checked. A chunk's number and whether it is the last are part of what is checked, so chunks cannot be cut off,
 * swapped or joined from two files.
 *
 *   header  0  magic   8 bytes   THORBAK1
 *           8  length  u32       of the JSON behind it: the scrypt parameters
 *   chunk   0  length  u32       of the ciphertext, highest bit set on the last chunk
 *           4  ciphertext, then 16 bytes of tag
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt } from 'node:crypto';
import { EngineError } from '../core/numbers/errors.js';

const MAGIC = Buffer.from('THORBAK1');
const CHUNK_BYTES = 1 << 20;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const LAST = 0x8000_0000;
const MOST_HEADER_BYTES = 4096;
/** 64 MiB and some 0.2 s for each guess. */
const COST = { n: 2 ** 16, r: 8, p: 2 } as const;
/** A stranger's file must not take the machine's memory. */
const MOST = { n: 2 ** 18, r: 16, p: 16 } as const;
export const LEAST_PASSPHRASE = 8;

export interface Cost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** @param cost of guessing; tests take less */
export async function* sealed(plain: AsyncIterable<Uint8Array>, passphrase: string, cost: Cost = COST): AsyncGenerator<Buffer> {
  if (passphrase.length < LEAST_PASSPHRASE) throw new EngineError('PASSPHRASE_TOO_SHORT', 'give-up', { least: LEAST_PASSPHRASE });
  const salt = randomBytes(16);
  const header = headerOf({ version: 1, kdf: 'scrypt', ...cost, salt: salt.toString('base64'), cipher: 'aes-256-gcm' });
  const key = await keyOf(passphrase, salt, cost);
  const bound = createHash('sha256').update(header).digest();
  yield header;
  let number = 0;
  const chunk = (bytes: Buffer, isLast: boolean): Buffer => {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number));
    cipher.setAAD(Buffer.concat([bound, nonceOf(number++), Buffer.from([isLast ? 1 : 0])]));
    const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const head = Buffer.alloc(4);
    head.writeUInt32LE((text.length | (isLast ? LAST : 0)) >>> 0);
    return Buffer.concat([head, text, cipher.getAuthTag()]);
  };
  const waiting = new Bytes();
  for await (const bytes of plain) {
    waiting.add(bytes);
    // One byte more than a chunk: whether it is the last one is known only at the end.
    while (waiting.length > CHUNK_BYTES) yield chunk(waiting.take(CHUNK_BYTES), false);
  }
  yield chunk(waiting.take(waiting.length), true);
}

/** Throws EngineError BACKUP_INVALID for a file of another shape or cut short, BACKUP_LOCKED when the passphrase is wrong or a byte was changed. */
export async function* opened(cipherText: AsyncIterable<Uint8Array>, passphrase: string): AsyncGenerator<Buffer> {
  const input = new Input(cipherText);
  const start = await input.need(MAGIC.length + 4);
  const length = start.readUInt32LE(MAGIC.length);
  if (!start.subarray(0, MAGIC.length).equals(MAGIC) || length > MOST_HEADER_BYTES) throw invalid('not a backup of ours');
  const json = await input.need(length);
  const { salt, cost } = parseHeader(json.toString('utf8'));
  const key = await keyOf(passphrase, salt, cost);
  const bound = createHash('sha256')
    .update(Buffer.concat([start, json]))
    .digest();
  for (let number = 0; ; number++) {
    const head = (await input.need(4)).readUInt32LE(0);
    const isLast = (head & LAST) !== 0;
    const size = (head & ~LAST) >>> 0;
    if (size > CHUNK_BYTES) throw invalid('a chunk is larger than any that we write');
    const body = await input.need(size + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.concat([bound, nonceOf(number), Buffer.from([isLast ? 1 : 0])]));
    decipher.setAuthTag(body.subarray(size));
    let plain: Buffer;
    try {
      plain = Buffer.concat([decipher.update(body.subarray(0, size)), decipher.final()]);
    } catch {
      // Which of the two it was cannot be told, and must not be guessed at.
      throw new EngineError('BACKUP_LOCKED', 'give-up', { reason: 'wrong passphrase, or the file was changed', chunk: number });
    }
    yield plain;
    if (!isLast) continue;
    if (await input.hasMore()) throw invalid('there are bytes behind the last chunk');
    return;
  }
}

function headerOf(fields: Readonly<Record<string, string | number>>): Buffer {
  const json = Buffer.from(JSON.stringify(fields));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([MAGIC, length, json]);
}

function parseHeader(text: string): { readonly salt: Buffer; readonly cost: Cost } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('its header is no JSON');
  }
  const { version, kdf, cipher, salt, n, r, p } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const cost = { n: Number(n), r: Number(r), p: Number(p) };
  const isSound = (['n', 'r', 'p'] as const).every((key) => Number.isSafeInteger(cost[key]) && cost[key] > 0 && cost[key] <= MOST[key]);
  if (version !== 1 || kdf !== 'scrypt' || cipher !== 'aes-256-gcm' || typeof salt !== 'string' || !isSound)
    throw invalid('not a backup of a version that this program reads');
  return { salt: Buffer.from(salt, 'base64'), cost };
}

function keyOf(passphrase: string, salt: Buffer, { n, r, p }: Cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, KEY_BYTES, { N: n, r, p, maxmem: 256 * n * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** The key is this file's own, so a counter never repeats under it. */
function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(number, 8);
  return nonce;
}

function invalid(reason: string): EngineError {
  return new EngineError('BACKUP_INVALID', 'give-up', { reason });
}

/** A queue of bytes that are taken in other portions than they came. */
class Bytes {
  length = 0;
  #parts: Buffer[] = [];

  add(bytes: Uint8Array): void {
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.length += bytes.length;
  }

  take(count: number): Buffer {
    const all = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts);
    this.#parts = count < all.length ? [all.subarray(count)] : [];
    this.length -= count;
    return all.subarray(0, count);
  }
}

/** Takes bytes from a stream in the portions that are needed; also used for what is inside. */
export class Input {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #bytes = new Bytes();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async need(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) if (!(await this.#more())) throw invalid('it was cut short');
    return this.#bytes.take(count);
  }

  /** What is there, at most so many bytes, at least one. */
  async some(most: number): Promise<Buffer> {
    if (this.#bytes.length === 0 && !(await this.#more())) throw invalid('it was cut short');
    return this.#bytes.take(Math.min(most, this.#bytes.length));
  }

  async hasMore(): Promise<boolean> {
    return this.#bytes.length > 0 || (await this.#more());
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#bytes.add(next.value);
      return true;
    }
  }
}
