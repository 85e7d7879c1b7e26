import { compilePlan, maskJsonBytes } from '@headgate/masking'
import { expect, test } from 'vitest'
import { Operation } from '../operation.ts'
import { allowedOperations, canOnAny, decide } from './decide.ts'
import type { Decision, MaskObligation } from './decision.ts'
import { ada, programOf } from './policy-fixture.ts'
import type { Program } from './program.ts'

const { Read, Write, Describe, Replay } = Operation

const reading = (program: Program, name = 'orders', partition?: number): Decision =>
  decide(program, 'topic', Read, name, partition)

function maskOf(decision: Decision): MaskObligation {
  if (decision.obligations?.mask === undefined) throw new Error('nothing is masked')
  return decision.obligations.mask
}

function shown(decision: Decision, record: string): string {
  const { value, unmask } = maskOf(decision)
  const result = maskJsonBytes(compilePlan(value, { unmask }), Buffer.from(record))
  return result.status === 'masked' ? Buffer.from(result.bytes).toString() : result.status
}

const everyone = 'rules: [{ id: all, who: everyone, may: { consume: ["*"], produce: ["*"] } }]'

test('without protections there are no obligations', () => {
  const program = programOf(`topics: [{ match: [orders], labels: [x], discoverable: true }]\n${everyone}`)
  expect(reading(program)).toMatchObject({ effect: 'allow', obligations: undefined })
})

test('protections are united and the stronger wins, in any order [policy-protections-unite]', () => {
  const entries = [
    '{ match: [orders], format: json, mask: [{ fields: "card/number", with: last-4 }, { headers: [u], with: email }] }',
    '{ match: ["ord*"], on-unreadable: placeholder, mask: [{ headers: [u, v], with: remove }, { key: true, with: last-2 }] }',
    '{ match: ["*"], format: json, mask: [{ fields: "card/number,pin", with: default }, { key: true, with: email }] }',
    '{ match: [orders], audit: required }',
    '{ match: [other], format: text, mask: [{ anywhere: [x], with: remove }] }',
  ]
  const decisions = [entries, entries.toReversed()].map((each) =>
    reading(programOf(`topics: [${each.join(', ')}]\n${everyone}`)),
  )
  const [decision] = decisions as [Decision, Decision]
  expect(decision).toMatchObject({ effect: 'allow', reason: 'granted', ruleIds: ['all'] })
  expect(decision.obligations).toMatchObject({ audit: 'required', approvals: [] })
  expect(maskOf(decision)).toMatchObject({
    format: 'json',
    onUnreadable: 'withhold',
    headers: [
      { name: 'u', with: { type: 'remove' } },
      { name: 'v', with: { type: 'remove' } },
    ],
    key: { type: 'email' },
    unmask: {},
  })
  expect(shown(decision, '{"card":{"number":"4111111111111111"},"pin":7}')).toBe('{"card":{"number":""},"pin":0}')
  expect(decisions[1]).toEqual(decision)
})

test.each([
  ['[json]', 'json'],
  ['[json, json]', 'json'],
  ['[json, text]', 'opaque'],
  ['[opaque]', 'opaque'],
  ['[]', 'opaque'],
])('formats %s give %s', (formats, format) => {
  const entries = formats.match(/\w+/g)?.map((each) => `{ match: [orders], format: ${each} }`) ?? []
  const program = programOf(
    `topics: [{ match: [orders], mask: [{ key: true, with: remove }] }, ${entries.join(', ')}]\n${everyone}`,
  )
  expect(maskOf(reading(program)).format).toBe(format)
})

test('a placeholder stands where all that mask ask for one', () => {
  const entry = (more: string): string => `{ match: [orders], mask: [{ key: true, with: remove }]${more} }`
  const of = (...entries: string[]): string =>
    maskOf(reading(programOf(`topics: [${entries.join(', ')}]\n${everyone}`))).onUnreadable
  expect(of(entry(', on-unreadable: placeholder'), '{ match: [orders], labels: [x] }')).toBe('placeholder')
  expect(of(entry(', on-unreadable: placeholder'), entry(''))).toBe('withhold')
  expect(of(entry(', on-unreadable: placeholder'), '{ match: [orders], on-unreadable: withhold }')).toBe('withhold')
})

