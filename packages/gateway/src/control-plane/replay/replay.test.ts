import { type AuditEvent, AuditUnavailableError, type SessionReplayed } from '@headgate/audit'
import { compileProgram, decide, Operation, type Principal, parsePolicy, residualFor } from '@headgate/policy'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PolicySnapshot } from '../../control-port.ts'
import { batch, obligation, tokenKeys } from '../../data-plane/records/record-set-fixture.ts'
import { TestClock } from '../../identity/token-fixture.ts'
import { openStore, type Store } from '../../store/store.ts'
import type { Ask } from '../asks/ask.ts'
import { collectLog } from '../control-plane-fixture.ts'
import { MaskBook } from '../sessions/mask-book.ts'
import { takeSessions } from '../sessions/session-index.ts'
import type { ReplayQuery } from '../sessions/session-query.ts'
import { SessionTable } from '../sessions/session-table.ts'
import { lineOf, rangeOf, readOf, START_UNIX_MS } from '../sessions/trail-line-fixture.ts'
import { KeptLog } from './kept-log-fixture.ts'
import { Replay } from './replay.ts'
import { ViewerRights } from './viewer-right.ts'

type Line = Readonly<Record<string, unknown>>

const viewer: Principal = { issuer: 'corp', subject: 'ada', groups: ['auditors'] }
const MAY_REPLAY = 'rules: [{ id: replays, who: everyone, may: { replay: [orders] } }]'

let store: Store
let masks: MaskBook
let log: KeptLog
let snapshot: PolicySnapshot
let recorded: AuditEvent[]
let asks: Partial<Ask>[]
let isTrailGone: boolean
let onRecord: () => void
const clock = new TestClock(START_UNIX_MS)

beforeEach(async () => {
  store = await openStore({ store: undefined, log: collectLog().log })
  masks = new MaskBook({ openStore: async () => store, log: collectLog().log, clock })
  log = new KeptLog()
  recorded = []
  asks = []
  isTrailGone = false
  onRecord = () => {}
  setPolicy(MAY_REPLAY)
})
afterEach(() => store.close())

function setPolicy(text: string): void {
  const result = parsePolicy({ path: 'policy.yaml', text }, () => undefined as never)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  snapshot = { revision: (snapshot?.revision ?? 0) + 1, digest: 'd', document: result.document }
}

/** Puts records of two fields in the log, a batch each `size` of them. */
function write(count: number, size = count): void {
  for (let base = 0; base < count; base += size) {
    const records = Array.from({ length: Math.min(size, count - base) }, (_, n) => ({
      key: `k-${base + n}`,
      value: JSON.stringify({ n: base + n, secret: '123456789', other: 'abcdefghi' }),
      headers: [['x-user', 'ada']] as const,
    }))
    log.add(batch(base, { records }))
  }
}

/** The session read all that is in the log now. */
async function sessionRead(changes: object = {}, at = 2): Promise<void> {
  const lines = [lineOf({ ...readOf('s', 'orders', at, log.range()), ...changes } as AuditEvent, at + 1)]
  await store.database.transaction().execute((transaction) => takeSessions(transaction, 'w-1', lines))
}

async function replay(query: ReplayQuery = {}): Promise<Line[]> {
  const table = new SessionTable(store.database)
  const session = await table.find('s')
  if (session === undefined) throw new Error('no session')
  const parts = {
    source: log,
    masks,
    tokenKeys,
    rights: new ViewerRights(
      { newestOf: async ({ protection }) => asks.find(({ id }) => id === protection) as Ask },
      clock,
    ),
    policySource: {
      get current() {
        return snapshot
      },
      subscribe: () => () => {},
      reload: () => undefined as never,
      close: () => {},
    },
    audit: {
      keepsTrail: true,
      append: () => {},
      record: async (events: readonly AuditEvent[]) => {
        if (isTrailGone) throw new AuditUnavailableError({ message: 'trail: gone' })
        recorded.push(...events)
        onRecord()
      },
    },
    clock,
  }
  const lines: Line[] = []
  for await (const text of new Replay(parts, { session, table, viewer, context: { session: 'v' }, query }).lines()) {
    expect(text.endsWith('\n')).toBe(true)
    lines.push(JSON.parse(text) as Line)
  }
  return lines
}

