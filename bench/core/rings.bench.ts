/** The SPSC ring against a queue of objects, and the price of one doorbell. */
import { interleave, row, type BenchFile } from '../harness.js';
import { RECORD_BYTES, REC_PRICE } from '../../src/core/memory/record.js';
import { viewsOf } from '../../src/core/memory/shared-memory.js';
import { SpscRing, spscRingBytes } from '../../src/core/memory/spsc-ring.js';

const CAPACITY = 1024;
const BATCH = 64;

export const rows: BenchFile = async (options) => {
  const views = viewsOf(new SharedArrayBuffer(spscRingBytes(RECORD_BYTES, CAPACITY)));
  const ring = new SpscRing(views, 0, RECORD_BYTES, CAPACITY);
  const f64 = views.f64;
  const queue: { price: number }[] = [];
  const [ours, theirs] = await interleave(
    [
      {
        name: 'SpscRing',
        run(count) {
          let sum = 0;
          for (let n = 0; n < count; n++) {
            for (let i = 0; i < BATCH; i++) {
              const at = ring.reserve();
              f64[(at + REC_PRICE) >> 3] = i;
              ring.commit();
            }
            for (let at = ring.front(); at !== -1; at = ring.front()) {
              sum += f64[(at + REC_PRICE) >> 3]!;
              ring.release();
            }
          }
          return sum;
        },
      },
      {
        name: 'an array of objects, one thread',
        run(count) {
          let sum = 0;
          for (let n = 0; n < count; n++) {
            for (let i = 0; i < BATCH; i++) queue.push({ price: i });
            for (let item = queue.shift(); item !== undefined; item = queue.shift()) sum += item.price;
          }
          return sum;
        },
      },
    ],
    options,
    { sameResult: true },
  );
  if (ours === undefined || theirs === undefined) return [];
  return [
    row(`ring: ${BATCH} records in, ${BATCH} out`, ours, theirs, { conditions: 'one thread, 128-byte records', check: 'sums equal' }),
  ];
};