test('masks of consume are for Read, of produce for Write, and nothing is masked of the rest', () => {
  const program = programOf(`
topics:
  - match: [orders]
    format: json
    audit: required
    mask:
      - { fields: in, with: remove, on: [produce] }
      - { fields: out, with: remove }
      - { fields: both, with: remove, on: [consume, produce] }
${everyone}`)
  const fieldsOf = (operation: Operation): unknown =>
    maskOf(decide(program, 'topic', operation, 'orders')).value.map(({ fields }) => fields)
  expect(fieldsOf(Read)).toEqual(['both', 'out'])
  expect(fieldsOf(Write)).toEqual(['both', 'in'])
  expect(decide(program, 'topic', Describe, 'orders').obligations).toBeUndefined()
})

const masked = `
topics:
  - match: [orders, "orders.*", __internal]
    format: json
    mask:
      - { fields: "card(number,cvv),customer", with: remove }
      - { anywhere: [Password], with: remove }
      - { detect: [payment-card], with: default }
      - { headers: [x-user, x-mail], with: remove }
      - { key: true, with: remove }`

test('unmask lifts exactly what it names, where the same rule lets someone consume [policy-unmask-exact]', () => {
  const program = programOf(`${masked}
rules:
  - { id: all, who: everyone, may: { consume: ["*", __internal], produce: ["*"] } }
  - { id: cards, who: everyone, may: { consume: [orders], unmask: ["card/number", "anywhere:PASSWORD", "header:x-user"] } }
  - { id: keys, who: everyone, may: { consume: ["ord*"], unmask: [key, "customer/name"] } }`)
  const record =
    '{"card":{"number":"4111111111111111","cvv":1},"customer":{"name":"a"},"password":1,"n":"4111111111111111"}'
  expect(shown(reading(program), record)).toBe('{"card":{"number":"4111111111111111"},"password":1,"n":""}')
  expect(reading(program).ruleIds).toEqual(['all', 'cards', 'keys'])
  expect(maskOf(reading(program))).toMatchObject({
    headers: [{ name: 'x-mail' }],
    key: undefined,
    unmask: { fields: ['card/number', 'customer/name'], anywhere: ['password'] },
  })
  expect(maskOf(reading(program, 'orders.eu'))).toMatchObject({ headers: [{}, {}], key: undefined })
  expect(maskOf(reading(program, '__internal'))).toMatchObject({ headers: [{}, {}], key: { type: 'remove' } })
})

test('what is lifted whole is no obligation', () => {
  const all = '"card,customer", "anywhere:password", "detect:payment-card", "header:x-user", "header:x-mail", key'
  const program = programOf(`${masked}
rules: [{ id: all, who: everyone, may: { consume: [orders], unmask: [${all}] } }]`)
  expect(reading(program)).toMatchObject({ effect: 'allow', obligations: undefined })
})

test('unmask of a rule for some partitions is for those', () => {
  const program = programOf(`${masked}
rules:
  - { id: all, who: everyone, may: { consume: [orders] } }
  - { id: some, who: everyone, may: { consume: [orders], partitions: [3-5], unmask: [key] } }`)
  expect([-1, 0, 3, 5, 6].map((partition) => maskOf(reading(program, 'orders', partition)).key)).toEqual([
    { type: 'remove' },
    { type: 'remove' },
    undefined,
    undefined,
    { type: 'remove' },
  ])
})

const approval = (more = ''): string => `approval: { by: [leads], people: 2, for: 1h, decide-within: 30m${more} }`

