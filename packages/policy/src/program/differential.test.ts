import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bundleClaimsSchema } from '../bundle/bundle-claims.ts'
import { claimsOf } from '../bundle/bundle-fixture.ts'
import { assertCanaries, createCanaries } from '../bundle/canaries.ts'
import { kafkaOperations, Operation, operationName } from '../operation.ts'
import type { Principal } from '../principal.ts'
import { allowedOperations, canOnAny, decide } from './decide.ts'
import { evaluateNaively, type OraclePolicy } from './naive-evaluator-fixture.ts'
import { compileProgram, type Program } from './program.ts'
import { plainObligations } from './protections-fixture.ts'
import {
  documentOf,
  guardedPolicy,
  guardedRequest,
  instant,
  policy,
  principal,
  type RandomRequest,
  request,
} from './random-policies-fixture.ts'
import { residualFor } from './residual.ts'

const numRuns = Number(process.env['HEADGATE_POLICY_RUNS'] ?? 600)
const numGuardedRuns = Math.ceil(numRuns / 2)
const timeout = Math.max(60_000, numRuns * 36)

interface Compiled {
  readonly source: OraclePolicy
  readonly program: Program
}

function compile(written: OraclePolicy, who: Principal, atUnixMs?: number): Compiled {
  const { source, document } = documentOf(written)
  // Through JSON and back, as a bundle carries it.
  const program = compileProgram(residualFor(document, who), atUnixMs)
  expect(compileProgram(JSON.parse(JSON.stringify(program.residual))).digest).toBe(program.digest)
  return { source, program }
}

function expectAgreement(
  written: OraclePolicy,
  who: Principal,
  requests: readonly RandomRequest[],
  atUnixMs?: number,
): void {
  const { source, program } = compile(written, who, atUnixMs)
  for (const { type, operation, name, partition } of requests) {
    const asked = { type, operation: operationName(operation), name, ...(partition < 0 ? {} : { partition }) }
    const { effect, reason, ruleIds, obligations } = decide(program, type, operation, name, partition)
    const plain = obligations === undefined ? {} : { obligations: plainObligations(obligations) }
    expect({ effect, reason, ruleIds, ...plain }).toEqual(evaluateNaively(source, who, asked, atUnixMs))
    if (effect !== 'deny') expect(canOnAny(program, type, operation)).toBe(true)
  }
}

test(`P8: the compiled program and the naive evaluator agree on ${numRuns} random policies`, { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, fc.array(request, { minLength: 12, maxLength: 12 }), instant, expectAgreement),
    {
      numRuns,
    },
  )
})

test(`P8: they agree on ${numGuardedRuns} random policies whose records are under protections`, { timeout }, () => {
  fc.assert(
    fc.property(guardedPolicy, principal, fc.array(guardedRequest, { minLength: 8, maxLength: 8 }), (...given) =>
      expectAgreement(...given),
    ),
    { numRuns: numGuardedRuns },
  )
})

test('neither the order of rules and entries nor a repetition changes a program', { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, (written, who) => {
      const { source, program } = compile(written, who)
      // Two entries with an approval are two approvals, and have two ids.
      const again = source.topics.filter(({ approval }) => approval === undefined)
      const turned = { topics: [...source.topics, ...again].reverse(), rules: [...source.rules].reverse() }
      expect(compile(turned, who).program.digest).toBe(program.digest)
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  )
})

test('every residual can be carried by a bundle, whose canaries hold', { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, (written, who) => {
      const { program } = compile(written, who)
      const canaries = createCanaries(program)
      const claims = claimsOf({ residual: program.residual, programDigest: program.digest, canaries })
      expect(bundleClaimsSchema.safeParse(JSON.parse(JSON.stringify(claims)))).toMatchObject({ success: true })
      assertCanaries(compileProgram(JSON.parse(JSON.stringify(program.residual))), canaries)
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  )
})

test('allowedOperations has the bit of an operation exactly where decide allows it on the whole', { timeout }, () => {
  fc.assert(
    fc.property(policy, principal, request, (written, who, { type, name }) => {
      const { program } = compile(written, who)
      const allowed = kafkaOperations.filter((each) => decide(program, type, each, name).effect === 'allow')
      expect(allowedOperations(program, type, name)).toBe(allowed.reduce((bits, each) => bits | (1 << each), 0))
      expect(decide(program, type, Operation.ClusterAction, name).effect).toBe('deny')
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  )
})
