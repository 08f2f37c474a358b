/**
 * Who signed a BitMEX request: `api-key`, `api-expires` (seconds) and `api-signature` in headers, or in the query of a socket, or as arguments of
 * `authKeyExpires`; the retired `api-nonce` as well. HMAC-SHA256 in hex over verb, path with query, expiry, body as sent. Called for every signed request.
 */
import type { HttpRequest } from '../../../core/ports/http.js';
import type { ApiKey } from '../../exchange/contract.js';
import { isSignedBy } from '../signing.js';
import { AUTHORIZATION_REQUIRED, BAD_SIGNATURE, INVALID_KEY, expired, oldNonce, type BitmexRefusal } from './refusals.js';

export type Signer = { readonly key: ApiKey } | { readonly refusal: BitmexRefusal };

/** Longest part of a time that counts as one: later ones are in milliseconds by mistake, which the venue takes as a far future. */
const TIME = /^\d{1,16}$/;

export class BitmexAuth {
  readonly #keyOf: (apiKey: string) => ApiKey | undefined;
  readonly #nowUs: () => number;
  /** Nonces rise per key. */
  readonly #lastNonce = new Map<string, bigint>();

  constructor(keyOf: (apiKey: string) => ApiKey | undefined, nowUs: () => number) {
    this.#keyOf = keyOf;
    this.#nowUs = nowUs;
  }

  ofRequest(request: HttpRequest): Signer {
    const { headers, method, path, query } = request;
    const target = query === '' ? path : `${path}?${query}`;
    const body = new TextDecoder().decode(request.body);
    return this.#check(
      { apiKey: headers['api-key'], expires: headers['api-expires'], nonce: headers['api-nonce'], signature: headers['api-signature'] },
      (time) => `${method}${target}${time}${body}`,
    );
  }

  /** Null when the connecting client did not try to prove anything. */
  ofUpgrade(request: Pick<HttpRequest, 'headers' | 'query'>): Signer | null {
    const query = new URLSearchParams(request.query);
    const given = (name: string): string | undefined => request.headers[name] ?? query.get(name) ?? undefined;
    if (given('api-key') === undefined) return null;
    return this.#check(
      { apiKey: given('api-key'), expires: given('api-expires'), nonce: given('api-nonce'), signature: given('api-signature') },
      (time) => `GET/realtime${time}`,
    );
  }

  /** Arguments of `authKeyExpires`. */
  ofArguments(args: unknown): Signer {
    const [apiKey, expires, signature] = Array.isArray(args) ? (args as unknown[]) : [];
    if (typeof apiKey !== 'string' || typeof signature !== 'string') return { refusal: INVALID_KEY };
    return this.#check({ apiKey, expires: String(expires), nonce: undefined, signature }, (time) => `GET/realtime${time}`);
  }

  #check(
    given: {
      readonly apiKey: string | undefined;
      readonly expires: string | undefined;
      readonly nonce: string | undefined;
      readonly signature: string | undefined;
    },
    textOf: (time: string) => string,
  ): Signer {
    const { apiKey = '', expires, nonce, signature = '' } = given;
    if (apiKey === '') return { refusal: AUTHORIZATION_REQUIRED };
    const key = this.#keyOf(apiKey);
    if (key === undefined) return { refusal: INVALID_KEY };
    const nowSeconds = Math.floor(this.#nowUs() / 1e6);
    const time = expires ?? nonce ?? '';
    if (expires !== undefined && (!TIME.test(expires) || Number(expires) < nowSeconds)) return { refusal: expired(nowSeconds) };
    if (expires === undefined && !TIME.test(time)) return { refusal: AUTHORIZATION_REQUIRED };
    // This venue takes shared secrets only.
    if (!isSignedBy({ kind: 'hmac', secret: key.secret }, textOf(time), signature, 'hex')) return { refusal: BAD_SIGNATURE };
    if (expires === undefined) {
      const last = this.#lastNonce.get(apiKey);
      if (last !== undefined && BigInt(time) <= last) return { refusal: oldNonce(time, last.toString()) };
      this.#lastNonce.set(apiKey, BigInt(time));
    }
    return { key };
  }
}
