import { createHash } from 'node:crypto'
import { AuditUnavailableError } from '@headgate/audit'
import { Operation } from '@headgate/policy'
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchResponse,
  defaultFetchResponsePartitionData,
  defaultProduceRequest,
  defaultProduceResponse,
  defaultProduceResponsePartitionProduceResponse,
  encodeFetchResponse,
  encodeResponseFrame,
  type FetchRequest,
  type FetchResponse,
  type ProduceRequest,
  type ProduceResponse,
  walkBatches,
  ZERO_UUID,
} from '@headgate/wire'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ForwardVerdict, Verdict } from '../api.ts'
import { type ClientFixture, createClient } from '../apis/call-fixture.ts'
import { fetch } from '../apis/fetch.ts'
import { uuidOf } from '../apis/message-fixture.ts'
import { produce } from '../apis/produce.ts'
import { batch } from '../records/record-set-fixture.ts'
import type { AnswerTap } from './answer-tap.ts'

const POLICY = `
topics:
  - match: [payments]
    audit: required
  - match: [customers]
    format: json
    mask: [{ fields: secret, with: last-4 }]
rules:
  - id: all
    who: everyone
    may: { consume: [orders, payments, customers], produce: [orders, payments] }
`
const TOPICS = ['orders', 'payments', 'customers']
const UNAVAILABLE = new AuditUnavailableError({ message: 'full' })
let client: ClientFixture

beforeEach(() => {
  client = createClient(POLICY)
  client.trail.keepsTrail = true
  for (const [index, topic] of TOPICS.entries()) client.cluster.learnTopic(topic, uuidOf(index + 1))
})

/** Two records from an offset on. */
function two(baseOffset: number, value = '{"total":1}'): Buffer {
  return batch(baseOffset, { records: [{ value }, { value }], partitionLeaderEpoch: 4 })
}

function hashOf(...batches: Buffer[]): string {
  const hash = createHash('sha256')
  for (const bytes of batches) hash.update(bytes.subarray(0, 8)).update(bytes.subarray(17, 21))
  return hash.digest('base64url')
}

const idIn = (version: number, topic: string): string => (version < 13 ? ZERO_UUID : uuidOf(TOPICS.indexOf(topic) + 1))
const nameIn = (version: number, topic: string): string => (version < 13 ? topic : '')

function fetchRequest(version: number, topic: string, fetchOffset: bigint, partition = 0): FetchRequest {
  const partitions = [{ ...defaultFetchRequestFetchPartition(), partition, fetchOffset }]
  const topics = [{ topic: nameIn(version, topic), topicId: idIn(version, topic), partitions }]
  return { ...defaultFetchRequest(), replicaId: -1, topics }
}

function fetchResponse(version: number, topic: string, records: Buffer, partitionIndex = 0): FetchResponse {
  const partitions = [{ ...defaultFetchResponsePartitionData(), partitionIndex, records }]
  return {
    ...defaultFetchResponse(),
    responses: [{ topic: nameIn(version, topic), topicId: idIn(version, topic), partitions }],
  }
}

function forwarded<Request, Response>(verdict: unknown): ForwardVerdict<Request, Response> {
  const decided = verdict as Verdict<Request, Response>
  if (decided.kind !== 'forward') throw new Error(`not forwarded: ${decided.kind}`)
  return decided
}

function decideFetch(version: number, asked: FetchRequest): ForwardVerdict<FetchRequest, FetchResponse> {
  return forwarded(fetch.decide(client.call(1, version), asked))
}

function frameOf(version: number, response: FetchResponse): Buffer {
  return encodeResponseFrame(1, version, 7, (writer) => encodeFetchResponse(writer, response, version))
}

/** Hands a frame on in pieces, as a socket gives them: the first eight bytes never come apart. */
function pass(tap: AnswerTap | undefined, frame: Buffer, ...cuts: number[]): void {
  const ends = [...cuts.filter((cut) => cut >= 8 && cut < frame.length), frame.length]
  ends.reduce((start, end) => {
    tap?.push(frame, start, end)
    return end
  }, 0)
  tap?.handedOn()
}

/** Fetches from an offset and hands the answer on unread. */
function passFetch(version: number, topic: string, fetchOffset: bigint, records: Buffer, ...cuts: number[]): void {
  const { tap, edit } = decideFetch(version, fetchRequest(version, topic, fetchOffset))
  expect(edit).toBeNull()
  pass(tap, frameOf(version, fetchResponse(version, topic, records)), ...cuts)
}

