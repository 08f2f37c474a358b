/** Broken variants of starting a lane again. */
const keeper = { id: 'C17', file: 'src/workers/lane-keeper.ts', test: 'test/workers/lane-keeper.test.ts' };
const repair = { id: 'C17', file: 'src/workers/lane-repair.ts', test: 'test/workers/lane-repair.test.ts' };
const takeOver = { id: 'C17', test: 'test/execution/take-over.test.ts' };

export default [
  {
    ...keeper,
    why: 'nothing is halted while no hot lane turns',
    find: 'Atomics.exchange(this.#i32, this.#control + (CONTROL_HALT >> 2), HALT_ALL)',
    replace: 'Atomics.load(this.#i32, this.#control + (CONTROL_HALT >> 2))',
  },
  {
    ...keeper,
    why: 'a lane that hangs is not seen',
    find: 'if (kept.stillUs >= limitUs)',
    replace: 'if (kept.stillUs >= Infinity)',
  },
  {
    ...keeper,
    why: 'lanes are taken for hanging because the whole machine slept',
    find: 'Math.min(nowUs - this.#watchedUs, limitUs / LOOKS_LEAST)',
    replace: 'nowUs - this.#watchedUs',
  },
  {
    ...keeper,
    why: 'a run that was closing trades again',
    find: 'RUN_STARTING, before.run)',
    replace: 'RUN_STARTING, 1)',
  },
  { ...keeper, why: 'the strategy that hung it runs again', find: '    this.#parked.add(running);\n', replace: '' },
  {
    ...keeper,
    why: 'it is started again without end',
    find: 'if (this.#restartsMs.length >= RESTARTS_MOST) return false;',
    replace: '',
  },
  {
    ...keeper,
    why: 'requests of the dead lane may still leave while the journal is read',
    find: '    if (isHot) await this.#requestsTaken();\n',
    replace: '',
  },
  { ...keeper, why: 'a stop overtakes a restart', find: '    await Promise.all(this.#revivals);\n', replace: '' },
  {
    ...keeper,
    why: 'the kill switch pressed meanwhile is lifted',
    find: 'Math.max(before.halt, isHalted ? HALT_NEW_ORDERS : HALT_NONE)',
    replace: 'HALT_NONE',
  },
  {
    ...keeper,
    why: 'cancels asked for meanwhile reach nobody',
    find: 'if (isAsked || this.#parts',
    replace: 'if (this.#parts',
  },
  {
    ...keeper,
    why: 'open orders are cancelled though they were to be kept',
    find: 'isAsked || this.#parts.prepared.options.cancelsOnDeath',
    replace: 'true',
  },
  {
    ...repair,
    why: 'a slot that was half written stays unreadable',
    find: '  views.u8.fill(0, base + sequence + 4, base + bytes);\n  mend(views, word);',
    replace: '  views.u8.fill(0, base + sequence + 4, base + bytes);',
  },
  {
    ...repair,
    why: 'the sequence begins anew: a reader in between sees nothing of it',
    find: '  views.u8.fill(0, base + sequence + 4, base + bytes);',
    replace: '  views.u8.fill(0, base, base + bytes);',
  },
  {
    ...repair,
    why: 'wishes of strategies that are no more are carried out',
    find: '[plan.intents, plan.events]',
    replace: '[plan.events]',
  },
  { ...repair, why: 'books that nobody keeps stay live', find: '= BOOK_GAP;', replace: '|= 0;' },
  { ...repair, why: 'books of another lane are taken away', find: 'if (!venues.includes(venue)) continue;', replace: 'void venue;' },
  {
    id: 'C17',
    file: 'src/core/memory/counters.ts',
    test: 'test/workers/feed-lane.test.ts',
    why: 'counters of a feed begin anew with every lane',
    find: '(this.#before.get(name) ?? 0) + value',
    replace: 'value',
  },
  {
    id: 'C17',
    file: 'src/workers/feed-lane.ts',
    test: 'test/workers/feed-lane.test.ts',
    why: 'connections that are no more stay counted',
    find: 'VENUE_COUNTERS, VENUE_GAUGES)',
    replace: 'VENUE_COUNTERS, [])',
  },
  {
    ...takeOver,
    file: 'src/execution/desk.ts',
    why: 'order numbers begin anew with every executor',
    find: 'new Int32Array(views.buffer, plan.orderNumbers, plan.counts.strategies * this.#levels)',
    replace: 'new Int32Array(plan.counts.strategies * this.#levels)',
  },
  {
    ...takeOver,
    file: 'src/execution/adopt.ts',
    why: 'an order that is still on its way is taken for one that never arrived',
    find: '=== desk.tables.run % MAX_RUNS ? nowUs : -Infinity',
    replace: '=== -1 ? nowUs : -Infinity',
  },
  {
    ...takeOver,
    file: 'src/execution/requests.ts',
    why: 'what the gateway has taken off its ring counts as more room',
    find: 'word.sent = this.#rings[gateway]!.committed()',
    replace: 'word.sent = this.#rings[gateway]!.committed() * 0',
  },
];
