import { describe, expect, it } from 'vitest';
import { EngineError, UsageError } from '../../src/core/numbers/errors.js';
import type { HttpAnswer, HttpClient } from '../../src/core/ports/http.js';
import { allInstruments, assetsOf, endpointsOf, namedInstruments, venueAt } from '../../src/workers/instruments.js';
import type { VenueAddress } from '../../src/workers/venues-process.js';
import { instrument } from './lane-fixture.js';

function bybit(category: string, symbol: string, [base, quote, settle]: readonly [string, string, string]): object {
  return {
    symbol,
    status: 'Trading',
    baseCoin: base,
    quoteCoin: quote,
    settleCoin: settle,
    priceFilter: { tickSize: '0.10' },
    lotSizeFilter: { qtyStep: '0.001', basePrecision: '0.000001', minOrderQty: '0.001', maxOrderQty: '100', minNotionalValue: '5' },
    category,
  };
}

const LISTS: Readonly<Record<string, readonly object[]>> = {
  linear: [bybit('linear', 'BTCUSDT', ['BTC', 'USDT', 'USDT']), bybit('linear', 'ETHUSDT', ['ETH', 'USDT', 'USDT'])],
  inverse: [bybit('inverse', 'BTCUSD', ['BTC', 'USD', 'BTC'])],
  spot: [bybit('spot', 'BTCUSDT', ['BTC', 'USDT', 'USDT'])],
};
const BITMEX = {
  symbol: 'XBTUSD',
  state: 'Open',
  typ: 'FFWCSX',
  rootSymbol: 'XBT',
  underlying: 'XBT',
  quoteCurrency: 'USD',
  settlCurrency: 'XBt',
  tickSize: 0.5,
  lotSize: 100,
  multiplier: -100_000_000,
  isInverse: true,
  isQuanto: false,
  maxOrderQty: 10_000_000,
  makerFee: 0,
  takerFee: 0.0005,
};
const ADDRESSES: Readonly<Record<string, VenueAddress>> = {
  bybit: { rest: 'http://bybit', wsPublic: 'ws://bybit' },
  bitmex: { rest: 'http://bitmex', wsPublic: 'ws://bitmex' },
};

/** Venues that answer their metadata requests. */
class Venues implements HttpClient {
  readonly urls: string[] = [];
  /** What the first requests are answered instead. */
  refusals: number[] = [];

  request(_method: string, address: string): Promise<HttpAnswer> {
    this.urls.push(address);
    const refused = this.refusals.shift();
    if (refused !== undefined) return Promise.resolve({ status: refused, headers: {}, text: refused === 400 ? 'try again later' : 'no' });
    const url = new URL(address);
    const category = url.searchParams.get('category') ?? '';
    const body =
      url.host === 'bitmex'
        ? [BITMEX]
        : { retCode: 0, retMsg: 'OK', result: { category, list: LISTS[category] ?? [], nextPageCursor: '' } };
    return Promise.resolve({ status: 200, headers: {}, text: JSON.stringify(body) });
  }

  close(): void {
    this.urls.length = 0;
  }
}

