/** Broken variants of what strategies do when the run ends and they are to be flat then. */
const test = 'test/strategies/closing.test.ts';

export default [
  {
    id: 'C14',
    file: 'src/strategies/arb/closer.ts',
    test,
    why: 'a closing order of a pair may open a position',
    find: 'terms.isSpot ? FLAG_HEDGE : FLAG_HEDGE | FLAG_REDUCE_ONLY',
    replace: 'FLAG_HEDGE',
  },
  {
    id: 'C14',
    file: 'src/strategies/arb/closer.ts',
    test,
    why: 'a pair does not wait for the closing order that is out',
    find: 'if (pair.isAnyOut) return true;',
    replace: '',
  },
  {
    id: 'C14',
    file: 'src/strategies/grid/exit.ts',
    test,
    why: 'a grid closes while its orders still rest',
    find: '    if (hasLive) {',
    replace: '    if (hasLive && ctx.nowUs < 0) {',
  },
  {
    id: 'C14',
    file: 'src/strategies/grid/exit.ts',
    test,
    why: 'a grid does not wait for the closing order that is out',
    find: 'if (this.#isBusy || !book.isLive ||',
    replace: 'if (!book.isLive ||',
  },
];
