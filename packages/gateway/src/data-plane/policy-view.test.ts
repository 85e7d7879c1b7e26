import { decide, Operation, parsePolicy } from '@headgate/policy'
import { expect, test } from 'vitest'
import type { ControlMessage, ControlPort } from '../control-port.ts'
import { TestClock } from '../identity/token-fixture.ts'
import { AskView } from './ask-view.ts'
import { PolicyView, type PrincipalPolicy } from './policy-view.ts'

const START = Date.parse('2026-11-24T12:00:00Z')
const ada = { issuer: 'corp', subject: 'ada', groups: [] }
const bob = { issuer: 'corp', subject: 'bob', groups: [] }

function startView(rules: string): { view: PolicyView; clock: TestClock; told: () => number } {
  const parsed = parsePolicy({ path: 'policy.yaml', text: `rules:\n${rules}` }, () => '')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const message: ControlMessage = {
    kind: 'policy',
    snapshot: { revision: 1, digest: parsed.digest, document: parsed.document },
  }
  const control: ControlPort = {
    subscribe: (receive) => {
      receive(message)
      return () => {}
    },
    keepsTrail: false,
    report: () => {},
    record: async () => {},
  }
  const clock = new TestClock(START)
  const view = new PolicyView(control, new AskView(control), clock)
  let count = 0
  view.onChange(() => {
    count += 1
  })
  return { view, clock, told: () => count }
}

const mayRead = ({ program }: PrincipalPolicy): boolean =>
  decide(program, 'topic', Operation.Read, 't').effect === 'allow'

const RULES = `
  - { id: hour, who: { subjects: [ada] }, when: { until: "2026-11-24T13:00:00Z" }, may: { consume: [t] } }
  - { id: later, who: { subjects: [ada] }, when: { from: "2026-11-24T14:00:00Z" }, may: { consume: [t] } }
  - { id: bob, who: { subjects: [bob] }, may: { consume: [t] } }`

test('P5: at each boundary whoever waits is told, and the policy is another object', () => {
  const { view, clock, told } = startView(RULES)
  const first = view.policyFor(ada)
  expect(mayRead(first)).toBe(true)
  clock.advance(3_600_000)
  expect(told()).toBe(1)
  const second = view.policyFor(ada)
  expect([second === first, mayRead(second)]).toEqual([false, false])
  clock.advance(3_600_000)
  expect(told()).toBe(2)
  expect(mayRead(view.policyFor(ada))).toBe(true)
  expect(clock.timers).toBe(0)
})

test('whom no schedule concerns is told of no boundary', () => {
  const { view, clock, told } = startView(RULES)
  const policy = view.policyFor(bob)
  clock.advance(10 * 3_600_000)
  expect(told()).toBe(0)
  expect(view.policyFor(bob)).toBe(policy)
})

test('P5: a policy is not decided by past its boundary, whether or not a timer has fired', () => {
  const { view, clock } = startView(RULES)
  const policy = view.policyFor(ada)
  const late = { nowUnixMs: () => START + 3_600_000 }
  expect(view.isValid(policy)).toBe(true)
  Object.assign(clock, late)
  expect(view.isValid(policy)).toBe(false)
  expect(mayRead(view.policyFor(ada))).toBe(false)
})

test('closing leaves no timer', () => {
  const { view, clock } = startView(RULES)
  view.policyFor(ada)
  expect(clock.timers).toBe(1)
  view.close()
  expect(clock.timers).toBe(0)
})
