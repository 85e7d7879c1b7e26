import type { RecordedTest, RunRecord } from '../reporter/results.ts'
import type { Claim } from './readme-claims.ts'

/** A run, and whether what it ran on has changed since. */
export interface JudgedRun {
  readonly record: RunRecord
  readonly stale: boolean
}

/** One test that names a claim. */
export interface Proof {
  readonly test: RecordedTest
  readonly run: JudgedRun
}

/**
 * How a claim stands. `proved`: a test that ran on this state passed and none failed. `stale`: the same, on a state that
 * has changed since. The other four fail.
 */
export type Verdict = 'proved' | 'stale' | 'failed' | 'not run' | 'no test' | 'not claimed'

/** A claim with its tests. */
export interface JudgedClaim {
  readonly claim: Claim
  readonly proofs: readonly Proof[]
  readonly verdict: Verdict
}

const NAMED_IDS = /(?:\s*\[[a-z0-9-]+\])+$/

/** Reads the ids that a test's name, or that of a group around it, ends in: `… [gateway-blocks]`. */
export function namedIds(testName: string): string[] {
  return testName.split(' > ').flatMap((part) => {
    const named = NAMED_IDS.exec(part)?.[0] ?? ''
    return [...named.matchAll(/\[([a-z0-9-]+)\]/g)].map(([, id = '']) => id)
  })
}

function judge(claim: Claim, proofs: readonly Proof[], didFileRun: boolean): Verdict {
  if (claim.text === '') return 'not claimed'
  if (proofs.length === 0 && !didFileRun) return 'not run'
  if (!proofs.some(({ test }) => test.file === claim.proof)) return 'no test'
  if (proofs.some(({ test }) => test.state === 'failed')) return 'failed'
  const passed = proofs.filter(({ test }) => test.state === 'passed')
  if (passed.length === 0) return 'not run'
  return passed.some(({ run }) => !run.stale) ? 'proved' : 'stale'
}

/**
 * Joins each claim with the tests that name it.
 *
 * The test file that the README links must be one of them: a link to a file that proves something else is `no test`.
 */
export function judgeClaims(claims: readonly Claim[], runs: readonly JudgedRun[]): JudgedClaim[] {
  const all = runs.flatMap((run) => run.record.tests.map((test) => ({ test, run })))
  return claims.map((claim) => {
    const proofs = all.filter(({ test }) => namedIds(test.name).includes(claim.id))
    const didFileRun = all.some(({ test }) => test.file === claim.proof)
    return { claim, proofs, verdict: judge(claim, proofs, didFileRun) }
  })
}

/** Tells whether every claim stands. No claim at all does not. */
export function allStand(judged: readonly JudgedClaim[]): boolean {
  return judged.length > 0 && judged.every(({ verdict }) => verdict === 'proved' || verdict === 'stale')
}