describe('an answer that passes unread', () => {
  test.each(Array.from({ length: 12 }, (_, index) => index + 4))(
    'of version %i is counted wherever it is cut',
    (version) => {
      const records = Buffer.concat([two(100), two(102)])
      const { length } = frameOf(version, fetchResponse(version, 'orders', records))
      for (let cut = 8; cut < length; cut++) {
        client.trail.events.length = 0
        passFetch(version, 'orders', 100n, records, cut)
        expect(client.trail.flushed()).toEqual([
          expect.objectContaining({
            event: 'records.read',
            ruleIds: ['all'],
            kafka: {
              cluster: 'main',
              api: 'Fetch',
              apiVersion: version,
              topic: 'orders',
              topicId: uuidOf(1),
              partition: 0,
            },
            range: {
              firstOffset: '100',
              lastOffset: '103',
              leaderEpoch: 4,
              batches: 2,
              records: 4,
              bytes: records.length,
              hash: hashOf(two(100), two(102)),
            },
          }),
        ])
      }
    },
  )

  test('is united with the one before where the client went on, and nowhere else', () => {
    passFetch(12, 'orders', 0n, two(0))
    passFetch(12, 'orders', 2n, Buffer.concat([two(2), two(7)]))
    passFetch(12, 'orders', 100n, two(100))
    passFetch(12, 'orders', 100n, two(100))

    const ranges = client.trail
      .flushed()
      .map((event) => ('range' in event ? [event.range.firstOffset, event.range.lastOffset, event.range.batches] : []))
    expect(ranges).toEqual([
      ['0', '8', 3],
      ['100', '101', 1],
      ['100', '101', 1],
    ])
  })

  test('counts a batch that is cut off, and counts it once when it comes whole', () => {
    passFetch(12, 'orders', 0n, Buffer.concat([two(0), two(2).subarray(0, 70)]))
    expect(client.trail.events).toEqual([])
    passFetch(12, 'orders', 2n, Buffer.concat([two(2), two(4)]))

    expect(client.trail.flushed()).toMatchObject([
      { range: { firstOffset: '0', lastOffset: '5', batches: 3, hash: hashOf(two(0), two(2), two(4)) } },
    ])
  })

  test('counts another batch in the place of one that was cut off: the topic was made anew', () => {
    const other = two(0, '{"total":2}')
    passFetch(12, 'orders', 0n, two(0).subarray(0, 70))
    passFetch(12, 'orders', 0n, other)

    expect(client.trail.flushed()).toMatchObject([{ range: { batches: 2, records: 4, hash: hashOf(two(0), other) } }])
  })

  test('is not looked into without a trail', () => {
    client.trail.keepsTrail = false
    expect(decideFetch(12, fetchRequest(12, 'orders', 0n)).tap).toBeUndefined()
  })
})

describe('an answer that is edited', () => {
  test('is counted by the batches of the broker, with what was masked', async () => {
    const { tap, edit } = decideFetch(12, fetchRequest(12, 'customers', 0n))
    const records = two(0, '{"secret":"123456"}')
    await edit?.(fetchResponse(12, 'customers', records))
    tap?.handedOn()

    expect(client.trail.flushed()).toMatchObject([
      {
        event: 'records.read',
        masked: [{ field: 'secret', count: 2 }],
        range: { lastOffset: '1', hash: hashOf(records) },
      },
    ])
  })

  test('is not on record as read when the client gets another one', async () => {
    const { tap, edit } = decideFetch(12, fetchRequest(12, 'customers', 0n))
    await edit?.(fetchResponse(12, 'customers', two(0)))
    tap?.dropped()

    expect(client.trail.flushed()).toEqual([])
  })
})

