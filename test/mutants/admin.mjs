/** Broken variants of what a person changes while an engine trades. */
const SWITCH = { file: 'src/workers/kill-switch.ts', test: 'test/workers/kill-switch.test.ts' };

export default [
  {
    id: 'D13',
    ...SWITCH,
    find: "level === 'halted' ? HALT_NEW_ORDERS : HALT_NONE",
    replace: 'HALT_NONE',
    why: 'what waits in the gateways still leaves',
  },
  {
    id: 'D13',
    ...SWITCH,
    find: '    if (cancel) Atomics.add(',
    replace: '    if (!cancel) Atomics.add(',
    why: 'the kill switch leaves the orders where they are',
  },
  {
    id: 'D14',
    ...SWITCH,
    find: '    this.#record(level);\n',
    replace: '',
    why: 'a change of the trading state is in no audit',
  },
  {
    id: 'D16',
    file: 'src/monitoring/journal-rows.ts',
    test: 'test/monitoring/journal-view.test.ts',
    find: "return `${meta?.venue ?? ''} ${this.#tables.assets[feeAsset]",
    replace: "return `${meta?.id ?? ''} ${this.#tables.assets[feeAsset]",
    why: 'a balance is told of an instrument instead of the venue',
  },
  {
    id: 'G4',
    file: 'src/storage/journal-fold.ts',
    test: 'test/storage/kept-params.test.ts',
    find: '      params: this.#params.all(),\n      lostRecords',
    replace: '      lostRecords',
    why: 'a checkpoint forgets parameters that were changed',
  },
];