const ofType = (lines: readonly Line[], type: string): Line[] => lines.filter((line) => line['type'] === type)
const textOf = (line: Line | undefined): unknown => (line?.['value'] as { text: string } | null)?.text
const offsetsOf = (lines: readonly Line[]): unknown[] => ofType(lines, 'record').map(({ offset }) => offset)

test('shows what was read, in the order of delivery, and has the look on record [session-replay]', async () => {
  write(4, 2)
  await sessionRead()
  const lines = await replay()
  expect(lines.map(({ type }) => type)).toEqual(['session', 'range', 'record', 'record', 'record', 'record', 'end'])
  expect(lines[1]).toMatchObject({
    ...{ topic: 'orders', topicId: 'tid', partition: 0, firstOffset: '0', lastOffset: '3', records: 4 },
    ...{ changes: [], isDelivered: true },
  })
  expect(lines[1]).not.toHaveProperty('noRecords')
  expect(lines[2]).toMatchObject({
    ...{ offset: '0', key: { text: 'k-0' } },
    headers: [{ name: 'x-user', value: { text: 'ada' } }],
  })
  expect(textOf(lines[5])).toBe('{"n":3,"secret":"123456789","other":"abcdefghi"}')
  expect(lines.at(-1)).toEqual({ type: 'end' })
  expect(recorded).toMatchObject([
    {
      event: 'session.replayed',
      ...{ replayedSession: 's', session: 'v', decision: 'allow', ruleIds: ['replays'] },
      kafka: { topic: 'orders', topicId: 'tid', partition: 0 },
      range: log.range(),
    },
  ])
})

test('a right that ends while the look is put on record ends it', async () => {
  write(2)
  await sessionRead()
  onRecord = () => setPolicy('rules: []')
  const lines = await replay()
  expect(lines.map(({ type }) => type)).toEqual(['session', 'range', 'end'])
  expect(lines[1]).toMatchObject({ noRecords: 'no-right' })
})

test('records leave only after the trail has it', async () => {
  write(2)
  await sessionRead()
  isTrailGone = true
  await expect(replay()).rejects.toMatchObject({ code: 'ERR_AUDIT_UNAVAILABLE' })
})

