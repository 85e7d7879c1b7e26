import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadMended, loadPlain } from './load-mended.ts'

type Loader = <T>(file: string) => T
type Bytes = { readonly buffer: Buffer }
interface Request {
  encode(): Promise<Bytes>
}
type Message = Record<string, unknown>

// Golden bytes are those of kafkajs itself, whatever they are.
const RUNS = { numRuns: 300 }
const NOW = 1_700_000_000_000

const produce = async (load: Loader, options: object): Promise<Buffer> => {
  const createRequest = load<(options: object) => Request>('protocol/requests/produce/v7/request.js')
  const createFrame = load<(request: object) => Promise<Bytes>>('protocol/request.js')
  const request = createRequest({ acks: -1, timeout: 30_000, ...options })
  return (await createFrame({ correlationId: 7, clientId: 'client', request })).buffer
}

/** What becomes of it: bytes, or the kind of error. */
async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  const { now } = Date
  Date.now = () => NOW
  try {
    return await work()
  } catch (error) {
    return error instanceof Error ? error.name : error
  } finally {
    Date.now = now
  }
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), bytes)
const timestamp = fc.oneof(
  fc.nat({ max: 2_000_000_000 }).map((after) => `${NOW + after}`),
  fc.constantFrom('0', '1', '9007199254740993', '99', '100'),
)
// kafkajs reads a header that is called as a member of every object wrongly: a test of its own.
const headerName = fc.string({ maxLength: 12 }).filter((name) => !(name in {}))
const message: fc.Arbitrary<Message> = fc.record(
  {
    key: fc.option(text),
    value: fc.option(text),
    headers: fc.dictionary(headerName, fc.oneof(text, fc.array(text, { maxLength: 3 })), {
      maxKeys: 4,
    }),
    timestamp,
  },
  { requiredKeys: ['value'] },
)
const odd: fc.Arbitrary<Message> = fc.record({
  key: fc.constantFrom<unknown>(5, true, { a: 1 }, new Uint8Array([1, 2])),
  value: fc.constantFrom<unknown>('v', 7, new Uint8Array([3])),
  headers: fc.constantFrom<unknown>({}, { a: null }, { a: 5 }, { a: [null] }, undefined),
})
const partitions = (messages: fc.Arbitrary<Message>): fc.Arbitrary<object[]> =>
  fc.array(
    fc.record({
      partition: fc.nat({ max: 9 }),
      firstSequence: fc.nat(),
      messages: fc.array(messages, { minLength: 1, maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
const options = (messages: fc.Arbitrary<Message>): fc.Arbitrary<object> =>
  fc.record({
    topicData: fc.array(fc.record({ topic: fc.string({ maxLength: 20 }), partitions: partitions(messages) }), {
      maxLength: 3,
    }),
    compression: fc.constantFrom(0, 1),
    transactionalId: fc.constantFrom(undefined, 'tx'),
    producerId: fc.constantFrom('-1', '4611686018427387904'),
    producerEpoch: fc.nat({ max: 9 }),
  })

describe('a produce request', () => {
  test('has the bytes that kafkajs writes [client-same-bytes]', async () => {
    await fc.assert(
      fc.asyncProperty(options(message), async (given) => {
        const plain = await outcome(() => produce(loadPlain, given))
        expect(await outcome(() => produce(loadMended, given))).toEqual(plain)
      }),
      RUNS,
    )
  })

  test('of what is no text and no bytes has the bytes or the error of kafkajs too', async () => {
    await fc.assert(
      fc.asyncProperty(options(fc.oneof(odd, message)), async (given) => {
        const plain = await outcome(() => produce(loadPlain, given))
        expect(await outcome(() => produce(loadMended, given))).toEqual(plain)
      }),
      RUNS,
    )
  })

  test('of two thousand large records is made in one piece', async () => {
    const messages = Array.from({ length: 2_000 }, (_, n) => ({ key: `${n}`, value: Buffer.alloc(900, n) }))
    const given = { topicData: [{ topic: 't', partitions: [{ partition: 0, messages }] }] }

    const [plain, mended] = [
      await outcome(() => produce(loadPlain, given)),
      await outcome(() => produce(loadMended, given)),
    ]
    expect((plain as Buffer).equals(mended as Buffer)).toBe(true)
  })
})

interface Decoded {
  readonly responses: readonly { readonly partitions: readonly { readonly messages: readonly Message[] }[] }[]
}

/** A fetch answer with these batches in one partition of each topic. */
function answerOf(batches: readonly Buffer[], topics = 't'): Buffer {
  const head = Buffer.alloc(4 + 2 + 4 + 4)
  head.writeInt32BE(topics.length, 10)
  const records = Buffer.concat(batches)
  const parts = [...topics].map((topic) => {
    const part = Buffer.alloc(2 + 1 + 4 + 4 + 2 + 8 + 8 + 8 + 4 + 4 + 4)
    part.writeInt16BE(1)
    part.write(topic, 2)
    part.writeInt32BE(1, 3)
    part.writeInt32BE(-1, part.length - 8)
    part.writeInt32BE(records.length, part.length - 4)
    return Buffer.concat([part, records])
  })
  return Buffer.concat([head, ...parts])
}

/** The batch of a produce request of one partition, as a broker would have it at an offset. */
async function batchAt(
  offset: bigint,
  messages: readonly Message[],
  compression: number,
  load = loadPlain,
): Promise<Buffer> {
  const request = load<(options: object) => Request>('protocol/requests/produce/v7/request.js')({
    acks: -1,
    timeout: 1,
    compression,
    topicData: [{ topic: 't', partitions: [{ partition: 0, messages }] }],
  })
  const { buffer } = await request.encode()
  const batch = Buffer.from(buffer.subarray(2 + 2 + 4 + 4 + 3 + 4 + 4 + 4))
  batch.writeBigInt64BE(offset)
  return batch
}

const fetchWith = (load: Loader, answer: Buffer): Promise<Decoded> =>
  load<{ decode(bytes: Buffer): Promise<Decoded> }>('protocol/requests/fetch/v11/response.js').decode(answer)

const offsets = fc.oneof(fc.bigInt(0n, 5_000_000n), fc.constantFrom(2n ** 31n, 2n ** 53n - 2n, 2n ** 60n))
const fetched = fc.array(
  fc.record({ offset: offsets, messages: fc.array(message, { minLength: 1 }), compression: fc.constantFrom(0, 1) }),
  { minLength: 1, maxLength: 3 },
)

describe('a fetch answer', () => {
  test('gives the records that kafkajs reads [client-same-bytes]', async () => {
    await fc.assert(
      fc.asyncProperty(fetched, fc.nat({ max: 200 }), async (given, cutBytes) => {
        const batches = await Promise.all(
          given.map(({ offset, messages, compression }) => batchAt(offset, messages, compression)),
        )
        // A fetch has a limit in bytes: its end can be the beginning of a batch.
        batches.push((batches[0] ?? Buffer.alloc(0)).subarray(0, cutBytes))
        const answer = answerOf(batches)
        const plain = await outcome(() => fetchWith(loadPlain, answer))
        expect(await outcome(() => fetchWith(loadMended, answer))).toEqual(plain)
      }),
      RUNS,
    )
  })

  test('gives a header called as a member of every object its value alone', async () => {
    const batch = await batchAt(0n, [{ value: 'v', headers: { constructor: 'a', ['__proto__']: 'b' } }], 0)
    const { responses } = await fetchWith(loadMended, answerOf([batch]))
    const headers = responses[0]?.partitions[0]?.messages[0]?.['headers'] as Message

    expect(Object.entries(headers)).toEqual([
      ['constructor', Buffer.from('a')],
      ['__proto__', Buffer.from('b')],
    ])
  })

  test('of several topics gives records that are views on those of their own partition, and on nothing else', async () => {
    const batch = await batchAt(0n, [{ key: 'k', value: 'v' }], 0)
    const memoryOf = async (topics: string): Promise<Buffer> => {
      const { responses } = await fetchWith(loadMended, answerOf([batch], topics))
      const value = responses[0]?.partitions[0]?.messages[0]?.['value'] as Buffer
      return Buffer.from(value.buffer)
    }

    expect(await memoryOf('tu')).toEqual(batch)
    expect((await memoryOf('t')).includes(batch)).toBe(true)
  })

  test('of one topic gives views on the memory of that answer, and on none that others share', async () => {
    const batch = await batchAt(0n, [{ key: 'k', value: 'v' }], 0)
    const answer = answerOf([batch])
    const [frameHead, others] = [Buffer.alloc(8), Buffer.from('of somebody else')]
    const memoryOf = async (memory: Buffer, offset = 8): Promise<Buffer> => {
      const given = memory.subarray(offset, offset + answer.length)
      const { responses } = await fetchWith(loadMended, given)
      const value = responses[0]?.partitions[0]?.messages[0]?.['value'] as Buffer
      return Buffer.from(value.buffer)
    }
    const own = (...parts: readonly Buffer[]): Buffer => {
      const memory = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0))
      Buffer.concat(parts).copy(memory)
      return memory
    }

    // As one read of the socket gives it: nothing is copied.
    expect(await memoryOf(own(frameHead, answer))).toEqual(own(frameHead, answer))
    // Two reads that were put together: a small answer lies in the pool of all buffers then.
    expect(await memoryOf(Buffer.concat([frameHead, answer]))).toEqual(batch)
    // One read gave two answers.
    expect(await memoryOf(own(frameHead, answer, others))).toEqual(batch)
    expect(await memoryOf(own(others, frameHead, answer), others.length + 8)).toEqual(batch)
  })

  test('of more records than a call can have arguments is read', async () => {
    const messages = Array.from({ length: 150_000 }, () => ({ value: 'v' }))
    const { responses } = await fetchWith(loadMended, answerOf([await batchAt(0n, messages, 0, loadMended)]))

    expect(responses[0]?.partitions[0]?.messages.length).toBe(150_000)
  })
})

type Hash = (bytes: Buffer | string) => number

test.each([
  ['checksum', 'protocol/recordBatch/crc32C/crc32C.js'],
  ['hash of a key', 'producer/partitioners/default/murmur2.js'],
])('the %s is that of kafkajs', (_, file) => {
  const [plain, mended] = [loadPlain<Hash>(file), loadMended<Hash>(file)]
  fc.assert(
    fc.property(bytes, (given) => {
      expect(mended(given)).toBe(plain(given))
    }),
    RUNS,
  )
})

test('messages are grouped as kafkajs groups them', () => {
  const file = 'producer/groupMessagesPerPartition.js'
  type Group = (options: object) => object
  const given = { topic: 't', partitionMetadata: [{}], partitioner: ({ message }: Message) => Number(message) % 3 }
  const messages = Array.from({ length: 50 }, (_, n) => n)

  expect(loadMended<Group>(file)({ ...given, messages })).toEqual(loadPlain<Group>(file)({ ...given, messages }))
})
