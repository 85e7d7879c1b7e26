import { expect, test } from 'vitest'
import { describeEvents } from './trail-words.ts'

const step = {
  ...{ time: '2026-11-24T13:39:35.257Z', code: 'K4006W', event: 'ask.revoked', reason: 'enough' },
  actor: { issuer: 'corp', subject: 'ada' },
  kafka: { cluster: 'main', topic: 'payments' },
  ...{ ask: 'ask_1', askRevision: 4, requester: { issuer: 'corp', subject: 'grace' } },
}

test('a step of an ask tells who took it, of which ask, for whom and why', () => {
  expect(describeEvents({ events: [step] })).toBe(
    '2026-11-24T13:39:35.257Z  K4006W  ask.revoked  corp/ada  payments; ask_1 for corp/grace; enough',
  )
})

test('a step that time took names nobody who took it', () => {
  const { actor: _, reason: __, ...byTime } = { ...step, code: 'K4005W', event: 'ask.expired' }
  expect(describeEvents({ events: [byTime] })).toBe(
    '2026-11-24T13:39:35.257Z  K4005W  ask.expired  -  payments; ask_1 for corp/grace',
  )
})
