import type { RecordedEvent } from '@headgate/audit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore, type Store } from '../../store/store.ts'
import { collectLog } from '../control-plane-fixture.ts'
import { describeSession } from './session-detail.ts'
import { takeSessions } from './session-index.ts'
import { SessionTable } from './session-table.ts'
import { CHECKPOINT, contextOf, lineOf, rangeOf, readOf, timeAt } from './trail-line-fixture.ts'

let store: Store
let table: SessionTable

beforeEach(async () => {
  store = await openStore({ store: undefined, log: collectLog().log })
  table = new SessionTable(store.database)
})
afterEach(() => store.close())

function take(writer: string, lines: Parameters<typeof takeSessions>[2]): Promise<void> {
  return store.database.transaction().execute((transaction) => takeSessions(transaction, writer, lines))
}

const signIn = (session: string, at: number, subject = 'orders', connection = 1): RecordedEvent =>
  lineOf({ event: 'sign-in.accepted', ...contextOf(session, subject, connection), mechanism: 'OAUTHBEARER' }, at)

const denied = (session: string, at: number, topic: string): RecordedEvent =>
  lineOf(
    {
      event: 'access.denied',
      ...contextOf(session),
      kafka: { cluster: 'main', topic, partition: 2 },
      ...{ resourceType: 'topic', resourceName: topic, operation: 'Read', decision: 'deny', reason: 'no-rule' },
      ...{ ruleIds: [], errorCode: 29 },
    },
    at,
  )

const ids = async (query: Parameters<SessionTable['list']>[0]): Promise<readonly string[]> =>
  (await table.list(query)).items.map(({ id }) => id)

test('a session is who, from when until when, and how much', async () => {
  await take('w-1', [
    CHECKPOINT,
    signIn('s', 1),
    lineOf(readOf('s', 'orders', 2, rangeOf(0, 9)), 3),
    lineOf(readOf('s', 'orders', 4, rangeOf(10, 14)), 5),
    denied('s', 6, 'payments'),
    lineOf({ event: 'audit.queried', ...contextOf('s'), query: 'x', count: 1 }, 7),
  ])
  expect(await table.find('s')).toEqual({
    id: 's',
    principal: { issuer: 'corp', subject: 'orders' },
    firstAt: timeAt(1),
    lastAt: timeAt(6),
    ...{ signIns: 1, recordsRead: 15, recordsWritten: 0, denials: 1, asks: 0, replays: 0 },
  })
  expect(await table.find('other')).toBeUndefined()
})

test('lines taken in twice count once, in whatever parts they come', async () => {
  const lines = [signIn('s', 1), lineOf(readOf('s', 'orders', 2, rangeOf(0, 9)), 3), denied('s', 4, 'payments')]
  await take('w-1', lines.slice(0, 2))
  await take('w-1', lines)
  await take('w-1', lines.slice(1))
  expect(await table.find('s')).toMatchObject({ signIns: 1, recordsRead: 10, denials: 1 })
})

describe('the list', () => {
  beforeEach(async () => {
    await take('w-1', [
      signIn('a', 1),
      lineOf(readOf('a', 'orders', 2, rangeOf(0, 9)), 100),
      signIn('b', 50, 'billing/eu'),
      denied('c', 200, 'payments'),
    ])
  })

  test('shows first what went on last, page by page', async () => {
    expect(await ids({})).toEqual(['c', 'a', 'b'])
    const first = await table.list({ limit: 2 })
    expect(first.items.map(({ id }) => id)).toEqual(['c', 'a'])
    const second = await table.list({ limit: 2, after: first.next })
    expect(second).toMatchObject({ items: [{ id: 'b' }] })
    expect(second.next).toBeUndefined()
  })

  test.each([
    ['subject', { principal: 'orders' }, ['c', 'a']],
    ['issuer and subject', { principal: 'corp/orders' }, ['c', 'a']],
    ['a subject with a slash', { principal: 'billing/eu' }, ['b']],
    ['both', { principal: 'corp/billing/eu' }, ['b']],
    ['another issuer', { principal: 'other/orders' }, []],
    ['topic that was read', { topic: 'orders' }, ['a']],
    ['topic that was refused', { topic: 'payments' }, ['c']],
    ['time from', { since: timeAt(100) }, ['c', 'a']],
    ['time until', { until: timeAt(50) }, ['a', 'b']],
    ['time in between', { since: timeAt(60), until: timeAt(150) }, ['a']],
  ])('is narrowed by %s', async (_name, query, expected) => {
    expect(await ids(query)).toEqual(expected)
  })

  test.each(['x', Buffer.from('[1]').toString('base64url'), Buffer.from('["a",1]').toString('base64url')])(
    'takes no place that it did not give: %s',
    async (after) => {
      await expect(table.list({ after })).rejects.toMatchObject({ code: 'ERR_GATEWAY_SESSION_QUERY' })
    },
  )
})

