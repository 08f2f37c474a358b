/**
 * The kernel in AssemblyScript: frame bytes to the published book in one call. It has no data of its own: everything stands in the engine's shared memory, which
 * it imports. Compiled by scripts/build.mjs, called by core/kernel/wasm-kernel.ts on the feed's thread.
 */
export { applyShapes as apply } from './apply';
export { fastSide } from './ladder';
export * from './shapes';
export { admit } from './symbols';
