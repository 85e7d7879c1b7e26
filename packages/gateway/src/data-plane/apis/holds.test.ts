import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchResponse,
  defaultMetadataRequest,
  defaultMetadataResponse,
  defaultMetadataResponseTopic,
  defaultOffsetCommitRequest,
  defaultProduceRequest,
  ErrorCode,
  type FetchRequest,
  type FetchResponse,
  type MetadataRequest,
  type MetadataResponse,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
  type ProduceRequest,
  type ProduceResponse,
  ZERO_UUID,
} from '@headgate/wire'
import { beforeEach, describe, expect, test } from 'vitest'
import type { AskState, AskStatus } from '../../control-port.ts'
import type { Api, Verdict } from '../api.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import { fetch } from './fetch.ts'
import { metadata } from './metadata.ts'
import { offsetCommit } from './offset-commit.ts'
import { produce } from './produce.ts'

const POLICY = `
topics:
  - id: lead
    match: [payments]
    approval: { by: [leads], people: 1, reason: optional, for: 1h, decide-within: 30m }
  - id: second-lead
    match: [payments]
    approval: { by: [others], people: 1, reason: optional, for: 1h, decide-within: 30m, on: [produce] }
rules:
  - id: everyone
    who: everyone
    may: { consume: [payments, open], produce: [payments, open], as: ["*"] }
`
const NOW = 1_000
const FETCH_VERSION = 12
const PRODUCE_VERSION = 9

let client: ClientFixture

beforeEach(() => {
  client = createClient(POLICY)
  client.asks.nowUnixMs = NOW
})

function decide<Request, Response>(
  api: unknown,
  apiKey: number,
  version: number,
  request: Request,
): Verdict<Request, Response> {
  const verdict = (api as Api<Request, Response>).decide(client.call(apiKey, version), request)
  if (verdict instanceof Promise) throw new Error('it had to look something up')
  return verdict
}

function fetchVerdict(topics: readonly string[], maxWaitMs = 500): Verdict<FetchRequest, FetchResponse> {
  const partitions = [{ ...defaultFetchRequestFetchPartition(), partition: 0, fetchOffset: 7n }]
  return decide(fetch, 1, FETCH_VERSION, {
    ...defaultFetchRequest(),
    replicaId: -1,
    maxWaitMs,
    topics: topics.map((topic) => ({ topic, topicId: ZERO_UUID, partitions })),
  })
}

function produceVerdict(topics: readonly string[], acks = -1): Verdict<ProduceRequest, ProduceResponse> {
  const partitionData = [{ index: 0, records: Buffer.alloc(0) }]
  return decide(produce, 0, PRODUCE_VERSION, {
    ...defaultProduceRequest(),
    acks,
    topicData: topics.map((name) => ({ name, topicId: ZERO_UUID, partitionData })),
  })
}

function tell(
  state: AskState,
  { protection = 'lead', operation = 'consume' as 'consume' | 'produce', endsAtUnixMs = NOW + 100 } = {},
): AskStatus {
  const scope = { issuer: 'corp', subject: 'svc', protection, topic: 'payments', operation }
  const ask = { id: `ask-${protection}-${state}`, scope, state, revision: 5, startsAtUnixMs: NOW, endsAtUnixMs }
  client.asks.tell(ask)
  return ask
}

describe('a fetch of a held topic', () => {
  test('is answered late that nothing is there yet, at the offset that was asked for', () => {
    const verdict = fetchVerdict(['payments'])

    expect(verdict).toMatchObject({ kind: 'wait', maxWaitMs: 500 })
    expect(verdict.kind === 'wait' && verdict.response.responses).toMatchObject([
      {
        topic: 'payments',
        partitions: [{ partitionIndex: 0, errorCode: 0, highWatermark: 7n, records: Buffer.alloc(0) }],
      },
    ])
    expect(client.denials).toEqual([])
  })

  test('opens one ask, whoever asks how often', () => {
    for (let n = 0; n < 3; n += 1) fetchVerdict(['payments', 'open'])

    expect(client.asks.opened).toMatchObject([
      { state: 'pending', scope: { protection: 'lead', topic: 'payments', operation: 'consume', subject: 'svc' } },
    ])
  })

  test('goes on without it for other topics, and is woken by a change of rights', () => {
    const verdict = fetchVerdict(['payments', 'open'])
    if (verdict.kind !== 'forward') throw new Error(verdict.kind)
    expect(verdict.isHolding).toBe(true)
    expect(verdict.request?.topics.map(({ topic }) => topic)).toEqual(['open'])
    const response = { ...defaultFetchResponse(), responses: [] }
    verdict.edit?.(response)
    expect(response.responses).toMatchObject([{ topic: 'payments', partitions: [{ errorCode: 0, highWatermark: 7n }] }])
  })

  test('waits at the broker for a moment only beside other topics, or the fetch after a wake would stand behind it', () => {
    const waits = (topics: readonly string[]): number | undefined => {
      const verdict = fetchVerdict(topics, 60_000)
      return verdict.kind === 'forward' ? verdict.request?.maxWaitMs : undefined
    }
    expect(waits(['payments', 'open'])).toBe(500)
    // One that is refused waits as the client wants.
    expect(waits(['elsewhere', 'open'])).toBe(60_000)
  })

  test('P4: goes to the broker once it is approved, and no longer than the approval lasts', () => {
    tell('active')
    const verdict = fetchVerdict(['payments'])

    expect(verdict).toMatchObject({ kind: 'forward', request: null })
    // The answer is taken whole, so that the end of the approval never finds it half sent; its bytes go on as they are.
    expect(verdict.kind === 'forward' && verdict.edit?.({ ...defaultFetchResponse() })).toBe(false)
    expect(verdict.kind === 'forward' && verdict.patches).toContainEqual({ bodyOffset: 4, value: 100 })
  })

  test.each<AskState>(['denied', 'expired', 'revoked', 'canceled'])(
    'is refused with 29 once the ask is %s, and opens no other',
    (state) => {
      tell(state)
      const verdict = fetchVerdict(['payments'])

      expect(verdict.kind === 'answer' && verdict.response.responses[0]?.partitions[0]?.errorCode).toBe(
        ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      )
      expect(client.asks.opened).toEqual([])
      expect(client.denials).toMatchObject([{ decision: { effect: 'deny', reason: 'approval-refused' } }])
    },
  )

  test('opens no ask for a name that no topic can have, whatever pattern it is held by', () => {
    client = createClient(POLICY.replaceAll('[payments', '["payments*"'))
    const made = ['payments\u001b[2J', 'payments\u202e', 'payments and more', `payments${'s'.repeat(245)}`]

    expect(fetchVerdict(made)).toMatchObject({
      kind: 'wait',
      response: { responses: made.map((topic) => ({ topic })) },
    })
    expect(client.asks.opened).toEqual([])
    fetchVerdict(['payments-2'])
    expect(client.asks.opened).toHaveLength(1)
  })

  test('P4: is refused at the end of the approval, whoever tells of it', () => {
    tell('active')
    client.asks.nowUnixMs = NOW + 100

    expect(fetchVerdict(['payments']).kind).toBe('answer')
  })
})