test('an intent stands until its outcome is known, in whatever part that comes', async () => {
  const {
    event: _read,
    since: _since,
    ...read
  } = readOf('s', 'orders', 2, rangeOf(0, 9)) as never as RecordedEvent & {
    since: string
  }
  const intent = (name: string): RecordedEvent =>
    lineOf({ ...read, event: 'records.read-intent', intent: name } as never, 2)
  await take('w-1', [intent('i-1'), intent('i-2'), intent('i-3')])
  const outcome = lineOf({ ...readOf('s', 'orders', 2, rangeOf(0, 9)), intents: ['i-1'] } as never, 3)
  const nothing = lineOf({ event: 'records.read-void', intents: ['i-2'], reason: 'cut' }, 4)
  await take('w-1', [outcome, nothing])
  const kinds = async () => (await table.entries('s', { limit: 10 })).items.map(({ kind }) => kind)
  expect(await kinds()).toEqual(['read-intent', 'read'])
  await take('w-1', [outcome, nothing])
  expect(await kinds()).toEqual(['read-intent', 'read'])
  expect(await table.find('s')).toMatchObject({ recordsRead: 10 })
})

test('what the trail has given up is not kept here', async () => {
  const old = signIn('old', 1)
  const both = signIn('both', 1)
  await take('w-1', [old, both])
  await take('w-2', [lineOf(readOf('both', 'orders', 2, rangeOf(0, 9)), 3, 'w-2')])
  await take('w-1', [lineOf({ event: 'audit.removed', segments: 1, throughSeq: both.seq }, 9)])
  expect(await ids({})).toEqual(['both'])
})

test('the detail puts connections together, with what each client called itself', async () => {
  await take('w-1', [
    signIn('s', 1),
    signIn('s', 2, 'orders', 2),
    lineOf({ event: 're-authentication.accepted', ...contextOf('s'), mechanism: 'OAUTHBEARER' }, 3),
    lineOf({ event: 'connection.closed', ...contextOf('s'), reason: 'ERR_GATEWAY_SESSION_EXPIRED' }, 4),
    signIn('s', 5),
    lineOf(readOf('s', 'orders', 6, rangeOf(0, 9)), 7),
    lineOf(
      {
        event: 'session.replayed',
        ...contextOf('viewer-session', 'ada'),
        kafka: { cluster: 'main', topic: 'orders', partition: 0 },
        ...{ decision: 'allow', ruleIds: [], replayedSession: 's', range: rangeOf(0, 9) },
      },
      8,
    ),
  ])
  const detail = await describeSession(table, 's', {})
  expect(detail).toMatchObject({
    principal: { subject: 'orders' },
    groups: ['g'],
    replays: 1,
    lastAt: timeAt(7),
    sockets: [
      {
        connection: 1,
        signIns: 2,
        signedInAt: timeAt(1),
        closedAt: timeAt(4),
        closedReason: 'ERR_GATEWAY_SESSION_EXPIRED',
      },
      { connection: 2, signIns: 1, signedInAt: timeAt(2) },
      { connection: 1, signIns: 1, signedInAt: timeAt(5) },
    ],
    clients: ['app'],
    addresses: ['10.0.0.1'],
    entries: [{ kind: 'read' }, { kind: 'replay', event: { actor: { subject: 'ada' } } }],
  })
  expect(await table.find('viewer-session')).toBeUndefined()
  expect(await describeSession(table, 'none', {})).toBeUndefined()
})
