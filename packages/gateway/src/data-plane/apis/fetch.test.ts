import {
  decodeFetchRequest,
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchResponse,
  defaultFetchResponsePartitionData,
  ErrorCode,
  encodeFetchRequest,
  type FetchRequest,
  type FetchRequestFetchTopic,
  type FetchResponse,
  Reader,
  Writer,
  ZERO_UUID,
} from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../api.ts'
import { startBrokerStub } from './broker-fixture.ts'
import { type ClientFixture, createClient } from './call-fixture.ts'
import { fetch } from './fetch.ts'
import { uuidOf } from './message-fixture.ts'

const POLICY = `
rules:
  - id: orders
    who: everyone
    may: { consume: [orders] }
  - id: some-partitions
    who: everyone
    may: { consume: [limited], partitions: [0-1] }
`
const VERSIONS = Array.from({ length: 12 }, (_, index) => 4 + index)

type FetchVerdict = Verdict<FetchRequest, FetchResponse>

function topic(name: string, partitions: readonly number[], topicId = ZERO_UUID): FetchRequestFetchTopic {
  const asked = partitions.map((partition) => ({ ...defaultFetchRequestFetchPartition(), partition, fetchOffset: 7n }))
  return { topic: topicId === ZERO_UUID ? name : '', topicId, partitions: asked }
}

function request(fields: Partial<FetchRequest>): FetchRequest {
  return { ...defaultFetchRequest(), replicaId: -1, maxWaitMs: 500, sessionEpoch: 0, ...fields }
}

function decide(
  client: ClientFixture,
  asked: FetchRequest,
  version: number,
  waitBudgetMs?: number,
): FetchVerdict | Promise<FetchVerdict> {
  return fetch.decide(client.call(1, version, waitBudgetMs), asked) as FetchVerdict | Promise<FetchVerdict>
}

/** The request as the broker gets it, after the client's bytes have been patched. */
async function sent(
  verdict: FetchVerdict | Promise<FetchVerdict>,
  asked: FetchRequest,
  version: number,
): Promise<FetchRequest> {
  const decided = await verdict
  if (decided.kind !== 'forward') throw new Error(`not forwarded: ${decided.kind}`)
  const writer = new Writer()
  encodeFetchRequest(writer, decided.request ?? asked, version)
  const bytes = writer.finish()
  for (const { bodyOffset, value } of decided.patches) bytes.writeInt32BE(value, bodyOffset)
  return decodeFetchRequest(new Reader(bytes), version)
}

function client(): ClientFixture {
  const fixture = createClient(POLICY)
  fixture.cluster.learnTopic('orders', uuidOf(1))
  fixture.cluster.learnTopic('limited', uuidOf(2))
  return fixture
}

const idFrom13 = (version: number, number: number): string => (version < 13 ? ZERO_UUID : uuidOf(number))

describe('a fetch', () => {
  test.each(VERSIONS)(
    'in version %i goes on outside of any session, with the rest of its bytes as they were',
    async (version) => {
      const asked = request({
        topics: [topic('orders', [0, 5], idFrom13(version, 1))],
        rackId: version < 11 ? '' : 'rack',
      })
      const received = await sent(decide(client(), asked, version), asked, version)
      const sessionEpoch = version < 7 ? defaultFetchRequest().sessionEpoch : -1
      const replicaId = version < 15 ? -1 : defaultFetchRequest().replicaId
      expect(received).toMatchObject({
        topics: asked.topics,
        maxWaitMs: 500,
        sessionEpoch,
        sessionId: 0,
        rackId: asked.rackId,
        replicaId,
      })
    },
  )

  test.each(VERSIONS)('in version %i waits no longer than the decision stands', async (version) => {
    const asked = request({ topics: [topic('orders', [0], idFrom13(version, 1))] })
    const received = await sent(decide(client(), asked, version, 120.5), asked, version)
    expect(received).toMatchObject({ maxWaitMs: 120, minBytes: asked.minBytes, maxBytes: asked.maxBytes })
  })

  test.each([7, 15])('in a session is told in version %i that there is none', async (version) => {
    const verdict = await decide(client(), request({ sessionId: 3, topics: [] }), version)
    expect(verdict).toMatchObject({ kind: 'answer', response: { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND } })
  })

  test('has no topics to forget on the way', async () => {
    const forgottenTopicsData = [{ topic: 'hidden', topicId: ZERO_UUID, partitions: [0] }]
    const asked = request({ topics: [topic('orders', [0])], forgottenTopicsData })
    const received = await sent(decide(client(), asked, 12), asked, 12)
    expect(received).toMatchObject({ forgottenTopicsData: [], sessionEpoch: -1 })
  })

  test('is decided by partition', async () => {
    const asked = request({ topics: [topic('limited', [0, 2, 1, 9])] })
    const verdict = await decide(client(), asked, 12)
    const received = await sent(verdict, asked, 12)
    expect(received.topics[0]?.partitions.map(({ partition }) => partition)).toEqual([0, 1])
    const answered = [0, 1].map((partitionIndex) => ({ ...defaultFetchResponsePartitionData(), partitionIndex }))
    const response = {
      ...defaultFetchResponse(),
      responses: [{ topic: 'limited', topicId: ZERO_UUID, partitions: answered }],
    }
    if (verdict.kind === 'forward') verdict.edit?.(response)
    const codes = response.responses.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]),
    )
    expect(codes).toEqual([
      [0, 0],
      [1, 0],
      [2, 29],
      [9, 29],
    ])
  })

  test('of an id that the cluster does not know is refused', async () => {
    await using broker = await startBrokerStub(new Map([[uuidOf(1), 'orders']]))
    const fixture = createClient(POLICY, [broker.address])
    const asked = request({ topics: [topic('', [0], uuidOf(1)), topic('', [0], uuidOf(9))] })
    const verdict = await decide(fixture, asked, 13)
    expect((await sent(verdict, asked, 13)).topics.map(({ topicId }) => topicId)).toEqual([uuidOf(1)])
    const response = { ...defaultFetchResponse() }
    if (verdict.kind === 'forward') verdict.edit?.(response)
    expect(response.responses).toMatchObject([
      { topicId: uuidOf(9), partitions: [{ errorCode: ErrorCode.UNKNOWN_TOPIC_ID }] },
    ])
    fixture.cluster.close()
  })

  test('that is parked when its session ends finds nothing new where it stands', () => {
    const response = fetch.atSessionEnd?.(request({ topics: [topic('orders', [3])] })) as FetchResponse
    const [partition] = response.responses[0]?.partitions ?? []
    expect(partition).toMatchObject({ partitionIndex: 3, errorCode: 0, highWatermark: 7n })
    expect(partition?.records?.length).toBe(0)
  })
})
