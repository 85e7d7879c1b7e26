import { writeFileSync } from 'node:fs'
import type { AuditEvent } from '@headgate/audit'
import { silentLog } from '@headgate/core'
import { Operation } from '@headgate/policy'
import { parseSeenUses } from '@headgate/policy/tools'
import { Hono } from 'hono'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Authenticator } from '../../identity/authenticator.ts'
import { TestClock } from '../../identity/token-fixture.ts'
import { startTestControlPlane, type TestControlPlane } from '../control-plane-fixture.ts'
import { SeenBook } from './seen-book.ts'
import { type SeenEndpointOptions, seenRoutes } from './seen-endpoint.ts'

const POLICY = `rules:
  - { id: auditors, who: { groups: [auditors] }, may: { cluster: [read-audit] } }
`

let plane: TestControlPlane
let seen: SeenBook
let recorded: AuditEvent[]

beforeEach(async () => {
  plane = await startTestControlPlane()
  writeFileSync(plane.policyPath, POLICY)
  plane.policySource.reload()
  seen = new SeenBook({ openStore: undefined, clock: new TestClock(5_000), log: silentLog })
  recorded = []
  const access = {
    resourceType: 'topic',
    operation: Operation.Read,
    name: 'orders',
    partitions: [0],
    ruleIds: [],
  } as const
  const times = { firstUnixMs: 1_000, lastUnixMs: 2_000 }
  seen.note({ kind: 'seen', issuer: 'corp', principal: 'svc', clientId: 'app', accesses: [{ ...access, ...times }] })
  seen.noteRules(['auditors'])
})
afterEach(() => plane.close())

/** Whoever the token names, in the groups behind the dot. */
const authenticator = {
  verifyToken: async (token: string) => {
    const [subject = '', group = ''] = token.split('.')
    return {
      ...{ principal: { issuer: 'corp', subject, groups: [group] }, sessionId: 's', source: 'idp-token' },
      ...{ issuedAtUnixMs: 0, expiresAtUnixMs: 9_999_999_999_999, minimumRevision: 0, clientId: undefined },
    }
  },
} as unknown as Authenticator

async function ask(token: string | undefined, more: Partial<SeenEndpointOptions> = {}): Promise<Response> {
  const app = new Hono()
  const audit = { keepsTrail: true, append: (event: AuditEvent) => void recorded.push(event), record: async () => {} }
  const options: SeenEndpointOptions = {
    ...{ authenticator, policySource: plane.policySource, log: silentLog, clock: plane.clock, audit, seen },
    topics: { names: async () => ['orders', 'payments'] },
    ...more,
  }
  seenRoutes(options)(app, async (_c, next) => next())
  return app.request('/v1/seen', token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
}

test('tells who may read the audit what was seen, and puts the question on the trail', async () => {
  const response = await ask('ada.auditors')
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const body: unknown = await response.json()
  expect(parseSeenUses(body)).toMatchObject({
    sinceUnixMs: 5_000,
    accesses: [{ issuer: 'corp', subject: 'svc', clientId: 'app', name: 'orders', partitions: [0] }],
    rules: [{ id: 'auditors', sinceUnixMs: 5_000 }],
    topics: ['orders', 'payments'],
  })
  expect(recorded).toMatchObject([{ event: 'audit.queried', query: 'seen', count: 1, actor: { subject: 'ada' } }])
})

test('refuses everybody else, and puts that on the trail', async () => {
  const response = await ask('eve.others')
  expect(response.status).toBe(403)
  expect(await response.json()).toMatchObject({ code: 'ERR_GATEWAY_AUDIT_FORBIDDEN' })
  expect(recorded).toMatchObject([{ event: 'audit.query-refused', reason: 'ERR_GATEWAY_AUDIT_FORBIDDEN' }])
  expect((await ask(undefined)).status).toBe(401)
})

test('without the brokers nothing is said of topics, so that nothing is concluded from it', async () => {
  const response = await ask('ada.auditors', { topics: { names: () => Promise.reject(new Error('gone')) } })
  expect(response.status).toBe(200)
  expect(parseSeenUses(await response.json())).not.toHaveProperty('topics')
})

test('a store that cannot be opened is told as such', async () => {
  const broken = new SeenBook({
    openStore: () => Promise.reject(new Error('disk')),
    clock: new TestClock(0),
    log: silentLog,
  })
  const response = await ask('ada.auditors', { seen: broken })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ code: 'ERR_GATEWAY_SEEN_UNAVAILABLE' })
})
