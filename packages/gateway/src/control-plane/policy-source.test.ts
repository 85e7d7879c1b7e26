import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogPort } from '@headgate/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ControlMessage, ControlPort } from '../control-port.ts'
import { TestClock } from '../identity/token-fixture.ts'
import { collectLog, idleAsks, type LoggedLine, testPolicy } from './control-plane-fixture.ts'
import { createLocalControl } from './local-control.ts'
import { createPolicySource, type PolicyFileSource, type PolicySourceOptions } from './policy-source.ts'

let folder: string
let path: string
let clock: TestClock
let lines: LoggedLine[]
let source: PolicyFileSource | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-policy-'))
  path = join(folder, 'policy.yaml')
  clock = new TestClock(1_800_000_000_000)
  writeFileSync(path, testPolicy('orders'))
})
afterEach(() => {
  source?.close()
  rmSync(folder, { recursive: true, force: true })
})

function start(
  options: Partial<Pick<PolicySourceOptions, 'issuers' | 'previousRevision'>> & {
    readonly reloadSeconds?: number
  } = {},
): PolicyFileSource {
  const collected = collectLog()
  lines = collected.lines
  const { reloadSeconds = 0, previousRevision = 0, issuers = [] } = options
  source = createPolicySource({ policy: { path, reloadSeconds }, log: collected.log, clock, previousRevision, issuers })
  return source
}

test('the revision is the time, and more than that of an earlier start whatever the clock says', () => {
  expect(start().current.revision).toBe(1_800_000_000_000)
  expect(start({ previousRevision: 1_900_000_000_000 }).current.revision).toBe(1_900_000_000_001)
})

test('a change is published with a greater revision; what means the same keeps its revision', () => {
  const policy = start()
  const { revision, digest } = policy.current
  writeFileSync(path, `# moved\n${testPolicy('orders')}`)
  expect(policy.reload()).toMatchObject({ outcome: 'unchanged', snapshot: { revision, digest } })
  writeFileSync(path, testPolicy('payments'))
  expect(policy.reload()).toMatchObject({ outcome: 'changed', snapshot: { revision: revision + 1 } })
  expect(policy.current.digest).not.toBe(digest)
})

test('a policy with problems changes nothing, loudly; at the start it is an error with all of them', () => {
  const policy = start()
  const { current } = policy
  writeFileSync(path, 'rules:\n  - id: a\n    wo: everyone\n  - may: { produce: [b] }\n')
  expect(policy.reload()).toMatchObject({ outcome: 'refused', snapshot: current })
  expect(policy.current).toBe(current)
  expect(lines[1]).toMatchObject({ level: 'error', event: 'policy-refused', code: 'ERR_GATEWAY_POLICY_INVALID' })
  expect(lines.length).toBeGreaterThan(3)
  expect(() => start()).toThrow(
    expect.objectContaining({ code: 'ERR_GATEWAY_POLICY_INVALID', problems: expect.any(Array) }),
  )
})

test('T4: with two issuers, a policy that leaves open whose names it means is refused, at its place', () => {
  const issuers = ['corp', 'partner'].map((name) => ({ name, claims: [], mayAssert: () => true }))
  const rule = (who: string): string => `rules:\n  - { id: a, who: ${who}, may: { produce: [orders] } }\n`
  writeFileSync(path, rule('{ issuers: [corp], subjects: [ledger] }'))
  const policy = start({ issuers })
  const { current } = policy
  writeFileSync(path, rule('{ subjects: [ledger] }'))
  const problem = { path, line: 2, column: 5, code: 'ERR_POLICY_ISSUER' }
  expect(policy.reload()).toMatchObject({ outcome: 'refused', problems: [problem], snapshot: current })
  expect(policy.current).toBe(current)
  expect(() => start({ issuers })).toThrow(
    expect.objectContaining({ code: 'ERR_GATEWAY_POLICY_INVALID', problems: [expect.objectContaining(problem)] }),
  )
  expect(start().current.document.rules).toHaveLength(1)
})