describe('a produce to a held topic', () => {
  test('is refused promptly, with where to find the asks, and passes once all are approved', () => {
    const verdict = produceVerdict(['payments', 'open'])
    if (verdict.kind !== 'forward') throw new Error(verdict.kind)
    expect(verdict.request?.topicData.map(({ name }) => name)).toEqual(['open'])
    const [one, two] = client.asks.opened
    expect([one?.scope.protection, two?.scope.protection]).toEqual(['lead', 'second-lead'])

    const refused = produceVerdict(['payments'])
    expect(refused.kind === 'answer' && refused.response.responses[0]?.partitionResponses[0]).toMatchObject({
      errorCode: ErrorCode.POLICY_VIOLATION,
      errorMessage: `writing here wants an approval: https://gateway.example/v1/asks/${one?.id} https://gateway.example/v1/asks/${two?.id}`,
    })
    expect(client.asks.opened).toHaveLength(2)

    tell('active', { operation: 'produce' })
    expect(produceVerdict(['payments']).kind).toBe('answer')
    tell('active', { operation: 'produce', protection: 'second-lead' })
    expect(produceVerdict(['payments'])).toMatchObject({ kind: 'forward', request: null })
  })

  test('without acknowledgement ends the connection', () => {
    expect(produceVerdict(['payments'], 0).kind).toBe('close')
  })

  test('is refused with 29 once the ask was denied', () => {
    tell('denied', { operation: 'produce' })
    const refused = produceVerdict(['payments'])

    expect(refused.kind === 'answer' && refused.response.responses[0]?.partitionResponses[0]?.errorCode).toBe(29)
  })
})

describe('around a held topic', () => {
  test('offsets are committed until the ask is refused', () => {
    const commit = (): Verdict<OffsetCommitRequest, OffsetCommitResponse> =>
      decide(offsetCommit, 8, 9, {
        ...defaultOffsetCommitRequest(),
        groupId: 'g',
        topics: [{ name: 'payments', topicId: ZERO_UUID, partitions: [] }].map((topic) => ({
          ...topic,
          partitions: [{ partitionIndex: 0, committedOffset: 7n, committedLeaderEpoch: -1, committedMetadata: null }],
        })),
      })
    expect(commit()).toMatchObject({ kind: 'forward', request: null })
    expect(client.asks.opened).toEqual([])

    tell('revoked')
    expect(commit().kind).toBe('answer')
  })

  test('no listing shows it, and who names it sees it', () => {
    const shown = (request: MetadataRequest): string[] => {
      const verdict = decide<MetadataRequest, MetadataResponse>(metadata, 3, 12, request)
      if (verdict.kind !== 'forward') throw new Error(verdict.kind)
      const topics = ['payments', 'open'].map((name) => ({ ...defaultMetadataResponseTopic(), name }))
      const response = { ...defaultMetadataResponse(), topics }
      verdict.edit?.(response)
      return response.topics.map(({ name }) => name ?? '')
    }
    const all = { ...defaultMetadataRequest(), topics: null }
    const named = { ...defaultMetadataRequest(), topics: [{ name: 'payments', topicId: ZERO_UUID }] }

    expect(shown(all)).toEqual(['open'])
    expect(shown(named)).toEqual(['payments', 'open'])
    tell('active')
    expect(shown(all)).toEqual(['payments', 'open'])
    tell('denied')
    expect(shown(all)).toEqual(['open'])
    expect(client.asks.opened).toEqual([])
  })
})
