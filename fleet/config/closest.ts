/** The candidate that `name` was probably meant to be: a few slips away. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > 63) return undefined;
  const wanted = name.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, slips: slips(wanted, candidate.toLowerCase()) }))
    .filter(
      ({ candidate, slips }) => slips <= Math.max(1, Math.floor(Math.min(candidate.length, name.length) / 3)),
    )
    .sort((a, b) => a.slips - b.slips);
  return ranked[0]?.candidate;
}

/** Letters to add, drop or change, or to swap with their neighbour (optimal string alignment). */
function slips(a: string, b: string): number {
  const rows: number[][] = [];
  const at = (i: number, j: number): number => (i === 0 ? j : j === 0 ? i : (rows[i]?.[j] ?? 0));
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [];
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const row = rows[i] ?? [];
      row[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        change,
        swapped ? at(i - 2, j - 2) + 1 : Infinity,
      );
    }
  }
  return at(a.length, b.length);
}
