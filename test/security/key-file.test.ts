/** The encrypted key file: sealed and opened, and closed to everything else. */
import { describe, expect, it } from 'vitest';
import { openKeys, sealKeys } from '../../src/security/key-file.js';

const CHEAP = { n: 2 ** 10, r: 8, p: 1 };
const ENTRIES = { main: { apiKey: 'the-key', secret: 'the-secret', addedUs: 1 } };
const PASSPHRASE = 'correct horse battery';

describe('key file', () => {
  it('gives back what was put in, and shows none of it', async () => {
    const text = await sealKeys(ENTRIES, PASSPHRASE, CHEAP);
    expect(await openKeys(text, PASSPHRASE)).toEqual(ENTRIES);
    for (const word of ['the-key', 'the-secret', 'main']) expect(text).not.toContain(word);
    expect(await sealKeys(ENTRIES, PASSPHRASE, CHEAP)).not.toBe(text);
  });

  it('does not open with another passphrase, nor after any change of its content or its parameters', async () => {
    const text = await sealKeys(ENTRIES, PASSPHRASE, CHEAP);
    await expect(openKeys(text, 'correct horse batterz')).rejects.toThrow('KEY_FILE_LOCKED');
    const sealed = JSON.parse(text) as Record<string, unknown> & { kdf: Record<string, unknown> };
    for (const key of ['iv', 'tag', 'data']) {
      const bytes = Buffer.from(String(sealed[key]), 'base64');
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      await expect(openKeys(JSON.stringify({ ...sealed, [key]: bytes.toString('base64') }), PASSPHRASE)).rejects.toThrow('KEY_FILE_LOCKED');
    }
    await expect(openKeys(JSON.stringify({ ...sealed, kdf: { ...sealed.kdf, p: 2 } }), PASSPHRASE)).rejects.toThrow('KEY_FILE_LOCKED');
  });

  it('refuses files of another shape, and parameters that would take the whole memory', async () => {
    const sealed = JSON.parse(await sealKeys(ENTRIES, PASSPHRASE, CHEAP)) as { kdf: Record<string, unknown> };
    for (const text of ['', '{}', 'x', '[]', JSON.stringify({ ...sealed, version: 2 })]) {
      await expect(openKeys(text, PASSPHRASE)).rejects.toThrow('KEY_FILE_INVALID');
    }
    await expect(openKeys(JSON.stringify({ ...sealed, kdf: { ...sealed.kdf, n: 2 ** 30 } }), PASSPHRASE)).rejects.toThrow(
      'KEY_FILE_INVALID',
    );
  });

  it('takes no short passphrase', async () => {
    await expect(sealKeys(ENTRIES, 'short', CHEAP)).rejects.toThrow('PASSPHRASE_TOO_SHORT');
  });
});