describe('what may be seen [session-replay]', () => {
  const protect = (mask: string, rules = MAY_REPLAY): string =>
    `topics: [{ match: [orders], format: json, mask: [${mask}] }]\n${rules}`

  test('who may not replay sees offsets, counts and times, and never a record', async () => {
    write(2)
    await sessionRead()
    for (const rules of [
      'rules: []',
      'rules: [{ id: r, who: everyone, may: { replay: [other], consume: [orders] } }]',
      'rules: [{ id: r, who: everyone, may: { replay: [orders] } }, { id: n, who: everyone, never: { replay: ["*"] } }]',
      'rules: [{ id: r, who: everyone, may: { replay: [orders] } }, { id: n, who: everyone, never: { consume: [orders] } }]',
    ]) {
      setPolicy(rules)
      const lines = await replay()
      expect(lines.map(({ type }) => type)).toEqual(['session', 'range', 'end'])
      expect(lines[1]).toMatchObject({ records: 2, noRecords: 'no-right' })
      expect(JSON.stringify(lines)).not.toMatch(/123456789|k-0/)
    }
    expect(recorded).toEqual([])
  })

  test('what was masked then is masked as it was then', async () => {
    write(2)
    const mask = obligation({ digest: 'then', key: { type: 'token', label: 'user' } })
    masks.note(mask)
    await sessionRead({ maskDigest: 'then', masked: [{ field: 'secret', count: 2 }] })
    const lines = await replay()
    expect(lines[1]).toMatchObject({ maskThen: 'then', masked: [{ field: 'secret', count: 2 }] })
    expect(textOf(lines[2])).toBe('{"n":0,"secret":"*****6789","other":"abcdefghi"}')
    expect(lines[2]).toMatchObject({ key: { text: expect.stringMatching(/^hgt1_/) } })
    expect(lines[2]).not.toHaveProperty('isMaskedMore')
    expect(recorded).toMatchObject([{ maskDigest: 'then', masked: [{ field: 'key' }, { field: 'secret', count: 2 }] }])
  })

  test('the viewer’s masks of now apply besides, and that is told', async () => {
    write(1)
    masks.note(obligation({ digest: 'then' }))
    await sessionRead({ maskDigest: 'then' })
    setPolicy(protect('{ fields: "other", with: remove }, { headers: [X-User], with: remove }'))
    const lines = await replay()
    expect(textOf(lines[2])).toBe('{"n":0,"secret":"*****6789"}')
    expect(lines[2]).toMatchObject({ headers: [], isMaskedMore: true })
    expect(lines[1]).toMatchObject({ maskThen: 'then', maskNow: expect.any(String) })
    expect((recorded[0] as SessionReplayed).masked?.map(({ field }) => field).sort()).toEqual([
      ...['header:x-user', 'other', 'secret'],
    ])
  })

  test('what a reader has unmasked is unmasked for one who may read, and for nobody else', async () => {
    write(1)
    await sessionRead()
    const rules = (may: string): string => `rules: [{ id: r, who: everyone, may: { replay: [orders], ${may} } }]`
    const mask = '{ fields: "secret", with: remove }'
    setPolicy(protect(mask, rules('consume: [orders], unmask: [secret]')))
    expect(textOf((await replay())[2])).toContain('123456789')
    setPolicy(protect(mask))
    expect(textOf((await replay())[2])).not.toContain('123456789')
  })

  test('of what rules show in part a viewer sees what the session saw, and of that what either right shows', async () => {
    write(1)
    await sessionRead()
    const shown = async (replays: string, consumes?: string): Promise<unknown> => {
      const reading = consumes === undefined ? '' : `, { id: c, who: everyone, may: { consume: [orders]${consumes} } }`
      setPolicy(
        `topics: [{ match: [orders], format: json }]\nrules: [{ id: r, who: everyone, may: { replay: [orders]${replays} } }${reading}]`,
      )
      const { key, value, headers } = (await replay())[2] as Record<string, { text: string } | null | unknown[]>
      return [key, (value as { text: string } | null)?.text, (headers as { name: string }[]).map(({ name }) => name)]
    }
    const all = '{"n":0,"secret":"123456789","other":"abcdefghi"}'
    expect(await shown(', only: [n]')).toEqual([null, '{"n":0}', []])
    expect(await shown(', only: [n, "header:x-user"]', ', only: [other, key]')).toEqual([
      { text: 'k-0' },
      '{"n":0,"other":"abcdefghi"}',
      ['x-user'],
    ])
    expect(await shown('', ', only: [n]')).toEqual([{ text: 'k-0' }, all, ['x-user']])
    expect(await shown(', only: [n]', '')).toEqual([{ text: 'k-0' }, all, ['x-user']])
  })

  test('what only replaying shows waits for an approval, though reading needs none', async () => {
    write(1)
    await sessionRead()
    const approval = 'approval: { by: [leads], people: 1, reason: optional, for: 1h, decide-within: 30m }'
    const rules = (consumes: string, replays: string): string =>
      `topics: [{ id: pay, match: [orders], format: json, ${approval} }]\n` +
      `rules: [{ id: c, who: everyone, may: { consume: [orders], without-approval: true${consumes} } }, ` +
      `{ id: r, who: everyone, may: { replay: [orders]${replays} } }]`
    const all = '{"n":0,"secret":"123456789","other":"abcdefghi"}'
    const shown = async (consumes: string, replays: string): Promise<unknown> => {
      setPolicy(rules(consumes, replays))
      return textOf((await replay())[2])
    }
    expect(await shown(', only: [n]', '')).toBe('{"n":0}')
    expect(await shown(', only: [n]', ', only: [other]')).toBe('{"n":0}')
    expect(await shown('', ', only: [n]')).toBe(all)
    const now = clock.nowUnixMs()
    asks = [{ id: 'pay', state: 'active', startsAtUnixMs: now - 1, endsAtUnixMs: now + 1 }]
    expect(await shown(', only: [n]', '')).toBe(all)
    expect(recorded.at(-1)).toMatchObject({ approvals: [{ ask: 'pay' }] })
    expect(await shown(', only: [n]', ', only: [other]')).toBe('{"n":0,"other":"abcdefghi"}')
  })

  test('a mask that is not on record shows nothing of what it masked', async () => {
    write(1)
    await sessionRead({ maskDigest: 'unknown' })
    const lines = await replay()
    expect(lines.map(({ type }) => type)).toEqual(['session', 'range', 'end'])
    expect(lines[1]).toMatchObject({ noRecords: 'mask-unknown' })
  })

  test('what was withheld then is withheld, by either mask', async () => {
    log.add(batch(0, { records: [{ value: '{"secret"' }, { value: '{"secret":"123456789"}' }, { value: null }] }))
    masks.note(obligation({ digest: 'then' }))
    await sessionRead({ maskDigest: 'then', withheld: 1 })
    const then = ofType(await replay(), 'record')
    expect(then[0]).toEqual({ ...then[0], withheld: 'not-json' })
    expect(then[0]).not.toHaveProperty('value')
    expect(then[2]).toMatchObject({ value: null })
    expect(recorded).toMatchObject([{ withheld: 1 }])

    await store.close()
    store = await openStore({ store: undefined, log: collectLog().log })
    await sessionRead()
    setPolicy(protect('{ fields: "secret", with: remove }'))
    expect(ofType(await replay(), 'record')[0]).toMatchObject({ withheld: 'not-json', isMaskedMore: true })
  })

  test('a topic that needs an approval needs one of the viewer’s own', async () => {
    write(1)
    await sessionRead()
    const approval = 'approval: { by: [leads], people: 1, reason: optional, for: 1h, decide-within: 30m }'
    setPolicy(`topics: [{ id: pay, match: [orders], ${approval} }]\n${MAY_REPLAY}`)
    const now = clock.nowUnixMs()
    expect((await replay())[1]).toMatchObject({ noRecords: 'held' })
    for (const ask of [
      { state: 'pending' },
      { state: 'denied' },
      { state: 'active', startsAtUnixMs: now - 2, endsAtUnixMs: now },
      { state: 'approved', startsAtUnixMs: now + 1, endsAtUnixMs: now + 2 },
    ] as const) {
      asks = [{ id: 'pay', ...ask }]
      expect((await replay())[1]).toMatchObject({ noRecords: 'held' })
    }
    asks = [{ id: 'pay', state: 'active', startsAtUnixMs: now - 1, endsAtUnixMs: now + 1 }]
    expect(offsetsOf(await replay())).toEqual(['0'])
    expect(recorded).toMatchObject([{ approvals: [{ ask: 'pay' }] }])
  })

  test('to replay is no right to read', () => {
    const program = compileProgram(residualFor(snapshot.document, viewer))
    expect(decide(program, 'topic', Operation.Read, 'orders').effect).toBe('deny')
  })
})

