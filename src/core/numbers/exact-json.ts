/**
 * JSON whose numbers stay what was written: every number of the result is its own text. Doubles lose the last digits of 64-bit ids and of long decimals;
 * private messages and account answers are about money, so they are read this way. Off the hot path.
 */

/** A text (kept as it is) or a number: texts are matched first, so that digits inside them are left alone. */
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** As JSON.parse, numbers as texts. Throws SyntaxError for what is no JSON. */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text.replace(TEXT_OR_NUMBER, (found) => (found.startsWith('"') ? found : `"${found}"`)));
}
