/** Takes an account's secrets out of any text before it is counted, logged or thrown. Used by everything in this folder that makes a text of an error. */
import type { Credentials } from '../../../core/ports/private-events.js';

const HIDDEN = '[hidden]';
/** Signatures and listen keys are not known beforehand: they are known by what stands before them. */
const NAMED =
  /((?:api[-_]?)?sign(?:ature)?|listen[-_]?key|x-bapi-sign|api[-_]?key|x-mbx-apikey|passphrase|secret|authorization)(\\?["']?\s*[=:]\s*\\?["']?)([^\s"'\\&,;}]+)/gi;
/** Shorter ones would hide ordinary words. */
const SHORTEST = 4;

export type Redact = (text: string) => string;

export function redactorOf(credentials: Credentials | null): Redact {
  const secrets = (credentials === null ? [] : [credentials.secret, credentials.apiKey, credentials.passphrase ?? ''])
    .filter((text) => text.length >= SHORTEST)
    .flatMap((text) => [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)]);
  // Longest first: one may contain another.
  const known = [...new Set(secrets)].sort((one, other) => other.length - one.length);
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, HIDDEN);
    return clean.replace(NAMED, (_, name: string, between: string) => `${name}${between}${HIDDEN}`);
  };
}
