/** Broken variants of the judge: each would let a wrong account pass. */
const test = 'test/judge/judge.test.ts';

export default [
  {
    file: 'src/judge/compare.ts',
    test,
    id: 'C9',
    why: 'a fill counted twice by the engine is taken for one',
    find: 'if (ours.has(key)) lines.push(`fill ${key}: counted twice by the engine`);',
    replace: '',
  },
  {
    file: 'src/judge/compare.ts',
    test,
    id: 'C9',
    why: 'a fill that the venue does not know passes',
    find: 'if (!told.has(key))',
    replace: 'if (!told.has(key) && key === null)',
  },
  {
    file: 'src/judge/compare.ts',
    test,
    id: 'C10',
    why: 'orders of others count as ours',
    find: 'return orderIdOf(clientId, tag) !== null;',
    replace: "return tag !== '' && clientId !== '';",
  },
  {
    file: 'src/judge/value.ts',
    test,
    id: 'C9',
    why: 'BitMEX positions are rounded whole, not by the lot',
    find: "if (instrument.venue !== 'bitmex') return",
    replace: "if (instrument.venue !== '') return",
  },
  {
    file: 'src/judge/value.ts',
    test,
    id: 'C9',
    why: 'inverse contracts are taken for linear ones',
    find: "const isWorth = !qty.isNegative === (instrument.kind !== 'inverse');",
    replace: 'const isWorth = !qty.isNegative;',
  },
  {
    file: 'src/judge/signed-rest.ts',
    test,
    id: 'B18',
    why: 'refusals are passed on as the venue wrote them',
    find: 'last = this.#redacted(`${result.problem.code} ${result.problem.text}`);',
    replace: 'last = `${result.problem.code} ${result.problem.text}`;',
  },
];
