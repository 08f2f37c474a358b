/** The word a person probably meant: for messages about unknown keys, flags and verbs. */

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, swap);
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The nearest of `words`, or null when none shares anything with `word`. */
export function nearestWord(word: string, words: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best !== null && bestDistance < Math.max(word.length, best.length) ? best : null;
}

/** The end of a message about a word that is not among `words`: the nearest one as a question, or nothing. */
export function didYouMean(word: string, words: readonly string[]): string {
  const near = nearestWord(word, words);
  return near === null ? '' : `; did you mean '${near}'?`;
}
