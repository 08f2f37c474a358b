/** The judge against plain accounts of the five venues: what is equal, what differs, what is somebody else's, and venues that do not answer well. */
import { describe, expect, it } from 'vitest';
import { tradeIdOf } from '../../src/core/numbers/ids.js';
import { joinInstruments, openAccount } from '../../src/judge/judge.js';
import { answer, KEY, SECRET } from './plain-venue.js';
import { DONE_ID, OPEN_ID, OTHER_ID, Scene, SCENES } from './scenes.js';

const NOTHING = { orders: 0, fills: 0, balances: 0, positions: 0 };

describe.each(SCENES)('$venue', (numbers) => {
  const id = `${numbers.venue}:${numbers.instrument.symbol}`;
  const hasPosition = numbers.position !== null;

  it('C9: finds nothing where both sides agree, to the last digit', async () => {
    const verdict = await new Scene(numbers).judge();
    expect(verdict.lines).toEqual([]);
    expect(verdict.foreign).toEqual([]);
    expect(verdict).toMatchObject({ differences: NOTHING, isClean: true, venues: [{ openOrders: 1, trades: 1, tries: 1, error: null }] });
    const assets = verdict.venues[0]?.assets ?? [];
    expect(assets.map(({ asset }) => asset).toSorted()).toEqual(Object.keys(numbers.wallets).toSorted());
    expect(assets.every(({ difference }) => difference === '0')).toBe(true);
    expect(verdict.venues[0]?.marks).toEqual(hasPosition ? { [id]: numbers.position?.mark } : {});
  });

  it('an order that is open at one side only', async () => {
    const atVenue = new Scene(numbers);
    atVenue.orders = [];
    expect(await atVenue.judge()).toMatchObject({ differences: { ...NOTHING, orders: 1 }, isClean: false });

    const ended = new Scene(numbers);
    for (const order of ended.venue.orders) if (order.clientId === OPEN_ID) order.state = 'cancelled';
    const verdict = await ended.judge();
    expect(verdict.differences).toEqual({ ...NOTHING, orders: 1 });
    expect(verdict.lines[0]).toMatch(/order .*: open for the engine .*(CANCELED|Cancelled|Canceled) at the venue/);

    const never = new Scene(numbers);
    never.venue.orders = never.venue.orders.filter(({ clientId }) => clientId !== OPEN_ID);
    expect((await never.judge()).lines[0]).toMatch(/unknown to the venue/);
  });

  it('an order whose terms differ', async () => {
    const scene = new Scene(numbers);
    for (const order of scene.venue.orders) if (order.clientId === OPEN_ID) Object.assign(order, { price: '1', filled: '0.25' });
    const verdict = await scene.judge();
    expect(verdict.differences).toEqual({ ...NOTHING, orders: 1 });
    expect(verdict.lines[0]).toContain('filled 0, at the venue 0.25');
    expect(verdict.lines[0]).toContain(`price ${numbers.trade.price}, at the venue 1`);
  });

  it('C9: a fill that the engine has not heard of, and one that the venue does not know', async () => {
    const lost = new Scene(numbers);
    lost.fills = [];
    lost.positions = [];
    const verdict = await lost.judge();
    expect(verdict.differences).toEqual({
      orders: 0,
      fills: 1,
      positions: hasPosition ? 1 : 0,
      balances: Object.keys(numbers.wallets).length,
    });
    expect(verdict.lines[0]).toContain(`of order ${DONE_ID}: at the venue, not for the engine`);

    const invented = new Scene(numbers);
    invented.venue.trades = invented.venue.trades.filter((trade) => trade.id !== 7);
    expect((await invented.judge()).lines).toEqual([expect.stringContaining('unknown to the venue')]);
  });

  it('C9: a fill counted twice', async () => {
    const scene = new Scene(numbers);
    scene.fills = [...scene.fills, ...scene.fills];
    const verdict = await scene.judge();
    expect(verdict.differences.fills).toBe(1);
    expect(verdict.differences.balances).toBeGreaterThan(0);
  });

  it('a fee that is off by one unit', async () => {
    const scene = new Scene(numbers);
    for (const trade of scene.venue.trades) trade.fee = String(Number(trade.fee) + 1e-8);
    const verdict = await scene.judge();
    expect(verdict.lines).toEqual([expect.stringMatching(/: fee .* at the venue/)]);
  });

  it('a wallet that is off by one unit', async () => {
    const scene = new Scene(numbers);
    const [asset = '', total = ''] = Object.entries(numbers.wallets)[0] ?? [];
    scene.venue.wallets.set(asset, (Number(total) + 1e-8).toFixed(8));
    const verdict = await scene.judge();
    expect(verdict.differences).toEqual({ ...NOTHING, balances: 1 });
    expect(verdict.venues[0]?.assets.find((entry) => entry.asset === asset)?.difference).toBe('0.00000001');
  });

  it.runIf(hasPosition)('a position that is not what the trades make', async () => {
    const scene = new Scene(numbers);
    scene.positions = [];
    expect((await scene.judge()).differences).toEqual({ ...NOTHING, positions: 1 });
    const other = new Scene(numbers);
    for (const position of other.venue.positions) position.qty = position.qty.replace(/\d/, '8');
    expect((await other.judge()).differences).toMatchObject({ orders: 0, fills: 0, positions: 1, balances: 1 });
  });

  it('C10: orders and trades of others are named, and counted for nobody', async () => {
    const scene = new Scene(numbers);
    scene.fills = [];
    scene.positions = [];
    for (const order of scene.venue.orders) if (order.clientId === DONE_ID) order.clientId = 'web-1';
    scene.venue.orders.push({ ...scene.venue.orders[0]!, clientId: 'thorzzxsomebodyels', id: '103' });
    const verdict = await scene.judge();
    expect(verdict).toMatchObject({ differences: NOTHING, isClean: true });
    expect(verdict.foreign).toEqual([
      expect.stringContaining('open order thorzzxsomebodyels'),
      expect.stringMatching(numbers.venue.startsWith('binance') ? /trade .* of order 102/ : /trade .* of order web-1/),
    ]);
  });

  it('C10: what became of orders that an earlier run left is told, and is no difference', async () => {
    const scene = new Scene(numbers);
    const [open] = scene.orders;
    if (open === undefined) throw new Error('no order');
    const filled = { ...open, clientId: DONE_ID, qty: numbers.trade.qty, isAside: true };
    scene.orders = [{ ...open, isAside: true }, filled];
    for (const order of scene.venue.orders) if (order.clientId === OPEN_ID) order.state = 'cancelled';
    scene.fills = [];
    scene.positions = [];
    const verdict = await scene.judge();
    expect(verdict).toMatchObject({ differences: NOTHING, isClean: true, foreign: [] });
    expect(verdict.aside).toEqual([
      expect.stringContaining(`order ${OPEN_ID}: open for the engine`),
      expect.stringContaining(`order ${DONE_ID}: open for the engine`),
      expect.stringMatching(/fill .* of order /),
    ]);
    expect(verdict.venues[0]?.assets.every(({ moved }) => moved === '0')).toBe(true);
  });

  it('funding that the engine booked is in the wallet', async () => {
    const scene = new Scene(numbers);
    const [asset = '', total = ''] = Object.entries(numbers.wallets)[0] ?? [];
    scene.fundings = [{ asset, amount: '-0.00000005' }];
    expect((await scene.judge()).differences).toEqual({ ...NOTHING, balances: 1 });
    scene.venue.wallets.set(asset, (Number(total) - 5e-8).toFixed(8));
    expect((await scene.judge()).isClean).toBe(true);
  });

  it('a fill in the middle of the reading makes it read again, and the engine may hear of it later', async () => {
    const scene = new Scene(numbers);
    const before = scene.engine;
    let requests = 0;
    scene.venue.before = (path) => {
      // The books are whole only after this one: the trade is there, its money not yet.
      if (/order/i.test(path) && ++requests === 1) {
        scene.venue.orders.push({ ...scene.venue.orders[1]!, clientId: OTHER_ID, id: '104' });
        scene.venue.trades.push({ ...scene.venue.trades[1]!, id: 9, orderId: '104', fee: '0', timeMs: scene.time.wallUs() / 1000 });
        const { fee, ...trade } = numbers.trade;
        scene.venue.trades.push({
          ...trade,
          fee: fee === '' ? '0' : '0',
          side: trade.side === 'buy' ? 'sell' : 'buy',
          id: 10,
          orderId: '104',
          symbol: numbers.instrument.symbol,
          timeMs: scene.time.wallUs() / 1000,
        });
        const idOf = (number: number): string => numbers.tradeId.replace('7', String(number));
        scene.fills = [9, 10].reduce((fills, number) => {
          const told = scene.venue.trades.find((row) => row.id === number)!;
          const { side, price, qty, fee: paid, feeAsset } = told;
          return [
            ...fills,
            { side, price, qty, fee: paid, feeAsset, clientId: OTHER_ID, instrument: id, tradeId: tradeIdOf(idOf(number)) },
          ];
        }, scene.fills);
      }
      return null;
    };
    let asked = 0;
    const verdict = await scene.judge({ tries: 3 }, () => (++asked === 1 ? before : scene.engine));
    expect(verdict.lines).toEqual([]);
    expect(verdict.venues[0]).toMatchObject({ trades: 3, tries: 2 });
  });

  it('asks again when the venue is busy, limits, is down or does not answer', async () => {
    const scene = new Scene(numbers);
    let requests = 0;
    scene.venue.before = () => {
      requests++;
      if (requests % 6 === 1) return answer(429, { code: -1003 }, { 'retry-after': '3' });
      if (requests % 6 === 2) return { status: 503, headers: {}, text: '<html>' };
      if (requests % 6 === 3) throw new Error('socket hang up');
      return null;
    };
    expect((await scene.judge()).isClean).toBe(true);
    scene.venue.before = () => answer(503, {});
    const verdict = await scene.judge();
    expect(verdict).toMatchObject({ differences: NOTHING, isClean: false });
    expect(verdict.lines).toEqual([expect.stringMatching(/not judged, VENUE_SILENT/)]);
  });

  it('signs with the venue’s clock, however far ours is off, and when it jumps', async () => {
    const scene = new Scene(numbers);
    scene.venue.skewMs = -7_200_000;
    let requests = 0;
    scene.venue.before = () => {
      if (++requests === 4) scene.venue.skewMs = 7_200_000;
      return null;
    };
    expect((await scene.judge()).lines).toEqual([]);
  });

  it('B18: a refused key is no clean verdict, and no secret is in its words', async () => {
    const scene = new Scene(numbers);
    scene.secret = 'another-secret';
    const verdict = await scene.judge();
    expect(verdict.isClean).toBe(false);
    const text = JSON.stringify(verdict);
    expect(text).toContain('VENUE_REFUSED');
    for (const word of [KEY, SECRET, 'another-secret']) expect(text).not.toContain(word);
  });

  it('reads every page of a long history', async () => {
    const scene = new Scene(numbers);
    const { fee, ...trade } = numbers.trade;
    const startMs = scene.opening.atUs / 1000;
    const zero = fee === '' ? fee : '0';
    for (let i = 0; i < 1_100; i++) {
      const side = i % 2 === 0 ? ('buy' as const) : ('sell' as const);
      const row = {
        ...trade,
        side,
        fee: zero,
        symbol: numbers.instrument.symbol,
        id: 1000 + i,
        orderId: '102',
        timeMs: startMs + 2_000 + i,
      };
      scene.venue.trades.push(row);
      const { price, qty, feeAsset } = row;
      scene.fills.push({
        side,
        price,
        qty,
        fee: zero,
        feeAsset,
        clientId: DONE_ID,
        instrument: id,
        tradeId: tradeIdOf(numbers.tradeId.replace('7', String(row.id))),
      });
    }
    const verdict = await scene.judge();
    expect(verdict.lines).toEqual([]);
    expect(verdict.venues[0]?.trades).toBe(1_101);
  });

  it('opens an account: wallets, positions and where trades go on, so that a verdict after it is clean', async () => {
    const scene = new Scene(numbers);
    const entry = {
      venue: numbers.venue,
      rest: 'http://venue',
      credentials: { apiKey: KEY, secret: SECRET },
      instruments: [scene.instrument],
    };
    const world = { http: scene.venue, clock: scene.time, timers: scene.time };
    scene.opening = JSON.parse(JSON.stringify(await openAccount(entry, world))) as typeof scene.opening;
    expect(scene.opening.positions).toEqual(hasPosition ? { [id]: numbers.position?.qty } : {});
    scene.fills = [];
    scene.positions = [];
    scene.time.after(5_000, () => undefined);
    expect((await scene.judge()).lines).toEqual([]);

    const nothing = await openAccount({ ...entry, instruments: [] }, world);
    const joined = await joinInstruments(nothing, entry, world);
    expect(joined.cash).toEqual(scene.opening.cash);
    expect(await joinInstruments(joined, entry, world)).toBe(joined);
  });
});
