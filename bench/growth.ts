/** One measured value at one size; `size` and `value` are positive. */
export interface Sample {
  readonly size: number;
  readonly value: number;
}

/**
 * The exponent k of value ≈ c × size^k: the slope of the straight line through the samples on two logarithmic axes.
 */
export function exponent(samples: readonly Sample[]): number {
  const logs = samples.map(({ size, value }) => [Math.log(size), Math.log(value)] as const);
  const mean = (at: 0 | 1) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const across = logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0);
  return across / logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0);
}

/** What a fleet costs at all, and what each cluster and each link adds. */
export interface Shares {
  readonly fixed: number;
  readonly cluster: number;
  readonly link: number;
}

interface Fleet {
  readonly clusters: number;
  readonly links: number;
}

/**
 * Least squares of the relative errors, so that the largest fleet does not decide alone. Needs three fleets or more.
 */
export function shares<T extends Fleet>(fleets: readonly T[], of: (fleet: T) => number): Shares {
  const rows = fleets.map((fleet) => {
    const value = of(fleet);
    return [1 / value, fleet.clusters / value, fleet.links / value];
  });
  const product = (a: number, b: number) => rows.reduce((sum, row) => sum + (row[a] ?? 0) * (row[b] ?? 0), 0);
  const total = (a: number) => rows.reduce((sum, row) => sum + (row[a] ?? 0), 0);
  const [fixed = Number.NaN, cluster = Number.NaN, link = Number.NaN] = solve(
    [0, 1, 2].map((a) => [product(a, 0), product(a, 1), product(a, 2), total(a)]),
  );
  return { fixed, cluster, link };
}

/** Gauss and Jordan's way, of a positive definite system with its right side as the last column. */
function solve(matrix: readonly (readonly number[])[]): number[] {
  let rows = matrix;
  for (let at = 0; at < matrix.length; at += 1) {
    const pivot = rows[at] ?? [];
    const unit = pivot.map((value) => value / (pivot[at] ?? Number.NaN));
    rows = rows.map((row, index) =>
      index === at ? unit : row.map((value, column) => value - (row[at] ?? 0) * (unit[column] ?? 0)),
    );
  }
  return rows.map((row) => row.at(-1) ?? Number.NaN);
}
