import type { KeepList } from '@headgate/masking'
import { expect, test } from 'vitest'
import { parsePolicy } from '../document/parse-policy.ts'
import type { EnforcementModes } from '../modes.ts'
import { ENFORCED } from '../modes.ts'
import { Operation } from '../operation.ts'
import type { Principal } from '../principal.ts'
import { allowedOperations, decide } from './decide.ts'
import type { Decision } from './decision.ts'
import { ada, programOf } from './policy-fixture.ts'
import { compileProgram, type Program } from './program.ts'
import { residualUnder } from './residual.ts'

const { Read, Write, Describe, Replay } = Operation

const json = 'topics: [{ match: ["*"], format: json }]'
const reading = (program: Program, name = 'orders', partition?: number): Decision =>
  decide(program, 'topic', Read, name, partition)
const onlyOf = ({ obligations }: Decision): KeepList | undefined => obligations?.mask?.only

function rules(...may: string[]): string {
  return `rules: [${may.map((each, index) => `{ id: r${index}, who: everyone, may: { ${each} } }`).join(', ')}]`
}

const fieldsOf = (...may: string[]): readonly string[] | undefined =>
  onlyOf(reading(programOf(`${json}\n${rules(...may)}`)))?.fields

test('a grant shows what it names, in one form [policy-only-shows-what-it-names]', () => {
  const program = programOf(
    `${json}\n${rules('consume: [orders], only: ["total,customer(name,city)", id, "header:Trace-Id", "header:trace-id", key, "id/a"]')}`,
  )
  expect(reading(program)).toMatchObject({ effect: 'allow', reason: 'granted', ruleIds: ['r0'] })
  expect(reading(program).obligations).toMatchObject({
    audit: 'standard',
    approvals: [],
    mask: {
      format: 'json',
      onUnreadable: 'withhold',
      value: [],
      headers: [],
      unmask: {},
      only: { fields: ['customer/city', 'customer/name', 'id', 'total'], headers: ['trace-id'], key: true },
    },
  })
  expect(decide(program, 'topic', Describe, 'orders').obligations).toBeUndefined()
  expect(allowedOperations(program, 'topic', 'orders')).toBe((1 << Read) | (1 << Describe))
})

test('equal lists are one obligation, however they are written', () => {
  const masks = ['["a(b,c),d", key]', '[key, d, "a/c", "a/b"]', '["a/b/x", "d,a(c,b)", key]'].map(
    (only) => reading(programOf(`${json}\n${rules(`consume: [orders], only: ${only}`)}`)).obligations?.mask,
  )
  expect(new Set(masks).size).toBe(1)
  const digests = ['[a]', '[b]', '[a, key]', '[a, "header:h"]', '["\\\\*"]', '["*"]'].map(
    (only) => reading(programOf(`${json}\n${rules(`consume: [orders], only: ${only}`)}`)).obligations?.mask?.digest,
  )
  expect(new Set(digests).size).toBe(digests.length)
})

test('of several grants each shows its own, and one without a list shows everything [policy-only-unites]', () => {
  expect(fieldsOf('consume: [orders], only: [b, a]', 'consume: ["ord*"], only: ["c/d", a]')).toEqual(['a', 'b', 'c/d'])
  expect(fieldsOf('consume: [orders], only: ["c(d,e)"]', 'consume: ["*"], only: ["*/d"]')).toEqual(['*/d', 'c/e'])
  expect(fieldsOf('consume: [orders], only: [key]', 'consume: ["*"], only: ["header:h"]')).toEqual([])
  const program = programOf(
    `${json}\n${rules('consume: [orders], only: [a]', 'consume: ["*"]', 'consume: [orders], only: [b]')}`,
  )
  expect(reading(program)).toMatchObject({ ruleIds: ['r0', 'r1', 'r2'], obligations: undefined })
  // One that grants something else shows nothing of this.
  expect(fieldsOf('consume: [orders], only: [a]', 'describe: ["*"], produce: ["*"], replay: ["*"]')).toEqual(['a'])
})

test('a list is for reading and replaying; nothing else is narrowed', () => {
  const program = programOf(
    `${json}\n${rules('consume: [orders], produce: [orders], replay: [orders], only: [a]', 'replay: [orders]', 'replay: [logs], only: [b]')}`,
  )
  expect(onlyOf(reading(program))?.fields).toEqual(['a'])
  expect(decide(program, 'topic', Replay, 'orders').obligations).toBeUndefined()
  expect(onlyOf(decide(program, 'topic', Replay, 'logs'))?.fields).toEqual(['b'])
  expect(decide(program, 'topic', Write, 'orders').obligations).toBeUndefined()
})

test('partitions are told apart', () => {
  const program = programOf(
    `${json}\n${rules('consume: [orders], partitions: [0-1], only: [a]', 'consume: [orders], partitions: [1-2], only: [b]', 'consume: [orders], partitions: [3]', 'consume: [orders], only: [c]')}`,
  )
  const shown = [0, 1, 2, 3, 4, undefined].map((partition) => onlyOf(reading(program, 'orders', partition))?.fields)
  expect(shown).toEqual([['a', 'c'], ['a', 'b', 'c'], ['b', 'c'], undefined, ['c'], ['c']])
})