test('a policy that is gone changes nothing, and is an error at the start', () => {
  const policy = start()
  rmSync(path)
  expect(policy.reload()).toMatchObject({ outcome: 'refused', problems: [{ code: 'ERR_GATEWAY_POLICY_UNREADABLE' }] })
  expect(() => start()).toThrow(expect.objectContaining({ code: 'ERR_GATEWAY_POLICY_INVALID' }))
})

test('the files are looked at, a part that changes counts, and a wrong one is told once', () => {
  const part = join(folder, 'part.yaml')
  writeFileSync(path, 'parts: [part.yaml]\nrules: []\n')
  writeFileSync(part, testPolicy('orders'))
  const policy = start({ reloadSeconds: 5 })
  const { revision } = policy.current
  writeFileSync(part, testPolicy('payments-with-a-longer-name'))
  clock.advance(5_000)
  expect(policy.current.revision).toBeGreaterThan(revision)
  rmSync(part)
  for (let turn = 0; turn < 3; turn += 1) clock.advance(5_000)
  expect(lines.filter(({ event }) => event === 'policy-refused')).toHaveLength(1)
  policy.close()
  writeFileSync(part, testPolicy('orders'))
  const kept = policy.current
  clock.advance(60_000)
  expect(policy.current).toBe(kept)
})

function controlOf(policySource: PolicyFileSource, log: LogPort): ControlPort {
  return createLocalControl({ policySource, asks: idleAsks(), log, clock, cluster: 'main' })
}

test('a data plane is given the policy in force at once and every later one, until it unsubscribes', () => {
  const policy = start()
  const control = controlOf(policy, collectLog().log)
  const received: ControlMessage[] = []
  const unsubscribe = control.subscribe((message) => received.push(message))
  writeFileSync(path, testPolicy('payments'))
  policy.reload()
  unsubscribe()
  writeFileSync(path, testPolicy('orders'))
  policy.reload()
  const revisions = received.flatMap((message) => (message.kind === 'policy' ? [message.snapshot.revision] : []))
  expect(revisions).toEqual([1_800_000_000_000, 1_800_000_000_001])
})

test('a sign-in, a refusal and a denial each leave a line', () => {
  const { log, lines: events } = collectLog()
  const control = controlOf(start(), log)
  const origin = { connectionId: 7, clientAddress: '10.0.0.9', listener: 'kafka' }
  const who = { principal: 'orders', issuer: 'corp', sessionId: 's' }
  const signIn = { kind: 'sign-in', ...origin, mechanism: 'OAUTHBEARER', isReauthentication: false } as const
  control.report({ ...signIn, accepted: true, ...who, expiresAtUnixMs: 1 })
  control.report({
    ...signIn,
    accepted: false,
    isReauthentication: true,
    code: 'ERR_GATEWAY_TOKEN_EXPIRED',
    reason: 'x',
  })
  const api = { clientId: 'c', apiKey: 0, apiName: 'Produce', apiVersion: 9 }
  const resource = { resourceType: 'topic', resourceName: 'payments', operation: 'Write' }
  const decision = { decision: 'deny', reason: 'no-rule', ruleIds: [], errorCode: 29, policyRevision: 3 }
  control.report({ kind: 'denial', ...origin, ...who, ...api, ...resource, ...decision })
  control.report({ kind: 'closed', ...origin, code: 'ERR_X', reason: 'y' })

  expect(events).toMatchObject([
    { level: 'info', event: 'sign-in', decision: 'allow', principal: 'orders', connectionId: 7 },
    { level: 'warn', event: 're-authentication', decision: 'deny', code: 'ERR_GATEWAY_TOKEN_EXPIRED' },
    { level: 'warn', event: 'denial', resourceName: 'payments', errorCode: 29, policyRevision: 3 },
    { level: 'info', event: 'closed', code: 'ERR_X' },
  ])
})

test('a log that throws ends nothing', () => {
  const fail = (): never => {
    throw new Error('disk full')
  }
  const control = controlOf(start(), { debug: fail, info: fail, warn: fail, error: fail })
  const event = { kind: 'closed', connectionId: 1, clientAddress: '', listener: '', code: '', reason: '' } as const
  expect(() => control.report(event)).not.toThrow()
})
