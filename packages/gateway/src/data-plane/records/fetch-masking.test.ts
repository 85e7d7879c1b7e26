import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchResponse,
  defaultFetchResponsePartitionData,
  type FetchRequest,
  type FetchResponse,
  type FetchResponsePartitionData,
  ZERO_UUID,
} from '@headgate/wire'
import { describe, expect, test } from 'vitest'
import type { ForwardVerdict } from '../api.ts'
import { type ClientFixture, createClient } from '../apis/call-fixture.ts'
import { fetch } from '../apis/fetch.ts'
import { batch, decodeSet, seen } from './record-set-fixture.ts'

const RULES = `
rules:
  - id: all
    who: everyone
    may: { consume: ["*"] }
`
const MASKED = `
topics:
  - match: [orders]
    format: json
    mask: [{ fields: secret, with: last-4 }]
  - match: [visible]
    format: json
    on-unreadable: placeholder
    mask: [{ fields: secret, with: last-4 }]
${RULES}`
const CLEAR = '{"secret":"4111111111111111"}'
const BROKEN = '{"secret":'
const HOLES = 10
const MARKERS = 11

function request(topic: string, fetchOffset: number): FetchRequest {
  const partitions = [{ ...defaultFetchRequestFetchPartition(), partition: 0, fetchOffset: BigInt(fetchOffset) }]
  return { ...defaultFetchRequest(), replicaId: -1, topics: [{ topic, topicId: ZERO_UUID, partitions }] }
}

function decide(
  client: ClientFixture,
  asked: FetchRequest,
  version: number,
): ForwardVerdict<FetchRequest, FetchResponse> {
  return fetch.decide(client.call(1, version), asked) as ForwardVerdict<FetchRequest, FetchResponse>
}

/** What the client gets of what the broker answers. */
async function edited(
  { edit }: ForwardVerdict<FetchRequest, FetchResponse>,
  records: Buffer | null,
  fields: Partial<FetchResponsePartitionData> = {},
): Promise<FetchResponsePartitionData & { isChanged: boolean }> {
  const partition = { ...defaultFetchResponsePartitionData(), highWatermark: 100n, lastStableOffset: 100n, records }
  const partitions = [{ ...partition, ...fields }]
  const response: FetchResponse = {
    ...defaultFetchResponse(),
    responses: [{ topic: 'orders', topicId: ZERO_UUID, partitions }],
  }
  const isChanged = (await edit?.(response)) !== false
  const [answered] = response.responses[0]?.partitions ?? []
  if (answered === undefined) throw new Error('the partition is gone')
  return { ...answered, isChanged }
}

const offsetAsked = ({ request: sent }: ForwardVerdict<FetchRequest, FetchResponse>): bigint | undefined =>
  sent?.topics[0]?.partitions[0]?.fetchOffset

const broken = (base: number): Buffer => batch(base, { records: [{ value: BROKEN }, { value: BROKEN }] })

