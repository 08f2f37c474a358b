/** Whom TLS connections trust: Node's authorities, and one more where asked for. Parsed once for each text: the list takes 20 ms. Used by the clients, event-loop lanes. */
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

const known = new Map<string, SecureContext>();

export function trustOf(ca: string): SecureContext {
  const before = known.get(ca);
  if (before !== undefined) return before;
  const context = createSecureContext({ ca: [...rootCertificates, ca], minVersion: 'TLSv1.2' });
  known.set(ca, context);
  return context;
}
