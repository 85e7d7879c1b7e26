import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEvent } from '@headgate/audit'
import { silentLog, systemClock } from '@headgate/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeSigningKey } from '../../config/signing-key.ts'
import { openStore } from '../../store/store.ts'
import { type AuditTrail, openAuditTrail } from '../audit-trail.ts'
import { TrailIndex } from './trail-index.ts'
import { parseTrailQuery } from './trail-query.ts'
import { listEvents, unapprovedWrites, whoRead } from './trail-questions.ts'

const checkpointKey = describeSigningKey('audit', generateKeyPairSync('ed25519').privateKey)
let folder: string
let trail: AuditTrail
let index: TrailIndex

function createIndex(): TrailIndex {
  const store = { path: join(folder, 'index.sqlite') }
  const openIndexStore = (): ReturnType<typeof openStore> => openStore({ store, log: silentLog })
  return new TrailIndex({ trail, log: silentLog, clock: systemClock, openStore: openIndexStore })
}

async function open(): Promise<void> {
  const audit = { folder, gateway: 'g', checkpointKey, checkpointCopy: undefined, retentionMs: 86_400_000 }
  trail = await openAuditTrail({ audit, log: silentLog, clock: systemClock })
  index = createIndex()
  index.start()
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-index-'))
  await open()
})
afterEach(async () => {
  await index.close()
  await trail.close()
  rmSync(folder, { recursive: true, force: true })
})

const RANGE = { leaderEpoch: 0, batches: 1, records: 10, bytes: 100, hash: 'h' }

function access(topic: string, first: number, more: object = {}): AuditEvent {
  return {
    event: 'records.read',
    actor: { issuer: 'corp', subject: 'ada' },
    kafka: { cluster: 'main', topic, partition: 1 },
    decision: 'allow',
    ruleIds: [],
    since: '2026-11-24T03:12:00.000Z',
    range: { ...RANGE, firstOffset: String(first), lastOffset: String(first + 9) },
    ...more,
  } as AuditEvent
}

async function offsetsOf(query: Readonly<Record<string, string>>): Promise<string[]> {
  const { events } = await whoRead(await index.complete(), parseTrailQuery(query))
  return events.map((event) => ('range' in event ? event.range.firstOffset : ''))
}

test('a record is found by topic, partition and offset, and not beside them', async () => {
  await trail.record([access('payments', 0), access('payments', 10), access('orders', 0)])

  expect(await offsetsOf({ topic: 'payments' })).toEqual(['0', '10'])
  expect(await offsetsOf({ topic: 'payments', partition: '1', offset: '9' })).toEqual(['0'])
  expect(await offsetsOf({ topic: 'payments', partition: '1', offset: '20' })).toEqual([])
  expect(await offsetsOf({ topic: 'payments', partition: '2' })).toEqual([])
  expect(await offsetsOf({ topic: 'payments', from: '2026-11-24T03:12:00Z' })).toEqual(['0', '10'])
  expect(await offsetsOf({ topic: 'payments', to: '2026-11-24T03:11:59Z' })).toEqual([])
})

test('offsets beyond what a number holds are compared whole', async () => {
  const first = 9_007_199_254_740_993n
  const range = { ...RANGE, firstOffset: String(first), lastOffset: String(first) }
  await trail.record([access('payments', 0, { range })])

  expect(await offsetsOf({ offset: String(first) })).toEqual([String(first)])
  expect(await offsetsOf({ offset: String(first - 1n) })).toEqual([])
})

test('an intent is told as unknown until its outcome is known', async () => {
  const intent = access('payments', 0, { event: 'records.read-intent', intent: 'i-1' })
  await trail.record([intent, access('payments', 10, { event: 'records.read-intent', intent: 'i-2' })])
  await trail.record([access('payments', 0, { intents: ['i-1'] })])

  const { events } = await whoRead(await index.complete(), parseTrailQuery({ topic: 'payments' }))
  expect(events.map(({ event, outcome }) => [event, outcome])).toEqual([
    ['records.read-intent', 'unknown'],
    ['records.read', undefined],
  ])
  await trail.record([{ event: 'records.read-void', intents: ['i-2'], reason: 'decided-again' }])
  expect(await offsetsOf({ topic: 'payments' })).toEqual(['0'])
})

test('writes without an approval are told apart from those with one', async () => {
  await trail.record([
    access('audit-log', 0, { event: 'records.written' }),
    access('audit-log', 10, { event: 'records.written', approvals: [{ ask: 'a-1', approvedBy: ['corp/grace'] }] }),
  ])

  const { events } = await unapprovedWrites(await index.complete(), parseTrailQuery({ topic: 'audit-log' }))
  expect(events).toMatchObject([{ range: { firstOffset: '0' } }])
})

test('an answer goes on behind the place that it names', async () => {
  await trail.record(Array.from({ length: 25 }, (_, at) => access('payments', at * 10)))
  const seen: string[] = []
  for (let after: number | undefined = 0; after !== undefined; ) {
    const query = parseTrailQuery({ topic: 'payments', limit: '10', after: String(after) })
    const { events, next } = await listEvents(await index.complete(), query)
    seen.push(...events.map((event) => ('range' in event ? event.range.firstOffset : '')))
    after = next
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, at) => String(at * 10)))
})

test('the index is complete after a restart, also when it has been lost, and nothing counts twice', async () => {
  await trail.record(Array.from({ length: 500 }, (_, at) => access('payments', at * 10)))
  await index.complete()
  await index.close()
  await trail.record([access('payments', 9_000)])
  await trail.close()
  await open()
  const all = parseTrailQuery({ topic: 'payments', limit: '1000' })
  expect((await whoRead(await index.complete(), all)).events).toHaveLength(501)
  await index.close()
  for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `index.sqlite${end}`), { force: true })
  index = createIndex()
  expect((await whoRead(await index.complete(), all)).events).toHaveLength(501)
})

test('an event is asked for by its name or by its code', () => {
  for (const event of ['access.denied', 'K3001W']) expect(parseTrailQuery({ event }).event).toBe('access.denied')
})

test.each([
  [{ topics: 'x' }, 'topics'],
  [{ partition: '-1' }, 'partition'],
  [{ offset: '1.5' }, 'offset'],
  [{ from: 'yesterday' }, 'from'],
  [{ event: 'acces.denied' }, 'did you mean `access.denied`'],
  [{ event: 'K9999X' }, 'event'],
  [{ event: 'toString' }, 'event'],
  [{ limit: '0' }, 'limit'],
  [{ limit: '1001' }, 'limit'],
])('a question that cannot be understood is refused: %j', (query, key) => {
  const refused = expect.objectContaining({ code: 'ERR_GATEWAY_AUDIT_QUERY', message: expect.stringContaining(key) })
  expect(() => parseTrailQuery(query as unknown as Record<string, string>)).toThrow(refused)
})
