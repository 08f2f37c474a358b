/** BitMEX's rows by id: what an update may leave out, and what it may not. */
import { describe, expect, it } from 'vitest';
import { OneBook } from './one-book.js';

const row = (fields: object): string => JSON.stringify({ symbol: 'XBTUSD', id: 1, side: 'Buy', ...fields });
const say = (action: string, ...rows: string[]): string => `{"table":"orderBookL2","action":"${action}","data":[${rows.join()}]}`;

describe.each(['wasm', 'ts', 'json'] as const)('rows by id, kernel %s', (kernel) => {
  const alive = (): OneBook => {
    const one = new OneBook('bitmex', 'XBTUSD', 'XBTUSD', kernel);
    one.socket.say(say('partial', row({ size: 5, price: 100 }), row({ id: 2, side: 'Sell', size: 7, price: 101 })));
    expect(one.best(0, 2)).toEqual(['100:5']);
    return one;
  };

  it.each([
    [{ size: 6 }, '100:6'],
    [{ size: 6, price: 100 }, '100:6'],
    [{ price: 100 }, '100:5'],
    [{ size: 6, price: 99 }, '99:6'],
  ])('an update %j leaves %s', (fields: object, left) => {
    const one = alive();
    one.socket.say(say('update', row(fields)));
    expect([one.isLive(), one.best(0, 2)]).toEqual([true, [left]]);
  });

  it.each([
    [{ price: 99 }, 'another price without a size'],
    [{ side: 'Sell' }, 'another side without a size'],
    [{ size: 0 }, 'nothing left'],
  ])('an update %j hides the book: %s', (fields: object, _why) => {
    const one = alive();
    one.socket.say(say('update', row(fields)));
    expect([one.isLive(), one.gaps]).toEqual([false, ['bad-frame']]);
  });

  it.each([
    ['update', { id: -1, size: 6 }],
    ['update', { id: -1, price: 0 }],
    ['delete', { id: -1 }],
    ['insert', { id: -1, size: 6, price: 99 }],
    ['toString', { size: 6 }],
  ])('%s of %j is no message of ours: the book is hidden', (action, fields: object) => {
    const one = alive();
    one.socket.say(say(action, row(fields)));
    expect([one.isLive(), one.gaps]).toEqual([false, ['bad-frame']]);
  });
});
