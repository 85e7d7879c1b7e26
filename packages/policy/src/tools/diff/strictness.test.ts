import { compileRecordPlan, maskRecordHeader, maskRecordKey, maskRecordValue } from '@headgate/masking'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Operation } from '../../operation.ts'
import { decide } from '../../program/decide.ts'
import type { Decision, MaskObligation } from '../../program/decision.ts'
import { programOf } from '../../program/policy-fixture.ts'
import { accessKey, givesMore } from './strictness.ts'

const runs = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 2_000)

const field = fc.constantFrom('a', 'a/b', 'a/c', 'b', 'b(a,c)', '*/b', '*', 'c/*')
const only = fc.option(
  fc
    .tuple(fc.uniqueArray(field, { maxLength: 3 }), fc.subarray(['header:h', 'header:i', 'key']))
    .map((parts) => parts.flat())
    .filter((items) => items.length > 0),
  { nil: undefined },
)
const mask = fc.oneof(
  field.map((fields) => ({ fields, with: 'remove' })),
  fc.constantFrom('a', 'c').map((name) => ({ anywhere: [name], with: 'remove' })),
  fc.constantFrom({ headers: ['h'], with: 'remove' }, { key: true, with: 'remove' }),
)
const reading = fc.record({ only, masks: fc.array(mask, { maxLength: 2 }) }).map(({ only: items, masks }): Decision => {
  const topics = [{ match: ['t'], format: 'json', ...(masks.length === 0 ? {} : { mask: masks }) }]
  const may = { consume: ['t'], ...(items === undefined ? {} : { only: items }) }
  return decide(
    programOf(JSON.stringify({ topics, rules: [{ id: 'r', who: 'everyone', may }] })),
    'topic',
    Operation.Read,
    't',
  )
})

// Objects at every level, as masks expect: of what has another shape a mask hides more than it names.
const leaf = fc.constantFrom(1, 'x', true)
const below = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'z'), leaf, { minKeys: 1, maxKeys: 4 })
const record = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'z'), below, { minKeys: 1, maxKeys: 4 })

const anything = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'z'), tie('node'), { maxKeys: 3 }),
  ),
})).node

/** Scalars with their paths, in which arrays have no step; what a mask puts where a scalar was is none. */
function leavesOf(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each) => leavesOf(each, path))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, each]) => leavesOf(each, `${path}/${name}`))
  return [null, 0, '', false].includes(value as null) ? [] : [`${path}=${String(value)}`]
}

/** Every leaf of a record that is shown under a mask, with its path; the key and headers too. */
function shownOf(obligation: MaskObligation | undefined, value: unknown): readonly string[] {
  const plan = compileRecordPlan(obligation ?? { format: 'json', value: [], headers: [], key: undefined })
  const result = maskRecordValue(plan, Buffer.from(JSON.stringify(value)))
  if (result.status === 'withheld') return []
  const seen = result.status === 'unchanged' ? value : (JSON.parse(Buffer.from(result.bytes).toString()) as unknown)
  const bytes = Buffer.from('x')
  return [
    ...leavesOf(seen, ''),
    ...['h', 'i'].filter((name) => maskRecordHeader(plan, name, bytes).status === 'unchanged'),
    ...(maskRecordKey(plan, bytes).status === 'unchanged' ? ['key'] : []),
  ]
}

function expectTold(before: Decision, after: Decision, value: unknown): void {
  const [was = [], is = []] = [before, after].map(({ obligations }) => shownOf(obligations?.mask, value))
  if (!givesMore(before, after)) expect(was).toEqual(expect.arrayContaining([...is]))
  if (accessKey(before) === accessKey(after)) expect(is).toEqual(was)
}

test('what is said to give no more shows no more of any record, and what is said to be the same shows the same', () => {
  fc.assert(
    fc.property(reading, reading, fc.array(record, { minLength: 5, maxLength: 5 }), (before, after, values) => {
      for (const value of values) expectTold(before, after, value)
    }),
    { numRuns: runs },
  )
})

test('with lists, so it is of records of any shape', () => {
  const listed = reading.filter(({ obligations }) => obligations?.mask?.only !== undefined)
  fc.assert(
    fc.property(listed, listed, fc.array(anything, { minLength: 5, maxLength: 5 }), (before, after, values) => {
      for (const value of values) expectTold(before, after, value)
    }),
    { numRuns: runs },
  )
})