test('a label, and a name in full of an internal topic, carry a list', () => {
  const program = programOf(
    `topics: [{ match: ["p*"], labels: [pii], format: json }]\n${rules('consume: ["label:pii", __consumer_offsets], only: [a]')}`,
  )
  expect(onlyOf(reading(program, 'people'))?.fields).toEqual(['a'])
  expect(reading(program, '__consumer_offsets').obligations?.mask).toMatchObject({ format: 'opaque', only: {} })
})

test('protections hold on top, and unmask adds nothing to what is shown', () => {
  const topics = `topics:
  - { match: [orders], format: json, mask: [{ fields: "ssn,card", with: last-4 }, { key: true, with: remove }], audit: required }
  - { match: [orders], approval: { by: [leads], for: 1h } }`
  const decision = reading(programOf(`${topics}\n${rules('consume: [orders], only: [id, ssn], unmask: [ssn]')}`))
  expect(decision).toMatchObject({
    effect: 'hold',
    obligations: {
      audit: 'required',
      mask: {
        value: [{ fields: 'card,ssn', with: { type: 'keep-last', count: 4 } }],
        key: { type: 'remove' },
        unmask: { fields: ['ssn'] },
        only: { fields: ['id', 'ssn'], headers: [], key: false },
      },
    },
  })
  const free = programOf(`${topics}\n${rules('consume: [orders], only: [id], without-approval: true')}`)
  expect(reading(free)).toMatchObject({ effect: 'allow', obligations: { mask: { only: { fields: ['id'] } } } })
})

test.each([
  ['[]', 'opaque', 'withhold'],
  ['[{ match: [orders], format: json }]', 'json', 'withhold'],
  ['[{ match: [orders], format: json, on-unreadable: placeholder }]', 'json', 'placeholder'],
  ['[{ match: [orders], format: json }, { match: ["*"], format: text }]', 'opaque', 'withhold'],
  [
    '[{ match: [orders], on-unreadable: placeholder }, { match: [orders], on-unreadable: withhold }]',
    'opaque',
    'withhold',
  ],
])('under %s records are read as %s, or stand as %s', (topics, format, onUnreadable) => {
  const program = programOf(`topics: ${topics}\n${rules('consume: [orders], only: [a]')}`)
  expect(reading(program).obligations?.mask).toMatchObject({ format, onUnreadable })
})

test('a grant that is not known to apply widens nothing', () => {
  const text = `${json}
rules:
  - { id: narrow, who: everyone, may: { consume: [orders], only: [a] } }
  - { id: wide, who: { groups: [analytics] }, may: { consume: [orders] } }
  - { id: at-night, who: everyone, when: { from: "2026-12-01T00:00:00Z", until: "2026-12-02T00:00:00Z" }, may: { consume: [orders], only: [b] } }`
  const nobodyKnows: Principal = { ...ada, groups: undefined }
  expect(onlyOf(reading(programOf(text, nobodyKnows)))?.fields).toEqual(['a'])
  expect(onlyOf(reading(programOf(text, { ...ada, groups: [] })))?.fields).toEqual(['a'])
  expect(reading(programOf(text)).obligations).toBeUndefined()
  const { residual } = programOf(text, nobodyKnows)
  const at = (instant: string): unknown => onlyOf(reading(compileProgram(residual, Date.parse(instant))))?.fields
  expect(at('2026-11-30T23:59:59Z')).toEqual(['a'])
  expect(at('2026-12-01T12:00:00Z')).toEqual(['a', 'b'])
})

test('warn goes on narrowing, observe narrows nothing', () => {
  const text = `${json}\n${rules('consume: [orders], replay: [orders], only: [a]')}`
  const parsed = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!parsed.ok) throw new Error('unsound')
  const under = (mode: EnforcementModes['default']): Program =>
    compileProgram(residualUnder(parsed.document, { ...ENFORCED, default: mode }, ada))
  expect(onlyOf(reading(under('warn')))?.fields).toEqual(['a'])
  expect(reading(under('warn'), 'logs')).toMatchObject({ effect: 'allow', reason: 'not-enforced' })
  expect(reading(under('observe'))).toMatchObject({ effect: 'allow', obligations: undefined })
  // Replaying is Headgate's own, and always enforced.
  expect(onlyOf(decide(under('observe'), 'topic', Replay, 'orders'))?.fields).toEqual(['a'])
})

test('a list of which no plan can be made denies, and long lists of many rules are united', () => {
  const many = Array.from({ length: 14 }, (_, n) => `"${'*/'.repeat(n)}x${n}/${'*/'.repeat(13 - n)}y"`)
  const program = programOf(`${json}\n${rules(`consume: [orders], only: [${many.join(', ')}]`)}`)
  expect(reading(program)).toMatchObject({ effect: 'deny', reason: 'unexpected' })
  const lists = Array.from({ length: 60 }, (_, n) => {
    const names = Array.from({ length: 60 }, (__, m) => `a${n}(b${m})`)
    return `consume: [orders], only: ["${names.join(',')}"]`
  })
  expect(onlyOf(reading(programOf(`${json}\n${rules(...lists)}`)))?.fields).toHaveLength(3_600)
})
