import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { type Budget, type Figure, isMet } from './figure.ts'
import type { Spread } from './statistics.ts'

/** What the figures of a run were measured on, and when. */
export interface RunFacts {
  readonly machine: string
  readonly node: string
  readonly kafka: string
  readonly rounds: number
  readonly date: string
  /** The kernel's load averages over one minute, before and after the run: the bench itself makes about two. */
  readonly load: { readonly before: number; readonly after: number }
}

/** Processors and memory of this machine. */
export function machineText(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const kibibytes = Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0)
  return `${cpus().length} × ${model}, ${Math.round(kibibytes / 1_048_576)} GiB`
}

/** The load average over one minute. */
export function loadNow(): number {
  return loadavg()[0] ?? Number.NaN
}

/** A run as a person reads it. */
export function runText(facts: RunFacts, figures: readonly Figure[]): string {
  const { machine, node, kafka, rounds, date, load } = facts
  const where = `${machine}, Node.js ${node}, Kafka ${kafka}`
  const how = `${date}, ${rounds} rounds, load ${load.before.toFixed(2)} before, ${load.after.toFixed(2)} after`
  return `\n${where}\n${how}\n\n${figureTable(figures)}\n`
}

/** A run as a machine reads it. */
export function runJson(facts: RunFacts, figures: readonly Figure[]): string {
  const rows = figures.map((figure) => ({ ...figure, isMet: isMet(figure) }))
  return `${JSON.stringify({ ...facts, figures: rows }, null, 2)}\n`
}

function figureTable(figures: readonly Figure[]): string {
  const head = ['bench', 'figure', 'unit', 'median', 'min–max', 'budget', '']
  const all = [head, ...figures.map(row)]
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)))
  return all.map((cells) => line(cells, widths)).join('\n')
}

function line(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd()
}

function row(figure: Figure): string[] {
  const { bench, what, unit, spread, digits, budget } = figure
  const met = isMet(figure)
  const verdict = met === undefined ? '' : met ? 'met' : 'MISSED'
  return [bench, what, unit, spread.median.toFixed(digits), rangeText(spread, digits), budgetText(budget), verdict]
}

function rangeText({ min, max }: Spread, digits: number): string {
  return min === max ? '' : `${min.toFixed(digits)}–${max.toFixed(digits)}`
}

function budgetText(budget: Budget | undefined): string {
  return budget === undefined ? '' : `${budget.bound === 'at most' ? '≤' : '≥'} ${budget.limit}`
}