test('a grant under an approval is held, and a broader one takes nothing away [policy-hold]', () => {
  const program = programOf(`
topics:
  - { id: two, match: ["pay*"], ${approval(', on: [consume]')} }
  - { id: one, match: [payments], ${approval()}, format: json, mask: [{ fields: a, with: remove }], audit: required }
rules:
  - { id: narrow, who: everyone, may: { consume: [payments], produce: [payments], partitions: [0] } }
  - { id: wide, who: everyone, may: { consume: ["*"] } }
  - { id: denial, who: { subjects: [eve] }, never: { consume: [payments] } }`)
  const decision = reading(program, 'payments', 0)
  expect(decision).toMatchObject({ effect: 'hold', reason: 'approval-needed', ruleIds: ['narrow', 'wide'] })
  const one = {
    protection: 'one',
    by: ['leads'],
    people: 2,
    reason: 'required',
    forMs: 3_600_000,
    decideWithinMs: 1_800_000,
  }
  expect(decision.obligations?.approvals).toEqual([one, { ...one, protection: 'two' }])
  expect(decision.obligations).toMatchObject({ audit: 'required', mask: { value: [{ fields: 'a' }] } })
  expect(decide(program, 'topic', Write, 'payments', 0)).toMatchObject({
    effect: 'hold',
    obligations: { mask: undefined, approvals: [{ protection: 'one' }] },
  })
  expect(decide(program, 'topic', Write, 'payments', 1)).toMatchObject({ effect: 'deny', obligations: undefined })
  expect(decide(program, 'topic', Describe, 'payments')).toMatchObject({ effect: 'allow', obligations: undefined })
  expect(allowedOperations(program, 'topic', 'payments')).toBe(1 << Describe)
  expect(canOnAny(program, 'topic', Write)).toBe(true)
})

test('a denial beats a hold', () => {
  const program = programOf(`
topics: [{ match: [payments], ${approval()} }]
rules:
  - { id: grant, who: everyone, may: { consume: [payments] } }
  - { id: denial, who: everyone, never: { consume: ["*"], partitions: [1] } }`)
  expect([0, 1, -1].map((partition) => reading(program, 'payments', partition).effect)).toEqual([
    ...['hold', 'deny', 'deny'],
  ])
})

test('without-approval frees what the same rule grants, and no mask', () => {
  const program = programOf(`
topics: [{ match: ["p*"], ${approval()}, mask: [{ key: true, with: remove }] }]
rules:
  - { id: lead, who: everyone, may: { consume: [payments], produce: [pa], without-approval: true } }
  - { id: all, who: everyone, may: { consume: ["*"], produce: ["*"] } }`)
  expect(reading(program, 'payments')).toMatchObject({ effect: 'allow', ruleIds: ['all', 'lead'] })
  expect(reading(program, 'payments').obligations).toMatchObject({ mask: { key: { type: 'remove' } }, approvals: [] })
  expect(decide(program, 'topic', Write, 'pa').effect).toBe('allow')
  expect(decide(program, 'topic', Write, 'payments').effect).toBe('hold')
  expect(reading(program, 'pa').effect).toBe('hold')
})

test('a protection reaches internal topics by pattern, where a literal grant lets someone in', () => {
  const program = programOf(`
topics: [{ match: ["*"], ${approval()} }]
rules: [{ id: r, who: everyone, may: { consume: [__consumer_offsets, "*"] } }]`)
  expect(reading(program, '__consumer_offsets').effect).toBe('hold')
  expect(reading(program, '__other')).toMatchObject({ effect: 'deny', reason: 'internal-topic' })
})

test('replay is under the protections of reading, and no right of the rule to read lifts them', () => {
  const program = programOf(`
topics:
  - { match: [payments], ${approval()} }
  - { match: [orders], mask: [{ key: true, with: remove }, { headers: [x], with: remove, on: [produce] }] }
rules:
  - id: r
    who: everyone
    may: { replay: ["pay*", orders, carts], consume: [orders, payments], unmask: [key], without-approval: true }`)
  expect(decide(program, 'topic', Replay, 'payments')).toMatchObject({ effect: 'hold', reason: 'approval-needed' })
  const { effect, obligations } = decide(program, 'topic', Replay, 'orders')
  expect({ effect, key: obligations?.mask?.key }).toEqual({ effect: 'allow', key: { type: 'remove' } })
  expect(decide(program, 'topic', Replay, 'carts')).toMatchObject({ effect: 'allow', obligations: undefined })
})

test('the residual has the protections that a replay meets', () => {
  const { residual } = programOf(`
topics: [{ match: [orders], mask: [{ headers: [x], with: remove, on: [consume, produce] }] }]
rules: [{ id: r, who: everyone, may: { replay: [orders] } }]`)
  expect(residual.protections).toMatchObject([{ match: ['orders'], mask: [{ on: ['consume'] }] }])
})

