import { setTimeout as sleep } from 'node:timers/promises'
import type { FetchResponse, HeartbeatResponse } from '@headgate/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askGateway } from '../clients/gateway-api.ts'
import { RawClient } from '../clients/raw-client.ts'
import { fetchBody } from '../clients/raw-requests.ts'
import { until } from '../kafka/until.ts'
import { needsPart } from '../reporter/parts.ts'
import { SWEPT } from '../sweep/recorder.ts'
import { expectHeldThenServed } from './held-consumers.ts'
import { HELD_TOPIC, type HoldWorld, OPEN_TOPIC, type ShownAsk, startHoldWorld } from './hold-world.ts'

const HELD_MS = 20_000
const LONG_MS = 120_000
const RUNS = 20
const PROMPT_MS = 1_000
const PATIENCE_MS = 20_000
const FETCH = 1
const FETCH_VERSION = 12
const REFUSED = 29
const VALUES = Array.from({ length: 30 }, (_, n) => `payment-${n}-${SWEPT}`)
const READERS = ['kafkajs', 'java', 'kcat', 'raw', 'other', 'timed', 'denied', 'late']

let hold: HoldWorld

beforeAll(async () => {
  hold = await startHoldWorld(READERS)
  await hold.produce(HELD_TOPIC, VALUES)
  await hold.produce(OPEN_TOPIC, VALUES)
})

afterAll(() => hold?.world.close())

describe('a consumer that is held stays in its group, and then reads every record from where it stood', () => {
  test.concurrent('kafkajs [held-kafkajs]', () => expectHeldThenServed(hold, 'kafkajs', VALUES, HELD_MS), LONG_MS)

  test.concurrent(
    "Kafka's Java consumer [held-java]",
    () => expectHeldThenServed(hold, 'java', VALUES, HELD_MS),
    LONG_MS,
  )

  test.concurrent(
    'kcat [held-kcat]',
    async (context) => {
      needsPart(context, 'kcat')
      await expectHeldThenServed(hold, 'kcat', VALUES, HELD_MS)
    },
    LONG_MS,
  )
})

async function connect(clientId: string): Promise<RawClient> {
  const [host = '', port = ''] = hold.world.bootstrap.split(':')
  const client = await RawClient.connect({ host, port: Number(port), caPem: hold.world.ca.pem, clientId })
  expect(await client.signInPlain(clientId, hold.world.secretOf(clientId))).toMatchObject({ errorCode: 0 })
  return client
}

interface Fetched {
  readonly errorCode: number
  readonly recordBytes: number
  readonly highWatermark: bigint
}

async function fetchOnce(client: RawClient, topic: string, more: object = {}): Promise<Fetched> {
  const { responses } = await client.request<FetchResponse>(FETCH, FETCH_VERSION, fetchBody(topic, more))
  const partition = responses.find((answered) => answered.topic === topic)?.partitions[0]
  if (partition === undefined) throw new Error('the partition is not in the answer')
  const { errorCode, records, highWatermark } = partition
  return { errorCode, recordBytes: records?.length ?? 0, highWatermark }
}

async function request(clientId: string, durationMs?: number): Promise<ShownAsk> {
  const token = await hold.world.identity.tokenFor(clientId)
  const body = { topic: HELD_TOPIC, operation: 'consume', reason: 'for the test', ...(durationMs && { durationMs }) }
  const { status, text, json } = await askGateway(hold.world, '/v1/asks', { method: 'POST', body, token })
  if (status !== 201) throw new Error(`${status} ${text}`)
  const [ask] = json<{ asks: ShownAsk[] }>().asks
  if (ask === undefined) throw new Error('no ask was opened')
  return ask
}

/** How long it takes from now until fetches come out like that, on this one connection. */
async function timeUntil(client: RawClient, what: string, isSo: (fetched: Fetched) => boolean): Promise<number> {
  const startedAt = performance.now()
  const tookMs = (): number => performance.now() - startedAt
  while (tookMs() < PATIENCE_MS) {
    const fetched = await fetchOnce(client, HELD_TOPIC, { maxWaitMs: 5_000 }).catch((cause: unknown) => {
      const why = hold.world.logLines.findLast(({ event }) => event === 'closed')
      throw new Error(`no ${what}: ${why?.code} ${why?.reason}`, { cause })
    })
    if (isSo(fetched)) return tookMs()
  }
  throw new Error(`no ${what} within ${PATIENCE_MS} ms`)
}

const hasRecords = ({ errorCode, recordBytes }: Fetched): boolean => errorCode === 0 && recordBytes > 0
const isRefused = ({ errorCode }: Fetched): boolean => errorCode === REFUSED