describe('changes since then [session-replay]', () => {
  beforeEach(async () => {
    write(6, 2)
    await sessionRead()
  })

  const changesOf = (lines: readonly Line[]): unknown => ofType(lines, 'range')[0]?.['changes']

  test('a topic made anew is told, and none of its records are shown', async () => {
    log.topicId = 'another'
    const lines = await replay()
    expect(changesOf(lines)).toEqual(['topic-recreated'])
    expect(offsetsOf(lines)).toEqual([])
  })

  test.each([
    ['unknown', 'topic-gone'],
    ['unreachable', 'unreachable'],
  ] as const)('%s brokers or topics are told', async (outcome, change) => {
    log.outcome = outcome
    const lines = await replay()
    expect(changesOf(lines)).toEqual([change])
    expect(offsetsOf(lines)).toEqual([])
  })

  test('what retention has taken is told, and what is left is shown', async () => {
    log.batches.shift()
    log.logStartOffset = 3n
    const lines = await replay()
    expect(ofType(lines, 'range')[0]).toMatchObject({ changes: ['retention'], logStartOffset: '3' })
    expect(offsetsOf(lines)).toEqual(['2', '3', '4', '5'])
    log.batches = []
    log.logStartOffset = 100n
    log.add(batch(100, { records: [{ value: 'new' }] }))
    expect(changesOf(await replay())).toEqual(['retention'])
    expect(offsetsOf(await replay())).toEqual([])
  })

  test('a log that ends before the records is told', async () => {
    log.batches.length = 1
    const lines = await replay()
    expect(changesOf(lines)).toEqual(['cut-off'])
    expect(offsetsOf(lines)).toEqual(['0', '1'])
  })

  test.each<[string, (batches: Buffer[]) => void]>([
    ['a batch that is gone', (batches) => void batches.splice(1, 1)],
    ['a batch with fewer records', (batches) => void batches.splice(1, 1, batch(3, { records: [{ value: 'x' }] }))],
    ['another hand', (batches) => void batches.splice(1, 1, batch(2, { records: [{ value: 'x' }, { value: 'y' }] }))],
  ])('%s is told by the hash', async (_name, change) => {
    change(log.batches)
    const lines = await replay()
    expect(changesOf(lines)).toEqual(['changed'])
    expect(offsetsOf(lines).at(-1)).toBe('5')
  })

  test('a batch that is damaged is not shown', async () => {
    const [first] = log.batches
    if (first !== undefined) first[first.length - 1] = (first.at(-1) ?? 0) ^ 1
    const lines = await replay()
    expect(ofType(lines, 'unreadable')).toEqual([
      { type: 'unreadable', firstOffset: '0', lastOffset: '1', reason: 'batch-corrupt' },
    ])
    expect(offsetsOf(lines)).toEqual(['2', '3', '4', '5'])
  })
})

