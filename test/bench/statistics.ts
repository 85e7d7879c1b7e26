/** The middle of some figures, and their ends. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The value below which the given part of the figures lies; of none, NaN. */
export function percentile(figures: readonly number[], part: number): number {
  const sorted = figures.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

/** The spread of some figures. */
export function spreadOf(figures: readonly number[]): Spread {
  return { median: percentile(figures, 0.5), min: Math.min(...figures), max: Math.max(...figures) }
}