test('replay and read-audit are granted by their words', () => {
  const program = programOf(`
topics: [{ match: [payments], ${approval()} }]
rules: [{ id: r, who: everyone, may: { replay: ["pay*"], cluster: [read-audit] } }]`)
  expect(decide(program, 'topic', Describe, 'payments').effect).toBe('deny')
  expect(decide(program, 'cluster', Operation.ReadAudit, 'kafka-cluster').effect).toBe('allow')
  expect(allowedOperations(program, 'topic', 'payments')).toBe(0)
  expect(allowedOperations(program, 'cluster', 'kafka-cluster')).toBe(0)
})

test('equal obligations are one frozen object, and so are equal masks of any program', () => {
  const program = programOf(`
topics:
  - { match: ["a*"], mask: [{ key: true, with: remove }, { headers: [x], with: last-4 }] }
  - { match: ["b*"], mask: [{ headers: [x], with: last-4 }, { key: true, with: remove }] }
  - { match: [b2], audit: required }
rules: [{ id: r, who: everyone, may: { consume: ["*"], produce: ["*"] } }]`)
  const [a1, a2, b1, b2] = ['a1', 'a2', 'b1', 'b2'].map((name) => reading(program, name)) as Decision[]
  expect(a1).toBe(a2)
  expect(b1).toBe(a1)
  expect(b2?.obligations).not.toBe(a1?.obligations)
  expect(b2?.obligations?.mask).toBe(a1?.obligations?.mask)
  const other = programOf(`
topics: [{ match: [c], mask: [{ headers: [X], with: last-4 }, { key: true, with: remove }] }]
rules: [{ id: other, who: everyone, may: { consume: [c] } }]`)
  expect(reading(other, 'c').obligations?.mask).toBe(a1?.obligations?.mask)
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen))
  expect(frozen(a1) && frozen(b2)).toBe(true)
})

test('P6: masks that no plan can be made of deny', () => {
  const fields = Array.from({ length: 14 }, (_, n) => `${'*/'.repeat(n)}a/${'*/'.repeat(16 - n)}x`)
  const entries = fields.map((each) => `{ match: [orders], format: json, mask: [{ fields: "${each}", with: null }] }`)
  const program = programOf(`topics: [${entries.join(', ')}]\n${everyone}`)
  expect(reading(program)).toMatchObject({ effect: 'deny', reason: 'unexpected' })
  expect(decide(program, 'topic', Write, 'orders').effect).toBe('allow')
})

test('the residual has protections only where grants can meet them, and nothing of the rest', () => {
  const { residual } = programOf(`
topics:
  - { match: [orders, secret-plan], format: json, mask: [{ fields: a, with: remove }, { fields: b, with: remove, on: [produce] }] }
  - { match: ["hidden*"], audit: required }
  - { match: ["pii.*"], labels: [pii], ${approval()} }
  - { match: [__x, "__y*"], audit: required }
  - { match: ["w*"], id: w, ${approval()} }
  - { match: [loose], labels: [loose] }
rules:
  - { id: r, who: everyone, may: { consume: [orders, "label:pii", "eu.*"], describe: ["hidden*"] } }
  - { id: w, who: everyone, may: { produce: [web] } }
  - { id: never, who: everyone, never: { consume: ["hidden*", "__x"] } }
  - { id: other, who: { subjects: [eve] }, may: { consume: ["*"], unmask: [a] } }`)
  expect(residual.protections.toSorted((a, b) => (String(a.match) < String(b.match) ? -1 : 1))).toMatchObject([
    { match: ['orders'], mask: [{ fields: 'a', on: ['consume'] }] },
    { match: ['pii.*'], approval: { protection: 'pii.*', on: ['consume'] } },
    { match: ['w*'], approval: { protection: 'w', on: ['produce'] } },
  ])
  expect(residual.topics).toEqual([{ match: ['pii.*'], labels: ['pii'], discoverable: false }])
  expect(JSON.stringify(residual)).not.toMatch(/secret-plan|loose|"b"/)
})

test('a principal with no grant is told of no protection', () => {
  const { residual } = programOf(`${masked}\nrules: [{ id: r, who: { groups: [none] }, may: { consume: ["*"] } }]`, {
    ...ada,
    groups: undefined,
  })
  expect(residual).toMatchObject({ protections: [], groupsUnknown: true })
})
