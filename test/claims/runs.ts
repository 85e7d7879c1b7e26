import { spawnSync } from 'node:child_process'
import { CODE_PATHS, fingerprint, LONG_PATHS, ROOT } from '../reporter/fingerprint.ts'
import { declaredParts } from '../reporter/parts.ts'
import { type RunRecord, readRecord } from '../reporter/results.ts'
import type { JudgedRun } from './proofs.ts'

const SHORT_TIER = ['unit', 'packaging', 'integration', 'sweep'] as const

function isStale(record: RunRecord, current: string): boolean {
  return record.fingerprint !== current || declaredParts().some((part) => !record.parts.includes(part))
}

/** Reads the record of each project's last whole run, and judges whether it is of this state of the code. */
export function readRuns(): JudgedRun[] {
  const current = { short: fingerprint(CODE_PATHS), long: fingerprint(LONG_PATHS) }
  return [...SHORT_TIER, 'long'].flatMap((project) => {
    const record = readRecord(project)
    if (record === undefined) return []
    return [{ record, stale: isStale(record, project === 'long' ? current.long : current.short) }]
  })
}

/**
 * Tells whether a project of the short tier has no run on this state of the code. A stale run of the short tier proves
 * nothing; only the long tier may be older than the code, and says so.
 */
export function lacksFreshRun(runs: readonly JudgedRun[]): boolean {
  return SHORT_TIER.some((project) => !runs.some(({ record, stale }) => record.project === project && !stale))
}

/** Tells which projects of the short tier have no run here, and what makes one; nothing where each has. */
export function describeMissingRuns(runs: readonly JudgedRun[]): string {
  const missing = SHORT_TIER.filter((project) => !runs.some(({ record }) => record.project === project))
  return missing.length === 0 ? '' : `${missing.join(', ')}: no run is on record here: \`npm test\` makes one`
}

/** Runs the short tier. `toStderr` keeps its words out of what a machine reads. */
export function runTests(toStderr: boolean): void {
  const shell = process.platform === 'win32'
  spawnSync('npm', ['test'], { cwd: ROOT, stdio: toStderr ? ['inherit', 2, 'inherit'] : 'inherit', shell })
}

/** Tells what a run was of, in one line. */
export function describeRun({ record, stale }: JudgedRun): string {
  const { project, passed, failed, commit, changed, finishedAt, parts } = record
  const state = `${commit}${changed ? ' with changes' : ''}, ${finishedAt}`
  const declared = parts.length === 0 ? '' : `, with ${parts.join(', ')}`
  return `${project}: ${passed} passed, ${failed} failed (${state}${declared})${stale ? ': stale' : ''}`
}
