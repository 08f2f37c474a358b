/** What stays of a message when its values are taken away: keys, their order, kinds of values, and how many decimals a number's text has. */

/** @param isExact false: decimals are not compared, for venues that print numbers without zeros at the end */
export function frameShape(text: string, isExact: boolean): string {
  const decimals = (fraction: string | undefined): string => (!isExact || fraction === undefined ? 'n' : `n.${fraction.length - 1}`);
  let shape = text
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"time"')
    .replaceAll(/"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"/g, '"uuid"')
    .replaceAll(/\["[^"]*","[^"]*"\](?:,\["[^"]*","[^"]*"\])*/g, (levels) => levelKinds(levels, decimals))
    .replaceAll(/:"-?\d+(\.\d+)?"/g, (_, fraction: string | undefined) => `:"${decimals(fraction)}"`)
    .replaceAll(/:-?\d+(?:\.\d+)?(?:e-?\d+)?(?=[,}\]])/g, ':#')
    .replaceAll(/:(?:true|false)(?=[,}\]])/g, ':bool')
    .replaceAll(/"(?:Plus|ZeroPlus|Minus|ZeroMinus)Tick"/g, '"direction"')
    .replaceAll(/"(?:Buy|Sell)"/g, '"side"');
  // Rows of one shape count once.
  for (let before = ''; before !== shape;) {
    before = shape;
    shape = shape.replaceAll(/(\{[^{}]*\}),\1/g, '$1');
  }
  return shape;
}

function levelKinds(levels: string, decimals: (fraction: string | undefined) => string): string {
  const kinds = new Set<string>();
  for (const [, price = '', qty = ''] of levels.matchAll(/\["([^"]*)","([^"]*)"\]/g)) {
    const kind = (text: string): string => text.replace(/^\d+(\.\d+)?$/, (_, fraction: string | undefined) => decimals(fraction));
    // Bybit prints a level that is gone as `0` whatever its other quantities look like.
    if (qty !== '0') kinds.add(`["${kind(price)}","${kind(qty)}"]`);
  }
  return [...kinds].toSorted().join('|');
}
