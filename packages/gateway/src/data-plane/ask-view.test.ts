import { expect, test } from 'vitest'
import type { AskScope, AskState, ControlMessage } from '../control-port.ts'
import { AskView } from './ask-view.ts'

const SCOPE: AskScope = { issuer: 'corp', subject: 'ada', protection: 'p', topic: 't', operation: 'consume' }

function start(): { view: AskView; tell: (id: string, revision: number, state: AskState) => void; steps: AskScope[] } {
  let receive: (message: ControlMessage) => void = () => {}
  const view = new AskView({
    subscribe: (given) => {
      receive = given
      return () => {
        receive = () => {}
      }
    },
    keepsTrail: false,
    report: () => {},
    record: async () => {},
  })
  const steps: AskScope[] = []
  view.onChange((scope) => steps.push(scope))
  return {
    view,
    steps,
    tell: (id, revision, state) => receive({ kind: 'ask', ask: { id, scope: SCOPE, state, revision } }),
  }
}

test('the newest ask of a scope counts, whatever was opened here', () => {
  const { view, tell, steps } = start()
  const opened = view.open(SCOPE)
  expect(view.find({ ...SCOPE })).toBe(opened)
  expect(view.find({ ...SCOPE, operation: 'produce' })).toBeUndefined()

  tell('ask-of-another-gateway', 3, 'pending')
  expect(view.find(SCOPE)).toMatchObject({ id: 'ask-of-another-gateway', revision: 3 })
  tell('ask-of-another-gateway', 4, 'active')
  expect(view.find(SCOPE)?.state).toBe('active')
  // The first step told only that it was opened, which changed nothing.
  expect(steps).toEqual([SCOPE])
})

test('a step that was overtaken changes nothing', () => {
  const { view, tell, steps } = start()
  tell('a', 5, 'revoked')
  tell('a', 4, 'active')
  tell('a', 5, 'active')
  expect(view.find(SCOPE)?.state).toBe('revoked')
  expect(steps).toHaveLength(1)

  tell('b', 1, 'pending')
  expect(view.find(SCOPE)).toMatchObject({ id: 'b', state: 'pending' })
  expect(steps).toHaveLength(2)
})

test('asks opened here are bounded until the control plane tells of them', () => {
  const { view, tell } = start()
  const opened = Array.from({ length: 10_001 }, (_, n) => view.open({ ...SCOPE, subject: `s-${n}` }))
  expect(opened.filter((ask) => ask === undefined)).toHaveLength(1)

  tell('x', 1, 'pending')
  expect(view.open({ ...SCOPE, topic: 'next' })).toBeUndefined()
})

test('a requester who makes up names takes nobody the room for asks, and has it again when one is over', () => {
  const { view, tell } = start()
  const open = (count: number): number =>
    Array.from({ length: count }, (_, n) => view.open({ ...SCOPE, topic: `made-up-${n}` })).filter(Boolean).length
  expect(open(20_000)).toBe(200)
  expect(view.open({ ...SCOPE, subject: 'grace' })).toMatchObject({ state: 'pending' })
  expect(view.open(SCOPE)).toBeUndefined()

  // The control plane tells of none of them, for there are too many; then one of those before is over.
  tell('earlier', 2, 'expired')
  expect(view.find({ ...SCOPE, topic: 'made-up-0' })).toBeUndefined()
  expect(open(300)).toBe(200)
})

test('a closed view hears nothing', () => {
  const { view, tell, steps } = start()
  view.close()
  tell('a', 1, 'active')
  expect(view.find(SCOPE)).toBeUndefined()
  expect(steps).toEqual([])
})
