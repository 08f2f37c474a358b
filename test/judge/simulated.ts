/**
 * A small engine on one simulated venue, without sockets: orders by plain signed REST, everything else as the private stream tells it. Market time goes on when
 * the test says so. What it has in the end is what the judge compares with the venue.
 */
import { createHmac } from 'node:crypto';
import type { Clock, TimerHandle, Timers } from '../../src/core/ports/clock.js';
import type { FrameConnection, FrameHandler, FrameSource } from '../../src/core/ports/frame-source.js';
import type { HttpAnswer, HttpClient } from '../../src/core/ports/http.js';
import type { Credentials, PrivateSink } from '../../src/core/ports/private-events.js';
import { clientOrderIdOf, makeOrderId, tradeIdOf } from '../../src/core/numbers/ids.js';
import { formatTicks } from '../../src/core/numbers/decimal.js';
import type { Instrument } from '../../src/core/orders/instrument.js';
import { PrivateFeed } from '../../src/feeds/private-feed.js';
import { findVenue } from '../../src/feeds/registry.js';
import type { EngineAccount, EngineFill, EngineOrder } from '../../src/judge/engine-account.js';
import { Amount, Sums } from '../../src/judge/exact.js';
import { credentialsOf } from '../../src/venue-sim/exchange/accounts.js';
import type { VenueId } from '../../src/venue-sim/market/spec.js';
import { TestVenue, type VenueClient } from '../venue-sim/support/venue-client.js';
import { halfRandom } from '../support/manual-host.js';
import { TAG } from './scenes.js';

const SEED = 7;

export class SimulatedAccount implements Clock, Timers, HttpClient, FrameSource, PrivateSink {
  readonly venue: TestVenue;
  readonly credentials: Credentials;
  readonly feed: PrivateFeed;
  readonly instruments: readonly Instrument[];
  readonly orders = new Map<string, EngineOrder & { venueOrderId: string }>();
  readonly fills = new Map<string, EngineFill>();
  readonly fundings = new Map<string, { asset: string; amount: string }>();
  readonly wallets = new Map<string, string>();
  readonly told: string[] = [];
  #timers: { readonly id: number; dueUs: number; readonly periodUs: number; readonly run: () => void }[] = [];
  #sockets: { readonly client: VenueClient; readonly handler: FrameHandler }[] = [];
  #nextTimer = 1;
  #nextOrder = 1;

  constructor(id: VenueId, startUs: number) {
    this.venue = new TestVenue(id, SEED, startUs);
    this.venue.run(0.5);
    this.credentials = credentialsOf(SEED, id, 'test');
    const venue = findVenue(id);
    if (venue === undefined) throw new Error(`no venue ${id}`);
    this.instruments = venue
      .instrumentPaths([])
      .flatMap((path) => venue.parseInstruments(String(this.venue.get(path).body), path).instruments)
      .map((instrument, index) => ({ ...instrument, index }));
    this.feed = new PrivateFeed({
      venue,
      instruments: this.instruments,
      endpoints: { rest: 'http://venue', wsPublic: 'ws://venue', wsPrivate: 'ws://venue', wsApi: 'ws://venue' },
      credentials: this.credentials,
      source: this,
      http: this,
      clock: this,
      timers: this,
      random: halfRandom,
      sink: this,
      note: (text) => void this.told.push(text),
    });
  }

  get account(): EngineAccount {
    const positions = new Sums();
    for (const { instrument, side, qty } of this.fills.values())
      positions.add(instrument, side === 'buy' ? Amount.of(qty) : Amount.of(qty).negated());
    return {
      orders: [...this.orders.values()],
      fills: [...this.fills.values()],
      positions: positions.names.map((instrument) => ({ instrument, qty: positions.of(instrument).toString() })),
      fundings: [...this.fundings.values()],
    };
  }

  /** Market time goes on; messages and timers arrive in between. */
  async run(seconds: number): Promise<void> {
    for (let turn = 0; turn < seconds * 10; turn++) {
      this.venue.run(0.1);
      await this.settle();
    }
  }

  /** A promise that needs market time to come true. */
  async living<T>(promise: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const end = (): void => void (state.isDone = true);
    promise.then(end, end);
    while (!state.isDone) await this.run(0.1);
    return promise;
  }

