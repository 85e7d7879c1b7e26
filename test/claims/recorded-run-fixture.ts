// Test fixture: a recorded run in which so many tests came out so.
import type { RecordedTest } from '../reporter/results.ts'
import type { JudgedRun } from './proofs.ts'

/** A run of a project, of this state of the code unless it is stale. */
export function recordedRun(tests: readonly RecordedTest[], stale = false): JudgedRun {
  const record = {
    project: 'integration',
    commit: 'abc1234',
    changed: false,
    fingerprint: 'f',
    finishedAt: '2026-01-01T00:00:00.000Z',
    machine: 'node',
    parts: [],
    passed: 0,
    failed: 0,
    tests,
  }
  return { record, stale }
}
