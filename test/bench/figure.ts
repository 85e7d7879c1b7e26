import type { Spread } from './statistics.ts'

/** What a figure is held against. */
export interface Budget {
  readonly bound: 'at most' | 'at least'
  readonly limit: number
}

/** One figure of a bench: the median over the rounds, and its spread. */
export interface Figure {
  readonly bench: string
  readonly what: string
  readonly unit: string
  readonly spread: Spread
  /** Digits after the point, as it is printed. */
  readonly digits: number
  /** Absent where nothing is promised. */
  readonly budget?: Budget
}

/** Whether the median keeps the budget; `undefined` where there is none. */
export function isMet({ budget, spread }: Figure): boolean | undefined {
  if (budget === undefined) return undefined
  return budget.bound === 'at most' ? spread.median <= budget.limit : spread.median >= budget.limit
}