describe('a read that must be on record', () => {
  test('waits until it is', async () => {
    let recorded = (): void => {}
    client.trail.onRecord = () =>
      new Promise((resolve) => {
        recorded = resolve
      })
    const { tap, edit } = decideFetch(12, fetchRequest(12, 'payments', 0n))
    let isThrough = false
    const through = Promise.resolve(edit?.(fetchResponse(12, 'payments', two(0)))).then((changed) => {
      isThrough = true
      return changed
    })
    await new Promise(setImmediate)
    expect(isThrough).toBe(false)
    recorded()
    expect(await through).toBe(false)
    tap?.handedOn()

    const [intent, outcome] = client.trail.flushed()
    expect(intent).toMatchObject({ event: 'records.read-intent', range: { firstOffset: '0', lastOffset: '1' } })
    expect(outcome).toMatchObject({
      event: 'records.read',
      intents: [intent !== undefined && 'intent' in intent ? intent.intent : ''],
    })
  })

  test('waits also when the topic was made anew while the broker worked', async () => {
    const { tap, edit } = decideFetch(13, fetchRequest(13, 'payments', 0n))
    client.cluster.learnTopic('payments', uuidOf(9))
    await edit?.(fetchResponse(13, 'payments', two(0)))
    tap?.handedOn()

    const [intent, outcome] = client.trail.flushed()
    expect(intent).toMatchObject({ event: 'records.read-intent', kafka: { topic: 'payments' }, ruleIds: ['all'] })
    expect(outcome).toMatchObject({ event: 'records.read', kafka: { topic: 'payments', topicId: uuidOf(2) } })
  })

  test('is refused for now where it cannot be, and others are delivered', async () => {
    client.trail.onRecord = () => Promise.reject(UNAVAILABLE)
    const asked = fetchRequest(12, 'payments', 0n)
    asked.topics.push(...fetchRequest(12, 'orders', 0n).topics)
    const response = fetchResponse(12, 'payments', two(0))
    response.responses.push(...fetchResponse(12, 'orders', two(4)).responses)
    const { tap, edit } = decideFetch(12, asked)
    expect(await edit?.(response)).toBe(true)
    tap?.handedOn()

    expect(
      response.responses.map(({ partitions }) => [partitions[0]?.errorCode, partitions[0]?.records?.length]),
    ).toEqual([
      [56, 0],
      [0, two(4).length],
    ])
    expect(client.trail.flushed()).toMatchObject([{ event: 'records.read', kafka: { topic: 'orders' } }])
  })

  test('is refused without a trail', async () => {
    client.trail.keepsTrail = false
    client.trail.onRecord = () => Promise.reject(UNAVAILABLE)
    const { edit } = decideFetch(12, fetchRequest(12, 'payments', 0n))
    const response = fetchResponse(12, 'payments', two(0))
    await edit?.(response)

    expect(response.responses[0]?.partitions[0]).toMatchObject({ errorCode: 56 })
  })

  test('is void when it was decided again', async () => {
    const { tap, edit } = decideFetch(12, fetchRequest(12, 'payments', 0n))
    await edit?.(fetchResponse(12, 'payments', two(0)))
    tap?.dropped()

    const [intent, outcome] = client.trail.flushed()
    expect(outcome).toMatchObject({
      event: 'records.read-void',
      intents: [intent !== undefined && 'intent' in intent ? intent.intent : ''],
    })
  })
})

function produceRequest(version: number, topics: readonly string[], acks = -1): ProduceRequest {
  const topicData = topics.map((topic) => ({
    name: nameIn(version, topic),
    topicId: idIn(version, topic),
    partitionData: [{ index: 3, records: two(0) }],
  }))
  return { ...defaultProduceRequest(), acks, topicData }
}

function produceResponse(version: number, topics: readonly string[], errorCode = 0, baseOffset = 40n): ProduceResponse {
  const responses = topics.map((topic) => ({
    name: nameIn(version, topic),
    topicId: idIn(version, topic),
    partitionResponses: [{ ...defaultProduceResponsePartitionProduceResponse(), index: 3, errorCode, baseOffset }],
  }))
  return { ...defaultProduceResponse(), responses }
}

function decideProduce(version: number, request: ProduceRequest): unknown {
  return produce.decide(client.call(0, version), request)
}

/** Decides a produce, and sends what is forwarded. */
async function sendProduce(version: number, request: ProduceRequest): Promise<unknown> {
  const verdict = (await decideProduce(version, request)) as Verdict<ProduceRequest, ProduceResponse>
  if (verdict.kind === 'forward') verdict.onSent?.()
  return verdict
}

