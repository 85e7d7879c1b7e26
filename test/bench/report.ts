import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'

/** One figure of a bench, beside the budget it is held against. */
export interface Figure {
  readonly bench: string
  readonly what: string
  /** As it is printed, with its spread. */
  readonly value: string
  readonly number: number
  readonly budget?: string
  /** Whether the budget is met; absent where there is none. */
  readonly isMet?: boolean
}

/** What the figures were measured on. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const gigabytes = Math.round(
    Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) / 1_048_576,
  )
  return `${cpus().length} × ${model}, ${gigabytes} GiB, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}`
}

/** The figures as a table, one line each. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ bench, what, value, budget = '', isMet }) => [
    bench,
    what,
    value,
    budget,
    isMet === undefined ? '' : isMet ? 'met' : 'MISSED',
  ])
  const all = [['bench', 'figure', 'median (min–max)', 'budget', ''], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
