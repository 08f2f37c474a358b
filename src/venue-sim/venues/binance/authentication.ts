/**
 * Who sent a request: the key of its header (or parameter), the time it was signed and its signature, checked in this order. Called by the REST and
 * request-socket halves for everything that is not public.
 */
import type { ApiKey, Exchange } from '../../exchange/contract.js';
import { isSignedBy, publicSigningKey, type SigningKey } from '../signing.js';
import { BinanceRefusal, refusals } from './refusal.js';
import type { SignedText } from './request.js';

/** How long a request stays valid unless it says otherwise, and the longest it may ask for (document "Timing security", 2026-11). */
const USUAL_WINDOW_MS = 5_000;
const LONGEST_WINDOW_MS = 60_000;
/** How far the client's clock may be ahead. */
const MOST_AHEAD_MS = 1_000;
/** A timestamp beyond this is in microseconds. */
const LEAST_MICROSECONDS = 1e14;

export type Security = 'key' | 'read' | 'trade';

export class Authentication {
  readonly #exchange: Exchange;
  readonly #nowUs: () => number;
  /** Parsed public keys by their text: parsing costs more than a check. */
  readonly #publicKeys = new Map<string, SigningKey | null>();

  constructor(exchange: Exchange, nowUs: () => number) {
    this.#exchange = exchange;
    this.#nowUs = nowUs;
  }

  key(text: string | undefined): ApiKey {
    if (text === undefined || text === '' || !/^[A-Za-z0-9_-]{1,256}$/.test(text)) throw refusals.noKey();
    const key = this.#exchange.keyOf(text);
    if (key === undefined) throw refusals.unknownKey();
    return key;
  }

  /** Throws unless the text was signed by the key, in time. */
  check(key: ApiKey, signed: SignedText, security: Security): void {
    this.checkTime(signed);
    if (signed.signature === undefined || signed.signature === '') throw refusals.missing('signature');
    const signing = this.signingKey(key);
    if (signing === null || !isSignedBy(signing, signed.payload, signed.signature, 'hex')) throw refusals.badSignature();
    if (security === 'trade' && !key.canTrade) throw refusals.unknownKey();
  }

  checkTime(signed: SignedText): void {
    const sent = signed.params.integer('timestamp');
    const sentMs = sent >= LEAST_MICROSECONDS ? sent / 1_000 : sent;
    const windowText = signed.params.optional('recvWindow');
    const windowMs = windowText === undefined ? USUAL_WINDOW_MS : Number(windowText);
    if (!Number.isFinite(windowMs) || windowMs < 0) throw refusals.illegal('recvWindow', '^[0-9]{1,20}$');
    if (windowMs > LONGEST_WINDOW_MS) throw refusals.windowTooWide();
    const nowMs = this.#nowUs() / 1_000;
    if (sentMs >= nowMs + MOST_AHEAD_MS) throw refusals.early();
    if (nowMs - sentMs > windowMs) throw refusals.late();
  }

  signingKey(key: ApiKey): SigningKey | null {
    if (key.publicKey === null) return { kind: 'hmac', secret: key.secret };
    let signing = this.#publicKeys.get(key.publicKey);
    if (signing === undefined) {
      signing = publicSigningKey(key.publicKey);
      this.#publicKeys.set(key.publicKey, signing);
    }
    return signing;
  }

  /** Sessions are for Ed25519 keys alone. */
  checkSessionKey(key: ApiKey): void {
    const signing = this.signingKey(key);
    if (signing?.kind === 'ed25519') return;
    throw new BinanceRefusal(-4056, `${signing?.kind === 'rsa' ? 'RSA' : 'HMAC_SHA256'} API key is not supported.`);
  }
}
