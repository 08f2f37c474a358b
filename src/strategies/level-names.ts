/** Names of a strategy's level states by their codes, as `levelStates` of its definition wants them: for pages and exports. Called when a strategy's file is loaded. */
export function namesByCode(states: Readonly<Record<string, number>>): readonly string[] {
  const names = Array.from({ length: Math.max(...Object.values(states)) + 1 }, () => '');
  for (const [name, code] of Object.entries(states)) names[code] = name.toLowerCase();
  return names;
}
