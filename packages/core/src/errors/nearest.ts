/** The nearest known word, if it is near enough to be a slip: same first letter, and at most a third of it wrong. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  let best: {readonly name: string; readonly distance: number} | undefined;
  for (const name of known) {
    const candidate = name.toLowerCase();
    if (candidate[0] !== wanted[0]) continue;
    const distance = editDistance(wanted, candidate);
    if (distance > Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3))) continue;
    if (best === undefined || distance < best.distance) best = {name, distance};
  }
  return best?.name;
}

/** Insertions, deletions, replacements and swaps of neighbours, each one step. */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({length: b.length + 1}, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, replaced, isSwap ? older[j - 2]! + 1 : Infinity));
    }
    [older, previous] = [previous, row];
  }
  return previous[b.length]!;
}