test('a held fetch waits as long as the client lets it, beside topics that flow and heartbeats that pass [hold-is-no-error]', async () => {
  const client = await connect('raw')
  const startedAt = performance.now()
  const held = await fetchOnce(client, HELD_TOPIC, { maxWaitMs: 800 })
  expect(held).toEqual({ errorCode: 0, recordBytes: 0, highWatermark: 0n })
  expect(performance.now() - startedAt).toBeGreaterThan(700)
  expect(performance.now() - startedAt).toBeLessThan(1_600)

  const [partition] = fetchBody(OPEN_TOPIC)['topics' as never] as [object]
  const both = await client.request<FetchResponse>(FETCH, FETCH_VERSION, {
    ...fetchBody(HELD_TOPIC, { maxWaitMs: 5_000 }),
    topics: [...((fetchBody(HELD_TOPIC) as { topics: object[] }).topics ?? []), partition],
  })
  expect(both.responses.find(({ topic }) => topic === OPEN_TOPIC)?.partitions[0]?.records?.length).toBeGreaterThan(0)
  expect(both.responses.find(({ topic }) => topic === HELD_TOPIC)?.partitions[0]).toMatchObject({ errorCode: 0 })

  const heartbeat = await connect('raw')
  const parked = fetchOnce(client, HELD_TOPIC, { maxWaitMs: 2_000 })
  const beat = await heartbeat.request<HeartbeatResponse>(12, 4, {
    groupId: 'readers-raw',
    generationId: 1,
    memberId: 'nobody',
  })
  expect(beat.errorCode).not.toBe(30)
  await parked
  client.close()
  heartbeat.close()
})

test(
  'approval, revocation and expiry act on the live connection within a second, twenty times each [rights-in-a-second]',
  async () => {
    const client = await connect('timed')
    const tookMs: Record<'approval' | 'revocation' | 'expiry', number[]> = { approval: [], revocation: [], expiry: [] }
    await fetchOnce(client, HELD_TOPIC, { maxWaitMs: 1 })
    const [first] = await until('the first ask', async () => {
      const asks = await hold.asksOf('timed')
      return asks.length > 0 ? asks : undefined
    })
    let ask = first as ShownAsk
    for (let run = 0; run < RUNS; run += 1) {
      const approved = timeUntil(client, 'records', hasRecords)
      await decide(ask, 'approve')
      tookMs.approval.push(await approved)
      const revoked = timeUntil(client, 'a refusal', isRefused)
      await decide(ask, 'revoke')
      tookMs.revocation.push(await revoked)

      ask = await request('timed', 1_000)
      await decide(ask, 'approve')
      const { endsAtUnixMs } = (await hold.asLead(`/v1/asks/${ask.id}`)).json<{ endsAtUnixMs: number }>()
      expect(hasRecords(await fetchOnce(client, HELD_TOPIC))).toBe(true)
      await timeUntil(client, 'a refusal', isRefused)
      tookMs.expiry.push(Date.now() - endsAtUnixMs)
      ask = await request('timed')
    }
    client.close()
    for (const [step, times] of Object.entries(tookMs)) {
      expect(times, step).toHaveLength(RUNS)
      expect(Math.max(...times), step).toBeLessThanOrEqual(PROMPT_MS)
      // Access that ended before its time would be a fault as well; clocks are read once a millisecond.
      expect(Math.min(...times), step).toBeGreaterThanOrEqual(-1)
    }
    expect(client.isClosed).toBe(true)
  },
  LONG_MS,
)

async function decide(ask: ShownAsk, verb: string): Promise<void> {
  const { status, text } = await hold.asLead(`/v1/asks/${ask.id}/${verb}`, { method: 'POST', body: { reason: 'test' } })
  if (status !== 200) throw new Error(`${verb}: ${status} ${text}`)
}

test('a denied ask ends in 29, and traffic opens no other [refused-stays-refused]', async () => {
  const client = await connect('denied')
  await fetchOnce(client, HELD_TOPIC, { maxWaitMs: 1 })
  await hold.decide('denied', 'deny')
  await until('the refusal', async () => isRefused(await fetchOnce(client, HELD_TOPIC, { maxWaitMs: 100 })))
  for (let n = 0; n < 5; n += 1) expect(isRefused(await fetchOnce(client, HELD_TOPIC))).toBe(true)
  const other = await connect('denied')
  expect(isRefused(await fetchOnce(other, HELD_TOPIC))).toBe(true)
  // What is shown here is that nothing comes of them: an ask that they opened would be there by now.
  await sleep(200)
  expect((await hold.asksOf('denied')).map(({ state }) => state)).toEqual(['denied'])

  await request('denied')
  await until('the hold', async () => (await fetchOnce(client, HELD_TOPIC, { maxWaitMs: 50 })).errorCode === 0)
  expect(await hold.asksOf('denied')).toHaveLength(2)
  client.close()
  other.close()
})

test('a topic that may be asked for is shown to who names it, and in no listing [no-ask-by-accident]', async () => {
  const admin = hold.kafkajsOf('other').admin()
  await admin.connect()
  try {
    expect(await admin.listTopics()).toEqual([OPEN_TOPIC])
    const { topics } = await admin.fetchTopicMetadata({ topics: [HELD_TOPIC] })
    expect(topics[0]?.partitions).toHaveLength(1)
    expect(await admin.fetchTopicOffsets(HELD_TOPIC)).toMatchObject([{ partition: 0, high: '30', low: '0' }])
  } finally {
    await admin.disconnect()
  }
  expect(await hold.asksOf('other')).toEqual([])
})
