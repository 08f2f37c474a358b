/** Broken variants of the private streams. */
const feed = { file: 'src/feeds/private-feed.ts', test: 'test/feeds/private/private-feed.test.ts' };
const readers = 'test/feeds/private/readers.test.ts';

export default [
  {
    ...feed,
    id: 'B18',
    why: 'reasons are passed on as the venue wrote them',
    find: 'const clean = this.#redacted(reason);',
    replace: 'const clean = reason;',
  },
  {
    ...feed,
    id: 'C13',
    why: 'the first proof counts as all of them',
    find: 'if (!this.#proofs.delete(step) || this.#proofs.size > 0 || this.isUp) return;',
    replace: 'if (!this.#proofs.delete(step) || this.isUp) return;',
  },
  {
    ...feed,
    id: 'C13',
    why: 'pongs of the transport count as a living stream',
    find: "provenBy: 'messages',",
    replace: "provenBy: 'any-sign',",
  },
  {
    ...feed,
    id: 'C13',
    why: 'a message that cannot be read is passed over',
    find: 'this.#line.reconnect(`unreadable message, ${messageOf(error)}`);',
    replace: 'this.#options.note(`unreadable message, ${messageOf(error)}`);',
  },
  {
    file: 'src/feeds/private/binance-futures.ts',
    test: feed.test,
    id: 'C13',
    why: 'an expired listen key is ignored',
    find: "context.lost('the listen key expired');",
    replace: 'return;',
  },
  {
    file: 'src/feeds/private/binance-spot.ts',
    test: readers,
    id: 'C15',
    why: 'a cancel is told under its own client id',
    find: "typeof original === 'string' && original !== '' && original !== 'null' ? original : textOf(event['c'])",
    replace: "textOf(event['c'])",
  },
  {
    file: 'src/core/numbers/exact-json.ts',
    test: readers,
    id: 'C15',
    why: 'numbers pass through doubles',
    find: `return JSON.parse(text.replace(TEXT_OR_NUMBER, (found) => (found.startsWith('"') ? found : \`"\${found}"\`)));`,
    replace: "return JSON.parse(text, (_, value) => (typeof value === 'number' ? String(value) : value));",
  },
  {
    file: 'src/feeds/private/bitmex.ts',
    test: readers,
    id: 'C15',
    why: 'an update replaces the row',
    find: 'const whole: JsonRecord = { ...before, ...row };\n    this.#orders',
    replace: 'const whole: JsonRecord = { ...row };\n    this.#orders',
  },
  {
    file: 'src/feeds/private/bitmex.ts',
    test: readers,
    id: 'C15',
    why: 'a late insert brings an ended order back',
    find: "if (action === 'insert' && before !== undefined) return;",
    replace: '',
  },
];