describe('pages', () => {
  test('go on where the last one ended, in the middle of a batch and over ranges', async () => {
    write(5, 3)
    await sessionRead()
    await sessionRead({}, 8)
    const offsets: unknown[] = []
    let after: string | undefined
    let pages = 0
    do {
      const lines = await replay({ limit: 2, ...(after === undefined ? {} : { after }) })
      offsets.push(...offsetsOf(lines))
      expect(offsetsOf(lines).length).toBeLessThanOrEqual(2)
      after = lines.at(-1)?.['next'] as string | undefined
      pages += 1
    } while (after !== undefined && pages < 20)
    expect(offsets).toEqual(['0', '1', '2', '3', '4', '0', '1', '2', '3', '4'])
    expect(pages).toBe(6)
  })

  test('are narrowed to a topic or a partition, and refuse a place that they did not give', async () => {
    write(1)
    await sessionRead()
    expect(offsetsOf(await replay({ topic: 'other' }))).toEqual([])
    expect(offsetsOf(await replay({ partition: 1 }))).toEqual([])
    expect(offsetsOf(await replay({ topic: 'orders', partition: 0 }))).toEqual(['0'])
    const after = Buffer.from(JSON.stringify(['x', '0'])).toString('base64url')
    await expect(replay({ after })).rejects.toMatchObject({ code: 'ERR_GATEWAY_SESSION_QUERY' })
  })

  test('only offsets of the range are shown of batches that reach over it', async () => {
    write(6, 3)
    await sessionRead({ range: rangeOf(1, 4) })
    expect(offsetsOf(await replay())).toEqual(['1', '2', '3', '4'])
  })

  test('markers of the broker are no records, compressed batches are read, bytes that are no text are told as such', async () => {
    log.add(batch(0, { records: [{ value: Buffer.from([0xff]) }], codec: 1 }))
    log.add(batch(1, { records: [{ value: 'x' }], attributes: 0x30 }))
    await sessionRead()
    const lines = await replay()
    expect(offsetsOf(lines)).toEqual(['0'])
    expect(lines[2]).toMatchObject({ value: { base64: '/w==' }, key: null })
  })

  test('a very long value is cut, and says so', async () => {
    log.add(batch(0, { records: [{ value: 'x'.repeat(300_000) }] }))
    await sessionRead()
    const [record] = ofType(await replay(), 'record')
    expect(record).toMatchObject({ value: { cutBytes: 300_000 - 262_144 } })
    expect(textOf(record)).toHaveLength(262_144)
  })
})
