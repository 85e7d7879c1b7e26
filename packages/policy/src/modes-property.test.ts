import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesGlob } from './glob.ts'
import { type EnforcementMode, type EnforcementModes, enforcementModes, type ModeEntry } from './modes.ts'
import { CLUSTER_NAME, kafkaOperations, operations, resourceTypes } from './operation.ts'
import { ALL_PARTITIONS, allowedOperations, canOnAny, decide } from './program/decide.ts'
import type { Decision } from './program/decision.ts'
import { compileProgram } from './program/program.ts'
import {
  documentOf,
  guardedPolicy,
  guardedRequest,
  instant,
  policy,
  principal,
  request,
} from './program/random-policies-fixture.ts'
import { residualFor, residualUnder } from './program/residual.ts'

const RUNS = { numRuns: 500 }
const TIMEOUT_MS = 120_000
const mode = fc.constantFrom(...enforcementModes)
const selector = fc.constantFrom('a', 'ab', 'eu.a', 'a*', '*a', 'eu.*', '*', 'group ü', 'b*')
const entries: fc.Arbitrary<ModeEntry[]> = fc.array(
  fc.record({ match: fc.array(selector, { minLength: 1, maxLength: 2 }), mode }),
  { maxLength: 3 },
)
const modes: fc.Arbitrary<EnforcementModes> = fc.record({
  default: mode,
  topics: entries,
  groups: entries,
  transactionalIds: entries,
  cluster: mode,
})
const both = fc.oneof(
  fc.record({ written: policy, asked: request }),
  fc.record({ written: guardedPolicy, asked: guardedRequest }),
)

/** The mode of a name, by the page of the reference alone. */
function modeByTheBook(of: EnforcementModes, type: string, name: string, operation: number): EnforcementMode {
  if (!kafkaOperations.some((each) => each === operation) || name.length > 255) return 'enforce'
  // There is one cluster.
  if (type === 'cluster') return name === CLUSTER_NAME ? of.cluster : 'enforce'
  if (type === 'topic' && name.startsWith('__')) return 'enforce'
  const lists = { topic: of.topics, group: of.groups, 'transactional-id': of.transactionalIds }
  const list = lists[type as keyof typeof lists]
  const found = list.filter(({ match }) => match.some((each) => matchesGlob(each, name))).map((entry) => entry.mode)
  return enforcementModes.find((each) => found.includes(each)) ?? of.default
}

const plain = ({ effect, reason, ruleIds, obligations }: Decision) => ({ effect, reason, ruleIds, obligations })

test(
  'a mode never widens what it does not name; warn keeps what protections ask; observe asks nothing',
  () => {
    fc.assert(
      fc.property(both, principal, instant, modes, ({ written, asked }, who, at, of) => {
        const { document } = documentOf(written)
        const { type, operation, name, partition } = asked
        const enforced = decide(compileProgram(residualFor(document, who), at), type, operation, name, partition)
        const actual = decide(compileProgram(residualUnder(document, of, who), at), type, operation, name, partition)
        const governing = modeByTheBook(of, type, name, operation)
        if (governing === 'enforce' || (governing === 'warn' && enforced.effect !== 'deny')) {
          expect(plain(actual)).toEqual(plain(enforced))
          expect(actual.wouldBe).toBeUndefined()
          return
        }
        if (governing === 'observe') {
          expect(actual).toMatchObject({ effect: 'allow', obligations: undefined })
        } else {
          // What somebody is asked whom one more rule grants it, and whom nothing denies it.
          const scope = { resourceType: type, operation, names: [type === 'cluster' ? name : '*'] }
          const source = { path: '', line: 1, column: 1 }
          const grant = { id: 'grant', who: 'everyone', effect: 'allow', scopes: [scope], source } as const
          const rules = [...document.rules.filter(({ effect }) => effect === 'allow'), grant]
          const granted = compileProgram(residualFor({ ...document, rules }, who), at)
          const { effect, obligations } = decide(granted, type, operation, name, partition)
          expect({ effect: actual.effect, obligations: actual.obligations }).toEqual({ effect, obligations })
        }
        if (enforced.effect === 'allow') expect(actual.wouldBe).toBeUndefined()
        else expect(plain(actual.wouldBe as Decision)).toEqual(plain(enforced))
      }),
      RUNS,
    )
  },
  TIMEOUT_MS,
)

test(
  'what a client is told of its rights is what is decided',
  () => {
    fc.assert(
      fc.property(policy, principal, instant, modes, request, (written, who, at, of, { type, name }) => {
        const program = compileProgram(residualUnder(documentOf(written).document, of, who), at)
        const bits = kafkaOperations
          .filter((operation) => decide(program, type, operation, name, ALL_PARTITIONS).effect === 'allow')
          .reduce((sum, operation) => sum | (1 << operation), 0)
        expect(allowedOperations(program, type, name)).toBe(bits)
        for (const operation of operations)
          if (decide(program, type, operation, name).effect === 'allow' && name !== '')
            expect(canOnAny(program, type, operation)).toBe(true)
      }),
      { numRuns: 200 },
    )
  },
  TIMEOUT_MS,
)

test('under enforce throughout, programs are the same', () => {
  fc.assert(
    fc.property(policy, principal, (written, who) => {
      const { document } = documentOf(written)
      const of: EnforcementModes = {
        default: 'enforce',
        topics: [],
        groups: [],
        transactionalIds: [],
        cluster: 'enforce',
      }
      expect(residualUnder(document, of, who)).toEqual(residualFor(document, who))
    }),
    { numRuns: 300 },
  )
  expect(resourceTypes).toHaveLength(4)
})
