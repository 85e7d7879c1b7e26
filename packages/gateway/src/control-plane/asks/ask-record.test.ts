import type { AuditEvent } from '@headgate/audit'
import { expect, test } from 'vitest'
import { type AuditSink, noTrail } from '../audit-sink.ts'
import { collectLog } from '../control-plane-fixture.ts'
import type { Ask } from './ask.ts'
import { act, draft } from './ask-fixture.ts'
import { approve, openAsk, passTime } from './ask-machine.ts'
import { createAskRecord } from './ask-record.ts'

const NOW = 1_764_000_000_000

/** Opened by traffic, approved by ada and grace, and active. */
function activeAsk(): Ask {
  const origin = { kind: 'traffic', sessionId: 's-1', clientId: 'billing' } as const
  const source = { address: '10.0.0.9', listener: 'kafka', connectionId: 4 }
  const opened = openAsk(draft({ id: 'ask_1', origin, source, reason: 'canary reason' }), 1, NOW)
  const voted = approve(opened, { ...act('ada', NOW), reason: 'fine', source: { address: '10.0.0.7' } })
  const approved = approve(voted, act('grace', NOW))
  return passTime(approved, NOW) ?? approved
}

test('each step is one event of the trail that says who, on what, and with whose approval', async () => {
  const events: AuditEvent[] = []
  const audit: AuditSink = { ...noTrail, keepsTrail: true, record: async (given) => void events.push(...given) }
  const { log, lines } = collectLog()
  const ask = activeAsk()
  const record = createAskRecord({ audit, log, cluster: 'main' })
  for (const step of ask.steps) await record(ask, step)

  const always = { ask: 'ask_1', protection: 'payments-approval', operation: 'consume', policyRevision: 7 }
  const requester = { issuer: 'corp', subject: 'billing-job' }
  const common = {
    ...always,
    requester,
    session: 's-1',
    clientId: 'billing',
    kafka: { cluster: 'main', topic: 'payments' },
  }
  const times = { starts: '2025-11-24T16:00:00.000Z', ends: '2025-11-24T17:00:00.000Z' }
  const by = (subject: string): object => ({ actor: { issuer: 'corp', subject, groups: ['payments-leads'] } })
  const source = { address: '10.0.0.9', listener: 'kafka', connection: 4 }
  const ada = { ...by('ada'), reason: 'fine', source: { address: '10.0.0.7' }, approvedBy: ['corp/ada'] }
  const both = { approvedBy: ['corp/ada', 'corp/grace'], ...times }
  expect(events).toEqual([
    { event: 'ask.opened', askRevision: 1, ...common, actor: requester, source, reason: 'canary reason' },
    { event: 'ask.vote', askRevision: 2, ...common, ...ada },
    { event: 'ask.approved', askRevision: 3, ...common, ...by('grace'), ...both },
    { event: 'ask.active', askRevision: 4, ...common, ...both },
  ])
  expect(lines.map(({ message, askId, actor }) => [message, askId, actor])).toEqual([
    ['ask opened', 'ask_1', 'corp/billing-job'],
    ['ask vote', 'ask_1', 'corp/ada'],
    ['ask approved', 'ask_1', 'corp/grace'],
    ['ask active', 'ask_1', undefined],
  ])
  expect(JSON.stringify(lines)).not.toContain('canary')
})

test('a trail that takes nothing fails the sink, and without a trail there is the log', async () => {
  const { log, lines } = collectLog()
  const ask = activeAsk()
  const [step] = ask.steps
  if (step === undefined) throw new Error('no step')
  const failing: AuditSink = { ...noTrail, keepsTrail: true }
  await expect(createAskRecord({ audit: failing, log, cluster: 'main' })(ask, step)).rejects.toThrow()
  expect(lines).toEqual([])
  await createAskRecord({ audit: noTrail, log, cluster: 'main' })(ask, step)
  expect(lines).toHaveLength(1)
})
