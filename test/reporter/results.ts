import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Origin, ROOT } from './fingerprint.ts'

/** How a test ended. Only `passed` proves anything. */
export type ResultState = 'passed' | 'failed' | 'not run'

/** One test of a run. */
export interface RecordedTest {
  /** Relative to the root of the workspace. */
  readonly file: string
  /** With the names of the groups around it, joined by ` > `. */
  readonly name: string
  readonly state: ResultState
}

/** One whole run of a project. */
export interface RunRecord extends Origin {
  readonly project: string
  readonly fingerprint: string
  /** ISO 8601, UTC. */
  readonly finishedAt: string
  /** What ran it: Node, platform, processor count. */
  readonly machine: string
  /** The parts that were declared. */
  readonly parts: readonly string[]
  readonly passed: number
  readonly failed: number
  readonly tests: readonly RecordedTest[]
}

// Committed, unlike the others.
const LONG_RECORD: string = join(ROOT, 'docs/reference/long-run.json')

/** Where the record of a project's last whole run is kept. */
export function recordPath(project: string): string {
  return project === 'long' ? LONG_RECORD : join(ROOT, 'test/.results', `${project}.json`)
}

/** Writes a record in one step, so that a reader never sees half of it. */
export function writeRecord(record: RunRecord, path: string = recordPath(record.project)): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`)
  renameSync(`${path}.new`, path)
}

/** Reads the record of a project's last whole run; `undefined` where there is none. */
export function readRecord(project: string, path: string = recordPath(project)): RunRecord | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  return JSON.parse(text) as RunRecord
}
