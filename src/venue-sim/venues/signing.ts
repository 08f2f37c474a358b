/**
 * Checks of request signatures as the venues make them: HMAC-SHA256 with a shared secret (hex or base64), Ed25519 and RSA (PKCS #1 v1.5, SHA-256) with the
 * public key that the account registered. Called by the venues' protocols for every signed request and socket login.
 */
import { createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from 'node:crypto';

export type SignatureText = 'hex' | 'base64';

/** What an account signs with: a shared secret, or a public key whose private half only the client holds. */
export type SigningKey =
  { readonly kind: 'hmac'; readonly secret: string } | { readonly kind: 'ed25519' | 'rsa'; readonly publicKey: KeyObject };

export function hmacSha256(secret: string, text: string, encoding: SignatureText): string {
  return createHmac('sha256', secret).update(text).digest(encoding);
}

/** A registered public key (PEM, SPKI). Null when it is no key of a kind that venues take. */
export function publicSigningKey(pem: string): SigningKey | null {
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey(pem);
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
  const kind = publicKey.asymmetricKeyType;
  return kind === 'ed25519' || kind === 'rsa' ? { kind, publicKey } : null;
}

/**
 * Whether `signature` is the key's over exactly `text`. HMAC signatures come in `encoding` (hex in either case); those of key pairs always in base64, as
 * Binance and Bybit write them.
 */
export function isSignedBy(key: SigningKey, text: string, signature: string, encoding: SignatureText): boolean {
  if (key.kind === 'hmac') {
    const wanted = hmacSha256(key.secret, text, encoding);
    return sameText(wanted, encoding === 'hex' ? signature.toLowerCase() : signature);
  }
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length === 0) return false;
  return verify(key.kind === 'rsa' ? 'sha256' : null, Buffer.from(text), key.publicKey, bytes);
}

/** Equality whose duration does not tell how much of a guess was right. */
export function sameText(wanted: string, given: string): boolean {
  const a = Buffer.from(wanted);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
