import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hmacSha256, isSignedBy, publicSigningKey, sameText } from '../../../src/venue-sim/venues/signing.js';

describe('signatures of requests', () => {
  it('agrees with the example of the Binance documents', () => {
    const secret = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';
    const text = 'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559';
    expect(hmacSha256(secret, text, 'hex')).toBe('c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71');
  });

  it('takes an HMAC in hex of either case and in base64, and refuses any other text, secret or length', () => {
    const key = { kind: 'hmac', secret: 's' } as const;
    const hex = hmacSha256('s', 'a=1', 'hex');
    expect(isSignedBy(key, 'a=1', hex, 'hex')).toBe(true);
    expect(isSignedBy(key, 'a=1', hex.toUpperCase(), 'hex')).toBe(true);
    expect(isSignedBy(key, 'a=1', hmacSha256('s', 'a=1', 'base64'), 'base64')).toBe(true);
    expect(isSignedBy(key, 'a=2', hex, 'hex')).toBe(false);
    expect(isSignedBy({ kind: 'hmac', secret: 't' }, 'a=1', hex, 'hex')).toBe(false);
    expect(isSignedBy(key, 'a=1', hex.slice(1), 'hex')).toBe(false);
    expect(isSignedBy(key, 'a=1', '', 'hex')).toBe(false);
  });

  it.each(['ed25519', 'rsa'] as const)('takes what the private half of a registered %s key signed, and nothing else', (kind) => {
    const pair = kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2_048 }) : generateKeyPairSync('ed25519');
    const key = publicSigningKey(pair.publicKey.export({ type: 'spki', format: 'pem' }).toString());
    if (key === null) throw new Error('the key was refused');
    const made = (text: string): string => sign(kind === 'rsa' ? 'sha256' : null, Buffer.from(text), pair.privateKey).toString('base64');
    expect(key.kind).toBe(kind);
    expect(isSignedBy(key, 'a=1&b=2', made('a=1&b=2'), 'hex')).toBe(true);
    expect(isSignedBy(key, 'b=2&a=1', made('a=1&b=2'), 'hex')).toBe(false);
    expect(isSignedBy(key, 'a=1', 'no base64 !', 'hex')).toBe(false);
    expect(isSignedBy(key, 'a=1', '', 'hex')).toBe(false);
  });

  it('refuses texts that are no public key, and keys of kinds that no venue takes', () => {
    expect(publicSigningKey('not a key')).toBeNull();
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    expect(publicSigningKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())).toBeNull();
  });

  it('compares texts of any characters and lengths', () => {
    expect(sameText('é', 'é')).toBe(true);
    expect(sameText('é', 'ee')).toBe(false);
    expect(sameText('', '')).toBe(true);
  });
});
