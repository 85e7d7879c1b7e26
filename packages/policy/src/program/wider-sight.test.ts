import { expect, test } from 'vitest'
import { Operation } from '../operation.ts'
import { decide } from './decide.ts'
import type { MaskObligation } from './decision.ts'
import { programOf } from './policy-fixture.ts'
import { widerSight } from './wider-sight.ts'

const masked = 'topics: [{ match: [t], format: json, mask: [{ fields: "ssn,card", with: remove }] }]'
const plain = 'topics: [{ match: [t], format: json }]'

function sightOf(topics: string, consume: string, replay: string): MaskObligation | undefined {
  const program = programOf(`${topics}
rules:
  - { id: c, who: everyone, may: { consume: [t]${consume} } }
  - { id: r, who: everyone, may: { replay: [t]${replay} } }`)
  const [reading, replaying] = [Operation.Read, Operation.Replay].map(
    (operation) => decide(program, 'topic', operation, 't').obligations?.mask,
  )
  return widerSight(reading, replaying)
}

test.each([
  ['', '', undefined],
  ['', ', only: [a]', undefined],
  [', only: [a]', '', undefined],
  [', only: [a]', ', only: [a]', { fields: ['a'], headers: [], key: false }],
  [', only: [a, b]', ', only: ["a/x"]', { fields: ['a', 'b'], headers: [], key: false }],
  [', only: [a]', ', only: [b, key]', { fields: ['a', 'b'], headers: [], key: true }],
  [', only: ["header:h"]', ', only: [a]', { fields: ['a'], headers: ['h'], key: false }],
])('consume%s and replay%s: what either shows', (consume, replay, only) => {
  expect(sightOf(plain, consume, replay)?.only).toEqual(only)
})

test('what is unmasked on reading is so where reading shows all that replaying does, and nowhere else', () => {
  const whole = sightOf(masked, ', unmask: [ssn]', '')
  expect(whole).toMatchObject({ unmask: { fields: ['ssn'] } })
  expect(sightOf(masked, ', unmask: [ssn]', ', only: [ssn]')).toBe(whole)
  expect(sightOf(masked, ', unmask: [ssn], only: [id, ssn]', ', only: [id]')).toMatchObject({
    unmask: { fields: ['ssn'] },
    only: { fields: ['id', 'ssn'] },
  })
  // Neither right alone shows a number in clear.
  const other = sightOf(masked, ', unmask: [ssn], only: [id]', ', only: [ssn]')
  expect(other).toMatchObject({ unmask: {}, only: { fields: ['id', 'ssn'] } })
  expect(sightOf(masked, ', unmask: [ssn], only: [id]', ', only: [ssn]')).toBe(other)
  expect(sightOf(masked, ', unmask: [ssn], only: [id]', '')).toEqual(
    expect.objectContaining({ unmask: {}, value: [{ fields: 'card,ssn', with: { type: 'remove' } }] }),
  )
})