describe('a fetch of a masked topic', () => {
  test('is edited, and one of another topic goes on unread', async () => {
    const client = createClient(MASKED)
    expect(decide(client, request('others', 0), MARKERS).edit).toBe(null)
    const verdict = decide(client, request('orders', 0), MARKERS)
    expect(verdict.request).toBe(null)
    const answered = await edited(verdict, batch(0, { records: [{ value: CLEAR }] }))
    expect(seen(answered.records ?? Buffer.alloc(0))).toEqual(['0 {"secret":"************1111"}'])
    expect(client.masked).toMatchObject([
      { operation: 'read', topic: 'orders', partition: 0, result: { recordCount: 1, maskedRecordCount: 1 } },
    ])
  })

  test('leaves an answer unread where nothing is hit, and drops what was cut off', async () => {
    const verdict = decide(createClient(MASKED), request('orders', 0), MARKERS)
    const plain = batch(0, { records: [{ value: '{}' }] })
    expect(await edited(verdict, plain)).toMatchObject({ isChanged: false })
    expect(await edited(verdict, null)).toMatchObject({ isChanged: false })
    const cut = await edited(verdict, Buffer.concat([plain, batch(1, { records: [{ value: CLEAR }] }).subarray(0, 90)]))
    expect(cut.isChanged).toBe(true)
    expect(cut.records?.equals(plain)).toBe(true)
  })

  test.each([
    [MARKERS, '', 'marker'],
    [MARKERS, 'apache-kafka-java', 'marker'],
    [MARKERS, 'rskafka', 'hole'],
    [HOLES, 'apache-kafka-java', 'hole'],
  ])('version %i of `%s` gets a %s in the place of what is withheld', async (version, softwareName, form) => {
    const client = createClient(MASKED)
    client.state.softwareName = softwareName
    const answered = await edited(decide(client, request('orders', 0), version), broken(0))
    expect(decodeSet(answered.records ?? Buffer.alloc(0)).length).toBe(form === 'marker' ? 1 : 0)
    expect(answered.highWatermark).toBe(form === 'marker' ? 100n : 0n)
  })

  test('a topic may ask for a visible placeholder', async () => {
    const verdict = decide(createClient(MASKED), request('visible', 0), HOLES)
    const response = {
      ...defaultFetchResponse(),
      responses: [
        {
          topic: 'visible',
          topicId: ZERO_UUID,
          partitions: [{ ...defaultFetchResponsePartitionData(), partitionIndex: 0, records: broken(0) }],
        },
      ],
    }
    await verdict.edit?.(response)
    expect(seen(response.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0))).toHaveLength(2)
  })
})

describe('a client that stands before records that it may not see', () => {
  test('stays there without lag, and the broker is asked for what lies behind', async () => {
    const client = createClient(MASKED)
    const first = await edited(decide(client, request('orders', 5), HOLES), broken(5))
    expect(first).toMatchObject({ highWatermark: 5n, lastStableOffset: 5n, errorCode: 0 })
    expect(first.records?.length).toBe(0)

    const second = decide(client, request('orders', 5), HOLES)
    expect(offsetAsked(second)).toBe(7n)
    expect(await edited(second, null)).toMatchObject({ highWatermark: 5n, errorCode: 0 })
    expect(await edited(second, broken(7))).toMatchObject({ highWatermark: 5n })

    const third = decide(client, request('orders', 5), HOLES)
    expect(offsetAsked(third)).toBe(9n)
    const seenAtLast = await edited(third, batch(9, { records: [{ value: '{}' }] }))
    expect(seen(seenAtLast.records ?? Buffer.alloc(0))).toEqual(['9 {}'])
    expect(seenAtLast.highWatermark).toBe(100n)
  })

  test('is asked for its own offset when it moved, and when the broker does not know the other', async () => {
    const client = createClient(MASKED)
    await edited(decide(client, request('orders', 5), HOLES), broken(5))
    expect(offsetAsked(decide(client, request('orders', 6), HOLES))).toBe(undefined)
    const second = decide(client, request('orders', 5), HOLES)
    expect(await edited(second, null, { errorCode: 1, highWatermark: -1n })).toMatchObject({
      errorCode: 0,
      highWatermark: 5n,
    })
    expect(decide(client, request('orders', 5), HOLES).request).toBe(null)
  })

  test('misses nothing when another policy shows what was withheld, decided again while the broker worked', async () => {
    const client = createClient(MASKED)
    await edited(decide(client, request('orders', 5), HOLES), broken(5))
    const asked = request('orders', 5)
    expect(offsetAsked(decide(client, asked, HOLES))).toBe(7n)

    const free = createClient(RULES)
    Object.assign(free.state, { readOn: client.state.readOn })
    const again = await edited(decide(free, asked, HOLES), batch(7, { records: [{ value: '{}' }] }))
    expect(again.records?.length).toBe(0)
    expect(again.highWatermark).toBe(5n)
    expect(decide(free, request('orders', 5), HOLES).edit).toBe(null)
  })
})
