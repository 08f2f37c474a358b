/** Shapes compiled to code. The build puts those of the venue files in the place of this file (core/kernel/shape-compiler.ts); without them the interpreter reads all. */
export const COMPILED = 0;