describe('a write', () => {
  test.each([3, 9, 12, 13])('of version %i is on record by the offsets that the broker gave it', async (version) => {
    for (const baseOffset of [40n, 42n, 90n]) {
      const { edit } = forwarded<ProduceRequest, ProduceResponse>(
        await sendProduce(version, produceRequest(version, ['orders'])),
      )
      edit?.(produceResponse(version, ['orders'], 0, baseOffset))
    }
    const at = (offset: bigint): Buffer => {
      const bytes = Buffer.from(two(0))
      bytes.writeBigInt64BE(offset)
      return bytes
    }

    expect(client.trail.flushed()).toMatchObject([
      {
        event: 'records.written',
        kafka: { topic: 'orders', topicId: uuidOf(1), partition: 3 },
        range: { firstOffset: '40', lastOffset: '43', batches: 2, records: 4, hash: hashOf(at(40n), at(42n)) },
      },
      { event: 'records.written', range: { firstOffset: '90', lastOffset: '91' } },
    ])
  })

  test('that the broker refuses, and one that it does not answer, are on record as such', async () => {
    const refused = forwarded<ProduceRequest, ProduceResponse>(await sendProduce(9, produceRequest(9, ['orders'])))
    refused.edit?.(produceResponse(9, ['orders'], 6, -1n))
    await sendProduce(9, produceRequest(9, ['orders']))
    await sendProduce(9, produceRequest(9, ['orders'], 0))

    expect(client.trail.ended()).toMatchObject([
      { event: 'records.write-refused', errorCode: 6, sent: { records: 2 } },
      { event: 'records.write-unknown', reason: 'no-acknowledgement' },
      { event: 'records.write-unknown', reason: 'connection-ended' },
    ])
  })

  test('that must be on record is so before it is sent, and the outcome names it', async () => {
    const verdict = decideProduce(9, produceRequest(9, ['payments']))
    expect(verdict).toBeInstanceOf(Promise)
    const { edit, request } = forwarded<ProduceRequest, ProduceResponse>(await verdict)
    expect(request).toBeNull()
    const [intent] = client.trail.events
    expect(intent).toMatchObject({ event: 'records.write-intent', sent: { batches: 1, records: 2 } })
    edit?.(produceResponse(9, ['payments']))

    expect(client.trail.flushed()[1]).toMatchObject({
      event: 'records.written',
      intents: [intent !== undefined && 'intent' in intent ? intent.intent : ''],
    })
  })

  test('that is decided again before it is sent was none, and its intent is void', async () => {
    for (const topics of [['orders'], ['payments']])
      for (const acks of [-1, 0])
        forwarded<ProduceRequest, ProduceResponse>(
          await decideProduce(9, produceRequest(9, topics, acks)),
        ).onDropped?.()

    const told = client.trail.ended()
    expect(told.map(({ event }) => event)).toEqual([
      ...['records.write-intent', 'records.write-void', 'records.write-intent', 'records.write-void'],
    ])
    const [intent, outcome] = told
    expect(outcome).toMatchObject({
      intents: [intent !== undefined && 'intent' in intent ? intent.intent : ''],
      reason: 'not-sent',
    })
  })

  test('that cannot be on record is not sent, and is refused for now', async () => {
    client.trail.onRecord = () => Promise.reject(UNAVAILABLE)
    const mixed = forwarded<ProduceRequest, ProduceResponse>(
      await sendProduce(9, produceRequest(9, ['payments', 'orders'])),
    )
    expect(mixed.request?.topicData.map(({ name }) => name)).toEqual(['orders'])
    const response = produceResponse(9, ['orders'])
    mixed.edit?.(response)
    expect(response.responses.map(({ name, partitionResponses }) => [name, partitionResponses[0]?.errorCode])).toEqual([
      ['orders', 0],
      ['payments', 56],
    ])

    const alone = await sendProduce(9, produceRequest(9, ['payments']))
    expect(alone).toMatchObject({
      kind: 'answer',
      response: { responses: [{ name: 'payments', partitionResponses: [{ index: 3, errorCode: 56 }] }] },
    })
    expect(await sendProduce(9, produceRequest(9, ['payments'], 0))).toMatchObject({ kind: 'close' })
  })
})

test('what changes the cluster is on record, by the rule that grants it, and a denial is not', () => {
  const owner = createClient(`
rules:
  - id: owner
    who: everyone
    may: { create: [orders], delete: [orders], alter-configs: [orders] }
`)
  owner.trail.keepsTrail = true
  const call = owner.call(19, 7)
  expect([call.creates('orders'), call.creates('payments')]).toEqual([true, false])
  expect(call.permits('topic', Operation.Delete, 'orders')).toBe(true)
  expect(call.permits('topic', Operation.DescribeConfigs, 'orders')).toBe(true)

  expect(owner.trail.events).toMatchObject([
    {
      event: 'change.granted',
      operation: 'Create',
      resourceName: 'orders',
      ruleIds: ['owner'],
      kafka: { topic: 'orders' },
    },
    { event: 'change.granted', operation: 'Delete', resourceName: 'orders' },
  ])
})

test('the fixture builds what brokers send', () => {
  expect([...walkBatches(two(5))]).toHaveLength(1)
})
