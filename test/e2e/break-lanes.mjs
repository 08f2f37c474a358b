/**
 * Loaded before a lane's own program (`NODE_OPTIONS=--import`): breaks the thread when a file of its lane's name appears in the folder that `THOR_TEST_BREAK` names. What
 * a lane dies of in earnest (an assertion, memory, a library) cannot be asked for from outside.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, workerData } from 'node:worker_threads';

const folder = process.env.THOR_TEST_BREAK;
const names = isMainThread ? undefined : workerData?.layout?.names;
if (folder !== undefined && names !== undefined) {
  const name = names[workerData.lane];
  const breakWhenAsked = () => {
    const once = join(folder, name);
    const isAsked = existsSync(once);
    if (!isAsked && !existsSync(join(folder, `${name}-always`))) return;
    if (isAsked) rmSync(once);
    throw new Error(`${name} breaks as asked`);
  };
  if (name !== 'hot') setInterval(breakWhenAsked, 50).unref();
  else {
    // The hot lane turns no event loop: it is caught where it sleeps.
    const wait = Atomics.wait;
    let sleeps = 0;
    Atomics.wait = (...given) => {
      if (++sleeps % 16 === 0) breakWhenAsked();
      return wait(...given);
    };
  }
}