async function refusal(ids: readonly string[]): Promise<string> {
  try {
    await namedInstruments(ids, ADDRESSES, new Venues());
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('namedInstruments', () => {
  it('B2: asks each venue for what is wanted of it, and numbers what it finds', async () => {
    const venues = new Venues();
    const found = await namedInstruments(
      ['bybit:linear:BTCUSDT', 'bitmex:XBTUSD', 'bybit:spot:BTCUSDT', 'bybit:linear:BTCUSDT'],
      ADDRESSES,
      venues,
    );
    expect(found.map(({ id }) => id).toSorted()).toEqual(['bitmex:XBTUSD', 'bybit:linear:BTCUSDT', 'bybit:spot:BTCUSDT']);
    expect(found.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(found.find(({ id }) => id === 'bybit:linear:BTCUSDT')).toMatchObject({ kind: 'linear', tickSize: '0.1', settle: 'USDT' });
    expect(venues.urls.every((url) => url.startsWith('http://'))).toBe(true);
    expect(venues.urls.some((url) => url.includes('inverse'))).toBe(false);
  });

  it('B2: a symbol means what its venue says of it', async () => {
    const [ether] = await namedInstruments(['bybit:linear:ETHUSDT'], ADDRESSES, new Venues());
    expect(ether).toMatchObject({ base: 'ETH', quote: 'USDT', settle: 'USDT' });
  });

  it('B1: one name inside, whoever asks: the venue, and what the venue calls it within', async () => {
    const ids = ['bybit:linear:BTCUSDT', 'bybit:spot:BTCUSDT', 'bitmex:XBTUSD'];
    const named = await namedInstruments(ids, ADDRESSES, new Venues());
    const all = await allInstruments(['bitmex', 'bybit'], ADDRESSES, new Venues());
    for (const one of named) {
      expect(one.id).toBe(`${one.venue}:${one.symbol}`);
      expect(all.filter(({ id }) => id === one.id)).toHaveLength(1);
    }
    expect(new Set(named.map(({ id }) => id))).toEqual(new Set(ids));
  });

  it('asks a venue that limits us or is busy again, later each time, but not for ever; a plain no is one', async () => {
    const pauses: number[] = [];
    const pause = (ms: number): Promise<void> => Promise.resolve(void pauses.push(ms));
    const asked = async (refusals: number[]): Promise<string> => {
      pauses.length = 0;
      const venues = new Venues();
      venues.refusals = refusals;
      try {
        const [found] = await namedInstruments(['bitmex:XBTUSD'], ADDRESSES, venues, pause);
        return found?.id ?? '';
      } catch (error) {
        return error instanceof EngineError ? `${error.code} ${error.facts['status']}` : String(error);
      }
    };
    expect([await asked([429, 503, 400]), pauses]).toEqual(['bitmex:XBTUSD', [1_000, 2_000, 4_000]]);
    expect([await asked([404]), pauses]).toEqual(['INSTRUMENTS_FAILED 404', []]);
    expect(await asked(Array.from({ length: 50 }, () => 418))).toBe('INSTRUMENTS_FAILED 418');
    expect(pauses).toHaveLength(5);
  });

  it('names the nearest symbol of the venue for one that it does not list', async () => {
    expect(await refusal(['bybit:linear:BTCUSTD'])).toBe("bybit has no instrument 'linear:BTCUSTD'; did you mean 'linear:BTCUSDT'?");
    expect(await refusal(['bitmex:XBTUSD', 'bybit:linear:BTCUSDT', 'bybit:inverse:ETHUSD'])).toBe(
      "bybit has no instrument 'inverse:ETHUSD'; did you mean 'inverse:BTCUSD'?",
    );
    expect(await refusal(['bitmex:xbtusd'])).toBe("bitmex has no instrument 'xbtusd'; did you mean 'XBTUSD'?");
  });

  it('refuses a venue that does not exist', async () => {
    expect(await refusal(['nowhere:BTCUSDT'])).toBe("no venue 'nowhere'");
  });
});

describe('allInstruments', () => {
  it('lists everything of every venue, numbered through', async () => {
    const found = await allInstruments(['bitmex', 'bybit'], ADDRESSES, new Venues());
    expect(found.map(({ index, id }) => `${index} ${id}`)).toEqual([
      '0 bitmex:XBTUSD',
      '1 bybit:linear:BTCUSDT',
      '2 bybit:linear:ETHUSDT',
      '3 bybit:inverse:BTCUSD',
      '4 bybit:spot:BTCUSDT',
    ]);
  });
});

describe('addresses and assets', () => {
  it('a given address replaces the bases of the venue, and only those that it has', () => {
    const venue = venueAt('bybit');
    expect(endpointsOf(venue, ADDRESSES)).toMatchObject({ rest: 'http://bybit', wsPublic: 'ws://bybit' });
    expect(endpointsOf(venue, {})).toEqual(venue.endpoints);
  });

  it('every asset once, in order of appearance', () => {
    const spot = { kind: 'spot' as const, base: 'ETH', quote: 'BTC', settle: 'BTC', feeAssetBuy: 'ETH', feeAssetSell: 'BNB' };
    expect(assetsOf([instrument('a:b', 0), instrument('a:c', 1, spot)])).toEqual(['BTC', 'USDT', 'ETH', 'BNB']);
  });

  it('a fee asset of a venue is one of them, though no instrument names it', () => {
    expect(assetsOf([instrument('binance-spot:BTCUSDT', 0), instrument('bybit:linear:BTCUSDT', 1)])).toEqual(['BTC', 'USDT', 'BNB']);
  });
});
