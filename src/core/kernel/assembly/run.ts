/** Whole text frames of a socket (RFC 6455, 5.2: final, not masked), one behind the other with their headers: where each ends, and what a run of them leaves. */
import { CTX_CHANGED, CTX_CHANGED_AT, CTX_RUN_BYTES, CTX_RUN_FRAMES, CTX_RUN_FROM, CTX_RUN_TO, MOST_CHANGED, RUN_BYTES, RUN_OVER } from '../context';

const WHOLE_TEXT: u32 = 0x81;
/** In the place of a length: two bytes of it follow. More are no hot message. */
const LENGTH_FOLLOWS: u32 = 126;

// @ts-ignore: decorator
@inline
export function openRun(ctx: usize): void {
  store<i64>(ctx, 0, CTX_RUN_FRAMES);
  store<i32>(ctx, 0, CTX_CHANGED);
}

/** Where the frame ends that begins at `at`, 0 when no whole text frame does. */
// @ts-ignore: decorator
@inline
export function frameEnd(at: usize, end: usize): usize {
  if (<i32>(end - at) < 2 || load<u8>(at) != WHOLE_TEXT) return 0;
  const short = <u32>load<u8>(at, 1);
  let to = at + 2 + short;
  if (short >= LENGTH_FOLLOWS) {
    if (short != LENGTH_FOLLOWS || <i32>(end - at) < 4) return 0;
    const length = (<u32>load<u8>(at, 2) << 8) | <u32>load<u8>(at, 3);
    // Not minimal: an error that is told of elsewhere.
    if (length < LENGTH_FOLLOWS) return 0;
    to = at + 4 + length;
  }
  return to > end ? 0 : to;
}

// @ts-ignore: decorator
@inline
export function payloadOf(at: usize): usize {
  return at + (load<u8>(at, 1) == LENGTH_FOLLOWS ? 4 : 2);
}

/** Another book was published. @returns true when enough was done */
// @ts-ignore: decorator
@inline
export function noteFrame(ctx: usize, instrument: i32, length: usize): bool {
  const bytes = load<i32>(ctx, CTX_RUN_BYTES) + <i32>length;
  store<i32>(ctx, load<i32>(ctx, CTX_RUN_FRAMES) + 1, CTX_RUN_FRAMES);
  store<i32>(ctx, bytes, CTX_RUN_BYTES);
  let count = load<i32>(ctx, CTX_CHANGED);
  const list = ctx + CTX_CHANGED_AT;
  let place = 0;
  while (place < count && load<i32>(list + (<usize>place << 2)) != instrument) place++;
  if (place == count) {
    store<i32>(list + (<usize>place << 2), instrument);
    count++;
    store<i32>(ctx, count, CTX_CHANGED);
  }
  return bytes >= RUN_BYTES || count == MOST_CHANGED;
}

/** `at` is where the next frame begins. */
// @ts-ignore: decorator
@inline
export function endRun(ctx: usize, at: usize): i32 {
  store<u32>(ctx, 0, CTX_RUN_FROM);
  store<u32>(ctx, <u32>at, CTX_RUN_TO);
  return RUN_OVER;
}

/** A frame that is no published book: `done` says what it is. */
// @ts-ignore: decorator
@inline
export function stopRun(ctx: usize, from: usize, to: usize, done: i32): i32 {
  store<u32>(ctx, <u32>from, CTX_RUN_FROM);
  store<u32>(ctx, <u32>to, CTX_RUN_TO);
  return done;
}
