/** Tests that run longer under `npm run torture`: the same rules, more of everything. */
export const isTorture = process.env['THOR_TORTURE'] === '1';

export function times(usual: number, torture: number): number {
  return isTorture ? torture : usual;
}
