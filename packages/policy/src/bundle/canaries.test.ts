import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide } from '../program/decide.ts'
import { programOf } from '../program/policy-fixture.ts'
import { createClosedProgram } from '../program/program.ts'
import { MAX_CANARIES } from './bundle-claims.ts'
import { program } from './bundle-fixture.ts'
import { assertCanaries, createCanaries } from './canaries.ts'

test('canaries hold what the program allows and denies, and are the same each time', () => {
  const canaries = createCanaries(program)
  expect(new Set(canaries.map(({ effect }) => effect))).toEqual(new Set(['allow', 'deny', 'hold']))
  expect(canaries.some(({ effect, mask }) => effect === 'allow' && mask !== undefined)).toBe(true)
  expect(createCanaries(program)).toEqual(canaries)
  for (const { resourceType, operation, name, partition, effect } of canaries) {
    expect(decide(program, resourceType, operation, name, partition).effect).toBe(effect)
  }
})

test('B16: an evaluator that lets everything or nothing pass fails them', () => {
  const open = programOf(`rules:
    - { id: r, who: everyone, may: { consume: ["*", __headgate-canary], produce: ["*"], as: ["*"] } }`)
  expect(() => assertCanaries(open, createCanaries(program))).toThrow(/canary/)
  expect(() => assertCanaries(createClosedProgram('no-rule'), createCanaries(program))).toThrow(/canary/)
  expect(() => assertCanaries(program, createCanaries(program))).not.toThrow()
})

test('B16: an evaluator that masks otherwise fails them', () => {
  const text = (strategy: string): string => `
    topics: [{ match: [orders], mask: [{ key: true, with: ${strategy} }] }]
    rules: [{ id: r, who: everyone, may: { consume: [orders] } }]`
  const canaries = createCanaries(programOf(text('remove')))
  expect(() => assertCanaries(programOf(text('remove')), canaries)).not.toThrow()
  expect(() => assertCanaries(programOf(text('last-4')), canaries)).toThrow(/canary/)
  expect(() =>
    assertCanaries(programOf('rules: [{ id: r, who: everyone, may: { consume: [orders] } }]'), canaries),
  ).toThrow(/canary/)
})

test('B16: an evaluator that shows all, or something else, of what a rule shows in part fails them, among many rules', () => {
  const others = Array.from({ length: 40 }, (_, n) => `{ id: a${n}, who: everyone, may: { consume: [t${n}] } }`)
  const text = (only: string): string =>
    `rules: [${others.join()}, { id: z, who: everyone, may: { consume: [orders]${only} } }]`
  const canaries = createCanaries(programOf(text(', only: [id, key]')))
  expect(() => assertCanaries(programOf(text(', only: [key, id]')), canaries)).not.toThrow()
  for (const only of ['', ', only: [id]', ', only: [id, total, key]'])
    expect(() => assertCanaries(programOf(text(only)), canaries)).toThrow(/canary/)
})

test('there are as many as a bundle carries, whatever the policy', () => {
  const names = fc.array(fc.constantFrom('a', '*', 'b*', '*c*d*', 'x.y'), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('may', 'never'), names), { maxLength: 80 }), (rules) => {
      const text = JSON.stringify({
        rules: rules.map(([effect, list], id) => ({ id: `r${id}`, who: 'everyone', [effect]: { consume: list } })),
      })
      const canaries = createCanaries(programOf(text))
      expect(canaries.length).toBeLessThanOrEqual(MAX_CANARIES)
      expect(canaries.some(({ effect }) => effect === 'deny')).toBe(true)
    }),
    { numRuns: 50 },
  )
})
