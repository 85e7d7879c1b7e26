import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Stands in values of records that end-to-end tests write, where they have no canary of their own; it may appear nowhere else. */
export const SWEPT = 'swept-7d1bc0ffee'

/** What is searched for record values and secrets once all tests have run. */
export type SweptKind = 'log' | 'error' | 'span' | 'audit' | 'answer'

/** The folder of this run, which the configuration of the tests names; outside of tests there is none. */
const folder = process.env['HEADGATE_SWEEP_FOLDER']

function append(prefix: string, text: string): void {
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  appendFileSync(join(folder, `${prefix}-${process.pid}.txt`), `${text}\n`)
}

/** Keeps what Headgate wrote for the search at the end; does nothing outside of tests. */
export function recordForSweep(kind: SweptKind, text: string): void {
  append(kind, text)
}

/** Keeps a secret that is made anew in each run, so that it is searched for; does nothing outside of tests. */
export function plantSecret(secret: string): void {
  append('planted', secret)
}

function linesOf(prefix: string): string[] {
  if (folder === undefined) return []
  const names = readdirSync(folder).filter((name) => name.startsWith(`${prefix}-`))
  return names.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n')).filter((line) => line !== '')
}

/** Everything of one kind that was kept in this run. */
export function swept(kind: SweptKind): string[] {
  return linesOf(kind)
}

/** The secrets that were made in this run. */
export function plantedSecrets(): string[] {
  planted ??= [...new Set(linesOf('planted'))]
  return planted
}

let planted: string[] | undefined
