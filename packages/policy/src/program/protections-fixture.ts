// Test-only. Random protections, and what the real evaluator says of them in the words of the oracle.
import type { MaskStrategy } from '@headgate/masking'
import fc from 'fast-check'
import { keepWords } from '../keep-list.ts'
import type { Obligations } from './decision.ts'
import {
  mergeWords,
  type OracleMask,
  type OracleObligations,
  type OracleTopic,
  oracleSelectors,
  oracleStrategies,
  withoutLifted,
  wordsOf,
} from './naive-obligations-fixture.ts'

const some = <T>(...items: T[]): fc.Arbitrary<T[]> => fc.subarray(items, { minLength: 1 })
const on = { on: some('consume', 'produce') }
const strategy = { with: fc.constantFrom(...oracleStrategies) }

const valueMask: fc.Arbitrary<OracleMask> = fc.oneof(
  fc.record({ fields: fc.constantFrom(...Object.keys(oracleSelectors)), ...strategy, ...on }),
  fc.record({ anywhere: some('k1', 'k2'), ...strategy, ...on }),
  fc.record({ detect: some('email', 'payment-card'), ...strategy, ...on }),
)
const wholeMask: fc.Arbitrary<OracleMask> = fc.oneof(
  fc.record({ headers: some('h1', 'h2'), ...strategy, ...on }),
  fc.record({ key: fc.constant(true as const), ...strategy }),
)
const mask = fc.oneof(valueMask, wholeMask).chain((whole) => {
  const { on: _on, ...left } = whole
  return fc.constantFrom(whole, left as OracleMask)
})

const approval = fc.record(on, { requiredKeys: [] }).map((directions) => ({ by: ['leads'], for: '1h', ...directions }))

/** Entries of `topics`: few, with everything that a protection can say. */
export function protections(selector: fc.Arbitrary<string>): fc.Arbitrary<OracleTopic[]> {
  const entry = fc.record(
    {
      match: fc.array(selector, { minLength: 1, maxLength: 3 }),
      labels: some('one', 'two'),
      format: fc.constantFrom('json', 'json', 'text', 'opaque'),
      'on-unreadable': fc.constantFrom('withhold', 'placeholder'),
      mask: fc.array(mask, { minLength: 1, maxLength: 3 }),
      approval,
      audit: fc.constantFrom('standard', 'required'),
    },
    { requiredKeys: ['match'] },
  )
  return fc.array(entry, { maxLength: 4 }).map((list) => list.map((each, n) => ({ ...readable(each), id: `t${n}` })))
}

/** What reads values declares a format that fits. */
function readable(entry: OracleTopic): OracleTopic {
  const { mask: masks = [], format } = entry
  const needsJson = masks.some(({ fields }) => fields !== undefined)
  const needsFormat = masks.some(({ anywhere, detect }) => (anywhere ?? detect) !== undefined)
  if (needsJson && (format === undefined || format === 'text')) return { ...entry, format: 'json' }
  return needsFormat && format === undefined ? { ...entry, format: 'text' } : entry
}

/** Obligations in the words of the oracle. */
export function plainObligations({ mask: obligation, audit, approvals }: Obligations): OracleObligations {
  const plain = { audit, approvals: approvals.map(({ protection }) => protection) }
  if (obligation === undefined) return { mask: undefined, ...plain }
  const { format, onUnreadable, value, headers, key, unmask, only } = obligation
  const words: Record<string, string> = {}
  for (const { with: each, ...target } of value) mergeWords(words, wordsOf(target), written(each))
  const { fields = [], anywhere = [], detect = [] } = unmask
  const lifted = [...fields, ...anywhere.map((name) => `anywhere:${name}`), ...detect.map((name) => `detect:${name}`)]
  const left = withoutLifted(words, lifted)
  for (const header of headers) mergeWords(left, wordsOf({ headers: [header.name] }), written(header.with))
  if (key !== undefined) mergeWords(left, ['key'], written(key))
  const kept = only === undefined ? {} : { only: keepWords(only).toSorted() }
  return { mask: { format, onUnreadable, words: left, ...kept }, ...plain }
}

/** A strategy as a policy writes it. */
function written(strategyRead: MaskStrategy): unknown {
  switch (strategyRead.type) {
    case 'null':
      return null
    case 'constant':
      return { constant: strategyRead.value }
    case 'token':
      return { token: strategyRead.label }
    case 'keep-first':
      return `first-${strategyRead.count}`
    case 'keep-last':
      return `last-${strategyRead.count}`
    default:
      return strategyRead.type
  }
}
