/** A text signed with an account's secret, as venues take it: HMAC-SHA256 in hex, or, when the secret is a private key (PEM), its signature in base64. */
import { createHmac, createPrivateKey, sign } from 'node:crypto';

export function signed(secret: string, text: string): string {
  if (!secret.includes('PRIVATE KEY')) return createHmac('sha256', secret).update(text).digest('hex');
  const key = createPrivateKey(secret);
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(text), key).toString('base64');
}
