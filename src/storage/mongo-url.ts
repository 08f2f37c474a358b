/** Shows a database URL without what is secret in it, and takes the secret out of any text. Pure. */

export interface Redactor {
  /** Scheme, user, hosts and database. */
  readonly place: string;
  readonly safe: (text: string) => string;
}

const HIDDEN = '***';

/** By hand: URLs of replica sets, with several hosts, are none for `URL`. */
export function redactor(url: string): Redactor {
  const match = /^(mongodb(?:\+srv)?:\/\/)(?:([^@/]*)@)?([^?]*)/s.exec(url);
  const [, scheme = '', userInfo = '', hosts = ''] = match ?? [];
  const colon = userInfo.indexOf(':');
  const user = colon < 0 ? userInfo : userInfo.slice(0, colon);
  const password = colon < 0 ? '' : userInfo.slice(colon + 1);
  // What a person mistyped may have the password anywhere: then nothing of it is shown.
  const isOdd = match === null || hosts.includes('@');
  const place = isOdd ? HIDDEN : `${scheme}${userInfo === '' ? '' : `${user}${colon < 0 ? '' : `:${HIDDEN}`}@`}${hosts}`;
  const options = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const secretOptions = [
    ...options.matchAll(/(?:password|secret|token|tlsCertificateKeyFilePassword|authMechanismProperties)[^=&]*=([^&]+)/gi),
  ].map(([, value]) => value ?? '');
  const secrets = [isOdd ? url : '', password, ...secretOptions]
    .flatMap((secret) => [secret, decoded(secret)])
    .filter((secret) => secret !== '');
  return {
    place,
    safe: (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text.replaceAll(url, place)),
  };
}

/** Names of the options that a URL sets, in small letters. */
export function optionNames(url: string): ReadonlySet<string> {
  const options = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  return new Set(options.split('&').map((option) => (option.split('=')[0] ?? '').toLowerCase()));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
