import type { JudgedRun, Proof } from '../proofs.ts'
import type { Attack } from './attack.ts'
import { shownLines, type TitledTest } from './titles.ts'

/** How a line stands. Only `held`, `stale` (held on a state that has changed since) and `absent` do not fail. */
export type AttackVerdict = 'held' | 'stale' | 'failed' | 'not run' | 'no test' | 'absent'

/** A line with the tests that show it. */
export interface JudgedAttack {
  readonly attack: Attack
  readonly proofs: readonly Proof[]
  /** Where no record has a test of the line: those that the sources have. */
  readonly unrecorded: readonly TitledTest[]
  readonly verdict: AttackVerdict
}

function judge(attack: Attack, proofs: readonly Proof[], unrecorded: readonly TitledTest[]): AttackVerdict {
  if (proofs.some(({ test }) => test.state === 'failed')) return 'failed'
  if (attack.absent !== undefined) return proofs.length === 0 ? 'absent' : 'failed'
  if (proofs.length === 0) return unrecorded.length > 0 ? 'not run' : 'no test'
  const passed = proofs.filter(({ test }) => test.state === 'passed')
  if (passed.length === 0) return 'not run'
  return passed.some(({ run }) => !run.stale) ? 'held' : 'stale'
}

/**
 * Joins each line with the recorded tests whose names begin with it. A line that is absent fails where a test shows it.
 *
 * @param titled tests of the sources, which tell a line that nothing ran for from one without any test
 */
export function judgeAttacks(
  attacks: readonly Attack[],
  runs: readonly JudgedRun[],
  titled: readonly TitledTest[] = [],
): JudgedAttack[] {
  const proofs = runs.flatMap((run) =>
    run.record.tests.map((test) => ({ proof: { test, run }, lines: shownLines(test.name) })),
  )
  return attacks.map((attack) => {
    const own = proofs.filter(({ lines }) => lines.includes(attack.id)).map(({ proof }) => proof)
    const unrecorded = own.length > 0 ? [] : titled.filter(({ title }) => shownLines(title).includes(attack.id))
    return { attack, proofs: own, unrecorded, verdict: judge(attack, own, unrecorded) }
  })
}

/** Tells whether every line is held, or absent for its reason. */
export function allHeld(judged: readonly JudgedAttack[]): boolean {
  return judged.every(({ verdict }) => verdict === 'held' || verdict === 'stale' || verdict === 'absent')
}
