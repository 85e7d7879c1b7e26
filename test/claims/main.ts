// `npm run claims [-- --no-run]`: each claim of the README, the tests that prove it, and their result.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CODE_PATHS, fingerprint, LONG_PATHS, ROOT } from '../reporter/fingerprint.ts'
import { declaredParts } from '../reporter/parts.ts'
import { type RunRecord, readRecord } from '../reporter/results.ts'
import { allStand, type JudgedRun, judgeClaims } from './proofs.ts'
import { parseClaims } from './readme-claims.ts'
import { formatTable } from './table.ts'

const SHORT_TIER = ['unit', 'packaging', 'integration', 'sweep'] as const

function isStale(record: RunRecord, current: string): boolean {
  return record.fingerprint !== current || declaredParts().some((part) => !record.parts.includes(part))
}

function readRuns(): JudgedRun[] {
  const current = { short: fingerprint(CODE_PATHS), long: fingerprint(LONG_PATHS) }
  return [...SHORT_TIER, 'long'].flatMap((project) => {
    const record = readRecord(project)
    if (record === undefined) return []
    return [{ record, stale: isStale(record, project === 'long' ? current.long : current.short) }]
  })
}

function lacksFreshRun(runs: readonly JudgedRun[]): boolean {
  return SHORT_TIER.some((project) => !runs.some(({ record, stale }) => record.project === project && !stale))
}

function describeRun({ record, stale }: JudgedRun): string {
  const { project, passed, failed, commit, changed, finishedAt, parts } = record
  const state = `${commit}${changed ? ' with changes' : ''}, ${finishedAt}`
  const declared = parts.length === 0 ? '' : `, with ${parts.join(', ')}`
  return `${project}: ${passed} passed, ${failed} failed (${state}${declared})${stale ? ': stale' : ''}`
}

function main(options: readonly string[]): number {
  const readme = join(ROOT, 'README.md')
  const claims = existsSync(readme) ? parseClaims(readFileSync(readme, 'utf8')) : []
  if (!options.includes('--no-run') && lacksFreshRun(readRuns())) {
    console.log('no test results for this state of the code: running `npm test` first (`--no-run` shows what there is)')
    spawnSync('npm', ['test'], { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' })
  }
  const runs = readRuns()
  const judged = judgeClaims(claims, runs)
  console.log(`\n${formatTable(judged)}`)
  for (const run of runs) console.log(describeRun(run))
  if (claims.length === 0) console.log('README.md makes no claim')
  // A stale run of the short tier proves nothing; only the long tier may be older than the code, and says so.
  return allStand(judged) && !lacksFreshRun(runs) ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