  async settle(): Promise<void> {
    for (const timer of this.#timers.filter(({ dueUs }) => dueUs <= this.nowUs())) {
      if (timer.periodUs > 0) timer.dueUs += timer.periodUs;
      else this.cancel(timer);
      timer.run();
    }
    for (const entry of this.#sockets) {
      const { client, handler } = entry;
      if (client.pings > 0) client.pong();
      client.pings = 0;
      if (client.closed !== undefined) {
        this.#sockets = this.#sockets.filter((one) => one !== entry);
        handler.onClose(client.closed, 'by the venue');
        continue;
      }
      for (const text of client.received.splice(0)) {
        const bytes = Buffer.from(text);
        handler.onFrame(bytes, 0, bytes.length, true, this.nowUs());
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** A limit order at so many ticks from the touch, inside it when positive; the answer's status. */
  async place(instrument: Instrument, side: 'buy' | 'sell', inside: number, lots: number): Promise<string> {
    const { bids, asks } = this.marketOf(instrument).engine;
    const touch = side === 'buy' ? bids.bestTicks : asks.bestTicks;
    const price = formatTicks(side === 'buy' ? touch + inside : touch - inside, instrument.tickSize);
    const qty = formatTicks(lots, instrument.lotSize);
    const clientId = clientOrderIdOf(makeOrderId(1, 0, 1, this.#nextOrder++), TAG);
    const symbol = instrument.symbol.replace(/^\w+:/, '');
    const isBuy = side === 'buy';
    if (instrument.venue === 'bybit') {
      const category = instrument.symbol.split(':')[0] ?? '';
      const body = {
        category,
        symbol,
        side: isBuy ? 'Buy' : 'Sell',
        orderType: 'Limit',
        qty,
        price,
        orderLinkId: clientId,
        timeInForce: 'GTC',
      };
      await this.#signed('POST', '/v5/order/create', body);
    } else if (instrument.venue === 'bitmex') {
      await this.#signed('POST', '/api/v1/order', {
        symbol,
        side: isBuy ? 'Buy' : 'Sell',
        orderQty: Number(qty),
        price: Number(price),
        ordType: 'Limit',
        clOrdID: clientId,
      });
    } else {
      const params = {
        symbol,
        side: side.toUpperCase(),
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: qty,
        price,
        newClientOrderId: clientId,
      };
      await this.#signed('POST', ORDER_PATH[instrument.venue] ?? '', params);
    }
    return clientId;
  }

  async cancel_(order: EngineOrder): Promise<void> {
    const instrument = this.instruments.find(({ id }) => id === order.instrument);
    if (instrument === undefined) throw new Error(`no instrument ${order.instrument}`);
    const symbol = instrument.symbol.replace(/^\w+:/, '');
    if (instrument.venue === 'bybit') {
      await this.#signed('POST', '/v5/order/cancel', {
        category: instrument.symbol.split(':')[0] ?? '',
        symbol,
        orderLinkId: order.clientId,
      });
    } else if (instrument.venue === 'bitmex') await this.#signed('DELETE', '/api/v1/order', { clOrdID: order.clientId });
    else await this.#signed('DELETE', ORDER_PATH[instrument.venue] ?? '', { symbol, origClientOrderId: order.clientId });
  }

  marketOf(instrument: Instrument): TestVenue['world']['markets'][number] {
    const symbol = instrument.symbol.replace(/^\w+:/, '');
    const market = this.venue.world.markets.find(
      ({ spec }) => spec.symbol === symbol && (instrument.venue !== 'bybit' || instrument.symbol.startsWith(`${spec.kind}:`)),
    );
    if (market === undefined) throw new Error(`no market ${instrument.id}`);
    return market;
  }

  async #signed(method: string, path: string, params: Readonly<Record<string, string | number>>): Promise<void> {
    const { apiKey, secret } = this.credentials;
    const mac = (text: string): string => createHmac('sha256', secret).update(text).digest('hex');
    const nowMs = Math.floor(this.wallUs() / 1000);
    const json = JSON.stringify(params);
    let answer: HttpAnswer;
    if (path.startsWith('/v5')) {
      const headers = {
        'X-BAPI-API-KEY': apiKey,
        'X-BAPI-TIMESTAMP': String(nowMs),
        'X-BAPI-RECV-WINDOW': '5000',
        'X-BAPI-SIGN': mac(`${nowMs}${apiKey}5000${json}`),
      };
      answer = await this.request(method, `http://venue${path}`, { headers, body: json });
    } else if (path.startsWith('/api/v1')) {
      const expires = String(Math.floor(nowMs / 1000) + 60);
      const headers = {
        'content-type': 'application/json',
        'api-key': apiKey,
        'api-expires': expires,
        'api-signature': mac(`${method}${path}${expires}${json}`),
      };
      answer = await this.request(method, `http://venue${path}`, { headers, body: json });
    } else {
      const query = new URLSearchParams({
        ...Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)])),
        timestamp: String(nowMs),
      }).toString();
      answer = await this.request(method, `http://venue${path}?${query}&signature=${mac(query)}`, { headers: { 'X-MBX-APIKEY': apiKey } });
    }
    const isRefused = answer.status !== 200 || (path.startsWith('/v5') && !answer.text.includes('"retCode":0'));
    // Crossed with its own fill or cancel: the stream tells.
    if (isRefused && !/-2011|110001|170213|Unable to cancel|Not Found/.test(answer.text))
      this.told.push(`${method} ${path} ${json}: ${answer.status} ${answer.text}`);
  }

  nowUs(): number {
    return this.venue.world.nowUs;
  }
  wallUs(): number {
    return this.venue.world.nowUs;
  }
  after(delayMs: number, run: () => void): TimerHandle {
    return this.#timer(delayMs, 0, run);
  }
  every(periodMs: number, run: () => void): TimerHandle {
    return this.#timer(periodMs, periodMs * 1000, run);
  }
  cancel(timer: TimerHandle): void {
    this.#timers = this.#timers.filter(({ id }) => id !== timer.id);
  }
  #timer(delayMs: number, periodUs: number, run: () => void): TimerHandle {
    const id = this.#nextTimer++;
    this.#timers.push({ id, dueUs: this.nowUs() + delayMs * 1000, periodUs, run });
    return { id };
  }

  request(
    method: string,
    url: string,
    options?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string },
  ): Promise<HttpAnswer> {
    const at = new URL(url);
    const headers = Object.fromEntries(Object.entries(options?.headers ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
    const request = {
      method,
      path: at.pathname,
      query: at.search.slice(1),
      headers,
      body: Buffer.from(options?.body ?? ''),
      remoteAddress: '127.0.0.1',
    };
    return new Promise((resolve) => {
      this.venue.handlers.onRequest(request, (reply) =>
        resolve({ status: reply.status, headers: reply.headers ?? {}, text: String(reply.body) }),
      );
    });
  }
  close(): void {
    this.#sockets = [];
  }

  connect(options: { readonly url: string }, handler: FrameHandler): FrameConnection {
    const at = new URL(options.url);
    const client = this.venue.open(at.pathname + at.search);
    const entry = { client, handler };
    setImmediate(() => {
      this.#sockets.push(entry);
      handler.onOpen();
    });
    return {
      send: (text) => {
        client.send(text);
        return true;
      },
      ping: () => handler.onLife?.(this.nowUs()),
      close: () => {
        this.#sockets = this.#sockets.filter((one) => one !== entry);
        client.leave();
      },
    };
  }

  /** As a cut cable would. */
  cut(): void {
    for (const { client, handler } of this.#sockets.splice(0)) {
      client.leave();
      handler.onClose(1006, 'cut');
    }
  }

  onPrivateUp(): void {
    this.told.push('up');
  }
  onPrivateDown(_nowUs: number, reason: string): void {
    this.told.push(`down ${reason}`);
  }
  onPrivateOrder(event: Parameters<PrivateSink['onPrivateOrder']>[0]): void {
    const { clientId, side, price, qty, status, venueOrderId } = event;
    const state = status === 'new' ? 'open' : status === 'partially-filled' ? 'partly_filled' : status;
    this.orders.set(clientId, {
      clientId,
      instrument: this.#idOf(event.instrument),
      side,
      price,
      qty,
      filled: event.cum,
      state,
      venueOrderId,
    });
  }
  onPrivateFill(event: Parameters<PrivateSink['onPrivateFill']>[0]): void {
    const { clientId, side, price, qty, fee, feeAsset } = event;
    const instrument = this.#idOf(event.instrument);
    this.fills.set(`${instrument} ${event.tradeId}`, {
      clientId,
      instrument,
      tradeId: tradeIdOf(event.tradeId),
      side,
      price,
      qty,
      fee,
      feeAsset,
    });
  }
  onPrivateBalance(event: Parameters<PrivateSink['onPrivateBalance']>[0]): void {
    this.wallets.set(event.asset, event.total);
  }
  onPrivatePosition(event: Parameters<PrivateSink['onPrivatePosition']>[0]): void {
    this.told.push(...(event.instrument < 0 ? ['a position in nothing'] : []));
  }
  onPrivateFunding(event: Parameters<PrivateSink['onPrivateFunding']>[0]): void {
    const key = `${event.instrument} ${event.id}`;
    if (event.instrument < 0 || this.fundings.has(key)) this.told.push(`funding ${key}`);
    this.fundings.set(key, { asset: event.asset, amount: event.amount });
  }

  #idOf(index: number): string {
    return this.instruments[index]?.id ?? 'nothing';
  }
}

const ORDER_PATH: Readonly<Record<string, string>> = {
  'binance-spot': '/api/v3/order',
  'binance-usdm': '/fapi/v1/order',
  'binance-coinm': '/dapi/v1/order',
};
