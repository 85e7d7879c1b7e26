import { expect, test } from 'vitest'
import { claimsOf, expectation, ISSUED, key } from '../bundle/bundle-fixture.ts'
import { BundleStore } from '../bundle/bundle-store.ts'
import { createCanaries } from '../bundle/canaries.ts'
import { demandsOf } from '../bundle/demands.ts'
import { signBundle } from '../bundle/sign-bundle.ts'
import { verifyBundle } from '../bundle/verify-bundle.ts'
import type { PolicyDocument } from '../document/document.ts'
import { parsePolicy } from '../document/parse-policy.ts'
import { Operation } from '../operation.ts'
import { decide } from './decide.ts'
import { ada } from './policy-fixture.ts'
import { compileProgram, type Program } from './program.ts'
import { residualFor } from './residual.ts'

const MINUTE_MS = 60_000
const instant = (unixMs: number): string => new Date(unixMs).toISOString()

function documentOf(text: string): PolicyDocument {
  const result = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.document
}

const ends = ISSUED + 2 * MINUTE_MS
const document = documentOf(`rules:
  - { id: grant, who: everyone, when: { until: "${instant(ends)}" }, may: { consume: [orders] } }
  - { id: freeze, who: everyone, when: { from: "${instant(ends)}" }, never: { produce: [orders] } }
  - { id: always, who: everyone, may: { produce: [orders] } }`)
const residual = residualFor(document, ada)

const effects = (program: Program): string[] =>
  [Operation.Read, Operation.Write].map((operation) => decide(program, 'topic', operation, 'orders').effect)

test('P5: no decision is remembered past a boundary: a program says until when it holds', () => {
  const before = compileProgram(residual, ends - 1)
  expect(effects(before)).toEqual(['allow', 'allow'])
  expect(before.validUntilUnixMs).toBe(ends)
  const after = compileProgram(residual, ends)
  expect(effects(after)).toEqual(['deny', 'deny'])
  expect(after.validUntilUnixMs).toBe(Number.POSITIVE_INFINITY)
  expect(after.digest).toBe(before.digest)
})

test('P1: where nothing is known of a schedule its grant is missing and its denial applies', () => {
  expect(effects(compileProgram(residual))).toEqual(['deny', 'deny'])
  const rules = residual.rules.map((rule) =>
    rule.when === undefined ? rule : { ...rule, when: { days: [1], zone: 'Atlantis/Capital' } },
  )
  expect(effects(compileProgram({ ...residual, rules }, ends - 1))).toEqual(['deny', 'deny'])
})

test('P5: a bundle changes over by itself, and a clock that goes back brings nothing back', async () => {
  const program = compileProgram(residual, ISSUED)
  const claims = claimsOf({
    residual,
    programDigest: program.digest,
    canaries: createCanaries(program),
    mustUnderstand: demandsOf(residual),
  })
  const jws = await signBundle(claims, key)
  let [nowUnixMs, monotonicMs] = [ISSUED + 1000, 50]
  const clock = { nowUnixMs: () => nowUnixMs, monotonicMs: () => monotonicMs, after: () => ({ cancel: () => {} }) }
  const store = new BundleStore({ clock })
  store.activate(await verifyBundle(jws, expectation({ nowUnixMs })))
  expect(effects(store.programAt())).toEqual(['allow', 'allow'])
  nowUnixMs = ends
  expect(effects(store.programAt())).toEqual(['deny', 'deny'])
  nowUnixMs = ISSUED + 1000
  monotonicMs += ends - ISSUED
  expect(effects(store.programAt())).toEqual(['deny', 'deny'])
})

test('a bundle that is verified behind a boundary is held against what was so when it was issued', async () => {
  const program = compileProgram(residual, ISSUED)
  const claims = claimsOf({ residual, programDigest: program.digest, canaries: createCanaries(program) })
  expect(claims.mustUnderstand).toContain('schedules')
  const bundle = await verifyBundle(await signBundle(claims, key), expectation({ nowUnixMs: ends + 1 }))
  expect(effects(bundle.program)).toEqual(['deny', 'deny'])
})

const rule = (when: string): string => `rules:\n  - { id: a, who: everyone, when: ${when}, may: { consume: [t] } }`

test.each([
  ['{}', 'ERR_POLICY_EMPTY', '2:35'],
  ['{ days: [mon] }', 'ERR_POLICY_SCHEDULE', '2:35'],
  ['{ from: "2026-12-01T08:00:00Z", in: UTC }', 'ERR_POLICY_SCHEDULE', '2:35'],
  ['{ from: "2026-12-02T08:00:00Z", until: "2026-12-01T08:00:00Z" }', 'ERR_POLICY_SCHEDULE', '2:35'],
  ['{ from: "2026-12-01" }', 'ERR_POLICY_SCHEDULE', '2:43'],
  ['{ from: "2026-02-30T08:00:00Z" }', 'ERR_POLICY_SCHEDULE', '2:43'],
  ['{ from: "2026-12-01T08:00:00" }', 'ERR_POLICY_SCHEDULE', '2:43'],
  ['{ days: [monday], in: UTC }', 'ERR_POLICY_SCHEDULE', '2:44'],
  ['{ between: ["8:00-9:00"], in: UTC }', 'ERR_POLICY_SCHEDULE', '2:47'],
  ['{ between: ["08:00-08:00"], in: UTC }', 'ERR_POLICY_SCHEDULE', '2:47'],
  ['{ between: ["08:00-24:30"], in: UTC }', 'ERR_POLICY_SCHEDULE', '2:47'],
  ['{ days: [mon], in: Atlantis/Capital }', 'ERR_POLICY_SCHEDULE', '2:54'],
  ['{ days: [mon], in: "+02:00" }', 'ERR_POLICY_SCHEDULE', '2:54'],
  ['{ dayz: [mon], in: UTC }', 'ERR_POLICY_UNKNOWN_KEY', '2:37'],
])('a `when` of %s is a problem with its place', (when, code, place) => {
  const result = parsePolicy({ path: 'policy.yaml', text: rule(when) }, () => '')
  const problems = result.ok ? [] : result.problems.map((each) => [each.code, `${each.line}:${each.column}`])
  expect(problems).toContainEqual([code, place])
})
