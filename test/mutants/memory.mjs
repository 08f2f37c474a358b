/** Broken variants of what crosses threads: each is caught by the interleavings, or where only an order of the machine is at stake, by the reorderings. */
const interleaved = 'test/core/memory/interleavings.test.ts';
const reordered = 'test/core/memory/reordering.test.ts';
const ring = { id: 'ring', file: 'src/core/memory/spsc-ring.ts', test: interleaved };
const seqlock = { id: 'seqlock', file: 'src/core/memory/seqlock.ts', test: interleaved };
const broadcast = { id: 'broadcast', file: 'src/core/memory/broadcast-ring.ts', test: interleaved };
const doorbell = { id: 'doorbell', file: 'src/core/memory/doorbell.ts', test: interleaved };

export default [
  {
    ...ring,
    why: 'a record is visible before it is written',
    find: '    return this.recordAt(head);',
    replace: '    Atomics.store(this.#i32, this.#slot(head) >> 2, markOf(head));\n    return this.recordAt(head);',
  },
  {
    ...ring,
    why: 'a full ring takes one more',
    find: 'if (((head - this.#seenTail) | 0) >= this.capacity) return -1;',
    replace: 'if (((head - this.#seenTail) | 0) > this.capacity) return -1;',
  },
  {
    ...ring,
    why: 'a place is given back before it was read',
    find: '    return this.#isMarked(tail) ? this.recordAt(tail) : -1;',
    replace:
      '    if (this.#isMarked(tail)) Atomics.store(this.#i32, this.#tail, (tail + 1) | 0);\n    return this.#isMarked(tail) ? this.recordAt(tail) : -1;',
  },
  {
    ...ring,
    why: 'a record of the lap before is taken for the next one',
    find: 'const markOf = (count: number): number => (count << 1) | 1;',
    replace: 'const markOf = (_count: number): number => 1;',
  },
  {
    ...ring,
    test: 'test/core/memory/rings.test.ts',
    why: 'a record whose producer died before it was counted is written over',
    find: 'this.#isMarked(head) ? (head + 1) | 0 : head;',
    replace: 'head;',
  },
  {
    ...ring,
    why: 'the consumer gives no place back',
    find: '    Atomics.store(this.#i32, this.#tail, this.#ownTail);\n',
    replace: '',
  },
  {
    ...ring,
    test: reordered,
    why: 'the mark may pass the stores of its record (ARM)',
    find: '    Atomics.store(this.#i32, this.#slot(head) >> 2, markOf(head));\n    this.#ownHead',
    replace: '    this.#i32[this.#slot(head) >> 2] = markOf(head);\n    this.#ownHead',
  },
  {
    ...seqlock,
    why: 'the sequence is not odd while a write is under way',
    find: 'beginWrite(i32: Int32Array, index: number): void {\n  Atomics.exchange(i32, index, i32[index]! + 1);',
    replace: 'beginWrite(i32: Int32Array, index: number): void {\n  Atomics.exchange(i32, index, i32[index]! + 2);',
  },
  {
    ...seqlock,
    why: 'a write is whole before it is begun',
    find: 'endWrite(i32: Int32Array, index: number): void {\n  Atomics.store(i32, index, i32[index]! + 1);',
    replace: 'endWrite(i32: Int32Array, index: number): void {\n  void [i32, index];',
  },
  {
    ...seqlock,
    why: 'a write under way is read',
    find: 'return (before & 1) === 0 ? before : -1;',
    replace: 'return before;',
  },
  {
    ...seqlock,
    why: 'the sequence is not compared',
    find: 'return Atomics.or(i32, index, 0) === before;',
    replace: 'return Atomics.or(i32, index, 0) >= before;',
  },
  {
    ...seqlock,
    test: reordered,
    why: 'the last half of a write may pass its stores (ARM)',
    find: '  Atomics.store(i32, index, i32[index]! + 1);',
    replace: '  i32[index] = i32[index]! + 1;',
  },
  {
    ...seqlock,
    test: reordered,
    why: 'stores of the data may pass the first half of a write (ARM)',
    find: 'beginWrite(i32: Int32Array, index: number): void {\n  Atomics.exchange(i32, index, i32[index]! + 1);',
    replace: 'beginWrite(i32: Int32Array, index: number): void {\n  Atomics.store(i32, index, Atomics.load(i32, index) + 1);',
  },
  {
    ...seqlock,
    test: reordered,
    why: 'loads of the data may pass the last look at the sequence (ARM)',
    find: 'return Atomics.or(i32, index, 0) === before;',
    replace: 'return Atomics.load(i32, index) === before;',
  },
  {
    ...broadcast,
    why: 'readers of the record that is replaced are not warned',
    find: '    Atomics.exchange(this.#i32, this.#claimed, this.#i32[this.#claimed]! + 1);\n',
    replace: '',
  },
  {
    ...broadcast,
    why: 'a copy is taken for whole without a look',
    find: '    if (((claimed - this.#cursor) | 0) > this.#capacity) {\n      this.#skipTo(Atomics',
    replace: '    if (((claimed - this.#cursor) | 0) > this.#capacity * 2) {\n      this.#skipTo(Atomics',
  },
  {
    ...broadcast,
    why: 'a record is whole before it is written',
    find: '    return this.#records + (this.#count & this.#mask) * this.#recordBytes;',
    replace:
      '    Atomics.store(this.#i32, this.#claimed + 1, this.#count + 1);\n    return this.#records + (this.#count & this.#mask) * this.#recordBytes;',
  },
  {
    ...broadcast,
    why: 'a reader behind the whole ring counts nothing as missed',
    find: '    this.lost += (next - this.#cursor) | 0;\n',
    replace: '',
  },
  {
    ...broadcast,
    test: reordered,
    why: 'stores of the record may pass the warning (ARM)',
    find: 'Atomics.exchange(this.#i32, this.#claimed, this.#i32[this.#claimed]! + 1);',
    replace: 'Atomics.store(this.#i32, this.#claimed, Atomics.load(this.#i32, this.#claimed) + 1);',
  },
  {
    ...broadcast,
    test: reordered,
    why: 'loads of the copy may pass the last look (ARM)',
    find: 'const claimed = Atomics.or(this.#i32, this.#claimed, 0);',
    replace: 'const claimed = Atomics.load(this.#i32, this.#claimed);',
  },
  {
    ...doorbell,
    why: 'a ring is not counted',
    find: '    Atomics.add(this.#i32, this.#count, 1);\n',
    replace: '',
  },
  {
    ...doorbell,
    why: 'a lane that goes to sleep does not say so',
    find: '    Atomics.store(this.#i32, this.#sleeping, 1);\n    return',
    replace: '    return',
  },
  {
    ...doorbell,
    why: 'a lane sleeps on the count of now instead of the one it armed with',
    find: 'Atomics.wait(this.#i32, this.#count, armed, timeoutMs);',
    replace: 'Atomics.wait(this.#i32, this.#count, Atomics.load(this.#i32, this.#count) + armed * 0, timeoutMs);',
  },
];
