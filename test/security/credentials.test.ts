/** Keys by reference: where they come from, and that no message shows them. */
import { describe, expect, it } from 'vitest';
import { credentialsOf, secretText, type SecretSources } from '../../src/security/credentials.js';

const SECRET = 's3cr3t-do-not-show';

function sources(change: Partial<SecretSources> = {}): SecretSources {
  return {
    env: {},
    readFile: () => {
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
    keyEntry: () => null,
    ...change,
  };
}

const of = (reference: string, change: Partial<SecretSources>) => credentialsOf(reference, 'keys of okx', sources(change));

describe('credentials', () => {
  it('come from one variable, from two, from a file, from the key file', () => {
    const wanted = { apiKey: 'key', secret: SECRET };
    expect(of('env:A', { env: { A: `key:${SECRET}` } })).toEqual(wanted);
    expect(of('env:A', { env: { A: `{"apiKey":"key","secret":"${SECRET}","passphrase":"p"}` } })).toEqual({ ...wanted, passphrase: 'p' });
    expect(of('env:A', { env: { A_API_KEY: 'key', A_SECRET: SECRET } })).toEqual(wanted);
    expect(of('file:/k', { readFile: () => ({ text: `key:${SECRET}\n`, mode: 0o600 }) })).toEqual(wanted);
    expect(of('keys:main', { keyEntry: (name) => (name === 'main' ? wanted : null) })).toEqual(wanted);
  });

  it('B18: a message about a bad reference names the reference and never the value', () => {
    const bad: [string, Partial<SecretSources>][] = [
      ['env:A', {}],
      ['env:A', { env: { A: SECRET } }],
      ['env:A', { env: { A: `{"apiKey":"${SECRET}"` } }],
      ['env:A', { env: { A: `{"apiKey":"${SECRET}","secret":7}` } }],
      ['env:A', { env: { A_API_KEY: SECRET } }],
      ['file:/k', {}],
      ['file:/k', { readFile: () => ({ text: SECRET, mode: 0o600 }) }],
      ['keys:main', {}],
      [SECRET, {}],
    ];
    for (const [reference, change] of bad) {
      let message = '';
      try {
        of(reference, change);
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain('keys of okx');
      expect(message).not.toContain(SECRET);
    }
  });

  it('refuse a file that others may read', () => {
    for (const mode of [0o644, 0o640, 0o602]) {
      expect(() => of('file:/k', { readFile: () => ({ text: `key:${SECRET}`, mode }) })).toThrow(/chmod 600/);
    }
  });

  it('single secrets come the same way', () => {
    expect(secretText('env:URL', 'mongo', sources({ env: { URL: 'mongodb://x' } }))).toBe('mongodb://x');
    expect(() => secretText('env:URL', 'mongo', sources())).toThrow('mongo: the environment variable URL is not set');
    expect(() => secretText('mongodb://user:pw@x', 'mongo', sources())).toThrow(/never the value itself/);
    expect(() => secretText('mongodb://user:pw@x', 'mongo', sources())).not.toThrow(/pw/);
  });
});
