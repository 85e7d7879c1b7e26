import {
  apiMessage,
  type DescribeTransactionsResponse,
  encodeRequestFrame,
  type FetchResponse,
  type FindCoordinatorResponse,
  type InitProducerIdResponse,
  type MetadataResponse,
  type ProduceResponse,
  type SaslAuthenticateResponse,
  type SaslHandshakeResponse,
  ZERO_UUID,
} from '@headgate/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from '../clients/raw-client.ts'
import { batch, fetchBody, produceBody } from '../clients/raw-requests.ts'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: shop-owns-orders
    who: { subjects: [shop] }
    may: { produce: [orders], consume: [orders], as: ["shop-*"], transact-as: ["shop-*"], describe-transactions: ["shop-*"] }
  - id: others-own-payments
    who: { subjects: [others] }
    may: { produce: [payments], consume: [payments] }
`
const TOKEN_LIFE_SECONDS = 20
const [PRODUCE, FETCH, METADATA, API_VERSIONS, HANDSHAKE, AUTHENTICATE] = [0, 1, 3, 18, 17, 36]

let world: World

beforeAll(async () => {
  world = await startWorld({
    clients: [
      { clientId: 'shop', groups: [] },
      { clientId: 'others', groups: [] },
    ],
    topics: [
      { topic: 'orders', partitions: 2 },
      { topic: 'payments', partitions: 1 },
    ],
    policy: POLICY,
    tokenLifetimeSeconds: TOKEN_LIFE_SECONDS,
  })
})

afterAll(() => world?.close())

function connect(): Promise<RawClient> {
  const [host = '', port = ''] = world.bootstrap.split(':')
  return RawClient.connect({ host, port: Number(port), caPem: world.ca.pem })
}

async function signedIn(clientId = 'shop'): Promise<RawClient> {
  const client = await connect()
  expect(await client.signInPlain(clientId, world.secretOf(clientId))).toMatchObject({ errorCode: 0 })
  return client
}

async function endOf(topic: string, client: RawClient): Promise<bigint> {
  const { responses } = await client.request<FetchResponse>(FETCH, 11, fetchBody(topic))
  return responses[0]?.partitions[0]?.highWatermark ?? 0n
}

function frameOf(apiKey: number, apiVersion: number, body: object): Buffer {
  const { defaultRequest, encodeRequest } = apiMessage(apiKey)
  return encodeRequestFrame({ apiKey, apiVersion, correlationId: 7, clientId: 'x' }, (writer) =>
    encodeRequest(writer, { ...defaultRequest(), ...body }, apiVersion),
  )
}

/** A Produce frame that is large enough to go on to the broker before it is complete. */
function largeProduce(partitions: readonly number[]): Buffer {
  const partitionData = partitions.map((index) => ({ index, records: batch(Buffer.alloc(8_000, 0x61)) }))
  const topicData = [{ name: 'orders', topicId: ZERO_UUID, partitionData }]
  return frameOf(PRODUCE, 9, { transactionalId: null, acks: 1, timeoutMs: 5_000, topicData })
}

/** Long enough for bytes that were written to have reached the broker: a whole sign-in and a request. */
async function aWhileLater(): Promise<void> {
  const client = await signedIn()
  await endOf('orders', client)
  client.close()
}

async function idsOf(topics: readonly string[]): Promise<Map<string, string>> {
  const others = await Promise.all([signedIn('shop'), signedIn('others')])
  const answers = await Promise.all(
    others.map((client) =>
      client.request<MetadataResponse>(METADATA, 12, { topics: null, allowAutoTopicCreation: false }),
    ),
  )
  for (const client of others) client.close()
  const all = new Map(
    answers.flatMap(({ topics: listed }) => listed.map(({ name, topicId }) => [name ?? '', topicId] as const)),
  )
  return new Map(topics.map((name) => [name, all.get(name) ?? '']))
}

test('answers come in the order of the requests, those of the gateway between those of the broker [answer-order]', async () => {
  const client = await signedIn()

  const answers = Array.from({ length: 40 }, (_, n): Promise<object> => {
    if (n % 4 === 0)
      return client.request(METADATA, 9, {
        topics: [{ topicId: ZERO_UUID, name: 'orders' }],
        allowAutoTopicCreation: false,
      })
    if (n % 4 === 1) return client.request(API_VERSIONS, 3, { clientSoftwareName: 'x', clientSoftwareVersion: '1' })
    if (n % 4 === 2) return client.request(PRODUCE, 9, produceBody([{ name: 'payments' }]))
    return client.request(FETCH, 11, fetchBody('orders'))
  })

  // An answer in another's place would not decode, or not have the member that is looked for.
  const members = (await Promise.all(answers)).map((answer) =>
    Object.keys(answer).find((key) => ['brokers', 'apiKeys', 'responses'].includes(key)),
  )
  expect(members).toEqual(Array.from({ length: 40 }, (_, n) => ['brokers', 'apiKeys', 'responses', 'responses'][n % 4]))
  client.close()
})

test('a denied part of a produce is refused in its place, the rest is written, and nobody is told of a topic [partial-denial]', async () => {
  const client = await signedIn()
  const ids = await idsOf(['orders', 'payments'])
  const before = await endOf('orders', client)

  const byName = await client.request<ProduceResponse>(
    PRODUCE,
    9,
    produceBody([{ name: 'orders' }, { name: 'payments' }, { name: 'nothing-like-it' }]),
  )
  const byId = await client.request<ProduceResponse>(
    PRODUCE,
    13,
    produceBody([{ topicId: ids.get('orders') ?? '' }, { topicId: ids.get('payments') ?? '' }]),
  )

  const codes = ({ responses }: ProduceResponse): object =>
    Object.fromEntries(
      responses.map(({ name, topicId, partitionResponses }) => [name || topicId, partitionResponses[0]?.errorCode]),
    )
  expect(codes(byName)).toEqual({ orders: 0, payments: 29, 'nothing-like-it': 29 })
  expect(codes(byId)).toEqual({ [ids.get('orders') ?? '']: 0, [ids.get('payments') ?? '']: 29 })
  expect(await endOf('orders', client)).toBe(before + 2n)
  client.close()
})

test('a topic that one may not see and one that does not exist look the same [hidden]', async () => {
  const client = await signedIn()

  const topics = ['payments', 'nothing-like-it'].map((name) => ({ topicId: ZERO_UUID, name }))
  const named = await client.request<MetadataResponse>(METADATA, 12, { topics, allowAutoTopicCreation: true })
  const all = await client.request<MetadataResponse>(METADATA, 12, { topics: null, allowAutoTopicCreation: true })

  const [seen, missing] = named.topics.map(({ name: _, ...rest }) => rest)
  expect(seen).toEqual(missing)
  expect(seen).toMatchObject({ errorCode: 29, topicId: ZERO_UUID, partitions: [] })
  expect(all.topics.map(({ name }) => name)).toEqual(['orders'])
  client.close()
})

test('a refused produce without acknowledgement ends the connection, and writes nothing [acks-0]', async () => {
  const client = await signedIn()
  client.send(PRODUCE, 9, produceBody([{ name: 'orders' }, { name: 'payments' }], 0))

  await client.closed()

  const others = await signedIn('others')
  expect(await endOf('payments', others)).toBe(0n)
  others.close()
})

test('a fetch session of somebody is unknown, and a fetch in the name of a replica ends the connection [fetch-sessions]', async () => {
  const client = await signedIn()

  expect(
    await client.request<FetchResponse>(FETCH, 11, fetchBody('orders', { sessionId: 4711, sessionEpoch: 3 })),
  ).toMatchObject({ errorCode: 70 })
  expect(await client.request<FetchResponse>(FETCH, 11, fetchBody('orders', { sessionEpoch: 0 }))).toMatchObject({
    errorCode: 0,
    sessionId: 0,
  })
  await expect(client.request(FETCH, 11, fetchBody('orders', { replicaId: 0 }))).rejects.toThrow('closed')
})

test('B17: a fetch that waits at the broker is decided again when the policy changes [policy-while-waiting]', async () => {
  const client = await signedIn()
  const end = await endOf('orders', client)
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: end,
    lastFetchedEpoch: -1,
    logStartOffset: -1n,
    partitionMaxBytes: 1_000_000,
  }
  const topics = [{ topic: 'orders', topicId: ZERO_UUID, partitions: [partition] }]

  const waiting = client.request<FetchResponse>(
    FETCH,
    11,
    fetchBody('orders', { topics, maxWaitMs: 2_000, minBytes: 1_000_000 }),
  )
  // A whole sign-in later the fetch has long reached the broker.
  const later = await signedIn()
  later.close()
  await world.setPolicy(POLICY.replace('consume: [orders], ', ''))
  const answer = await waiting
  await world.setPolicy(POLICY)

  expect(answer.responses[0]?.partitions[0]).toMatchObject({ errorCode: 29 })
  client.close()
}, 20_000)

test('K1: a fetch that waits when the session ends is answered empty at once, and then only a sign-in is listened to [session-end]', async () => {
  const client = await connect()
  const startedAt = Date.now()
  const signIn = await client.signInPlain(
    'token',
    await world.identity.signToken(
      { sub: 'shop', aud: 'headgate', client_id: 'shop', groups: [] },
      { expiresInSeconds: 3 },
    ),
  )
  expect(Number(signIn.sessionLifetimeMs)).toBeLessThanOrEqual(3_000)
  const end = await endOf('orders', client)
  const partition = {
    partition: 0,
    currentLeaderEpoch: -1,
    fetchOffset: end,
    lastFetchedEpoch: -1,
    logStartOffset: -1n,
    partitionMaxBytes: 1_000_000,
  }

  const answer = await client.request<FetchResponse>(
    FETCH,
    11,
    fetchBody('orders', {
      topics: [{ topic: 'orders', topicId: ZERO_UUID, partitions: [partition] }],
      maxWaitMs: 30_000,
      minBytes: 1_000_000,
    }),
  )

  expect(Date.now() - startedAt).toBeLessThan(5_000)
  expect(answer.responses[0]?.partitions[0]).toMatchObject({ errorCode: 0, records: Buffer.alloc(0) })
  await expect(client.request(METADATA, 9, { topics: [] })).rejects.toThrow('closed')
}, 20_000)

test('nothing of the gateway gets between the pieces of a frame, where it would turn what a client chose into requests [frame-pieces]', async () => {
  const client = await signedIn()
  const deletion = frameOf(20, 1, { topicNames: ['payments'], timeoutMs: 4_096 })
  // An abort of this transaction, written behind a frame that lacks 40 bytes, would end the frame where the deletion begins.
  const transactionalId = `shop-\0\0\0${deletion.toString('latin1')}`
  await until('the transaction coordinator', async () => {
    await client.request<FindCoordinatorResponse>(10, 3, { key: transactionalId, keyType: 1 })
    const init = { transactionalId, transactionTimeoutMs: 60_000 }
    return (await client.request<InitProducerIdResponse>(22, 1, init)).errorCode === 0
  })
  const frame = largeProduce([0])

  client.write(frame.subarray(0, -40))
  await aWhileLater()
  client.write(Buffer.concat([frame.subarray(-40, -3), Buffer.from([1, 0, 0])]))
  await client.closed()
  await aWhileLater()

  const others = await signedIn('others')
  const { topics } = await others.request<MetadataResponse>(METADATA, 9, { topics: null })
  expect(topics.map(({ name }) => name)).toEqual(['payments'])
  others.close()
}, 20_000)

test('a produce that comes in pieces is not written when the right to it, or the session, ends meanwhile [produce-pieces]', async () => {
  const [streamed, held, expired] = await Promise.all([signedIn(), signedIn(), connect()])
  const token = await world.identity.signToken(
    { sub: 'shop', aud: 'headgate', client_id: 'shop', groups: [] },
    { expiresInSeconds: 2 },
  )
  await expired.signInPlain('token', token)
  const before = await endOf('orders', held)
  const [one, several] = [largeProduce([0]), largeProduce([0, 1])]
  streamed.write(one.subarray(0, 6_000))
  held.write(several.subarray(0, 6_000))
  expired.write(one.subarray(0, 6_000))
  await aWhileLater()

  await world.setPolicy(POLICY.replace('produce: [orders], ', ''))
  streamed.write(one.subarray(6_000))
  held.write(several.subarray(6_000))
  await streamed.closed()
  expect(await endOf('orders', held)).toBe(before)
  await world.setPolicy(POLICY)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expired.write(one.subarray(6_000))
  await expired.closed()

  const later = await signedIn()
  expect(await endOf('orders', later)).toBe(before)
  for (const client of [held, later]) client.close()
}, 20_000)

test.each([
  { what: 'whose connection ends', right: 'produce: [orders], ', ends: true },
  { what: 'whose right ends', right: 'transact-as: ["shop-*"], ', ends: false },
])(
  'a transaction $what between the pieces of a frame is aborted [frame-pieces]',
  async ({ right, ends }) => {
    const client = await signedIn()
    const transactionalId = `shop-in-pieces-${ends}`
    await until('the transaction coordinator', async () => {
      await client.request<FindCoordinatorResponse>(10, 3, { key: transactionalId, keyType: 1 })
      const init = { transactionalId, transactionTimeoutMs: 60_000 }
      const { errorCode, producerId, producerEpoch } = await client.request<InitProducerIdResponse>(22, 1, init)
      if (errorCode !== 0) return false
      await client.request(24, 3, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: 'orders', partitions: [1] }],
      })
      return true
    })
    const later = await signedIn()
    const state = async (): Promise<string | undefined> => {
      const body = { transactionalIds: [transactionalId] }
      const { transactionStates } = await later.request<DescribeTransactionsResponse>(65, 0, body)
      return transactionStates[0]?.transactionState
    }
    expect(await state()).toBe('Ongoing')
    const frame = largeProduce([0])

    client.write(frame.subarray(0, 6_000))
    await aWhileLater()
    await world.setPolicy(POLICY.replace(right, ''))
    if (ends) client.write(frame.subarray(6_000, -40))
    if (ends) await client.closed()

    await until('the abort', async () => (await state()) === 'CompleteAbort', { timeoutMs: 10_000 })
    await world.setPolicy(POLICY)
    for (const each of [client, later]) each.close()
  },
  40_000,
)

test('a produce that comes in pieces of any size is written as it is [produce-pieces]', async () => {
  const client = await signedIn()
  const before = await endOf('orders', client)
  const frame = largeProduce([0, 1])

  client.write(frame.subarray(0, 5_000))
  for (let at = 5_000, size = 1; at < frame.length; at += size, size = (size * 7) % 1_500) {
    client.write(frame.subarray(at, at + size))
    await new Promise((resolve) => setImmediate(resolve))
  }

  await until('the record', async () => (await endOf('orders', client)) === before + 1n)
  client.close()
})

test('an answer that is half sent is cut when the right to it ends [half-sent]', async () => {
  const writer = await signedIn()
  for (let n = 0; n < 16; n += 1) {
    const partitionData = [{ index: 0, records: batch(Buffer.alloc(1_000_000, n)) }]
    const topicData = [{ name: 'orders', topicId: ZERO_UUID, partitionData }]
    await writer.request(PRODUCE, 9, { transactionalId: null, acks: 1, timeoutMs: 5_000, topicData })
  }
  writer.close()
  const client = await signedIn()
  const partition = { partition: 0, fetchOffset: 0n, logStartOffset: -1n, partitionMaxBytes: 100_000_000 }
  const topics = [
    {
      topic: 'orders',
      topicId: ZERO_UUID,
      partitions: [{ ...partition, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }],
    },
  ]

  const answer = client.request<FetchResponse>(FETCH, 11, fetchBody('orders', { topics, maxBytes: 100_000_000 }))
  client.pause()
  await aWhileLater()
  await world.setPolicy(POLICY.replace('consume: [orders], ', ''))
  client.resume()

  await expect(answer).rejects.toThrow('closed')
  await world.setPolicy(POLICY)
}, 20_000)

test('K1: another principal, another mechanism or a second handshake does not get into a signed-in connection [sasl-states]', async () => {
  const [principal, mechanism, twice] = await Promise.all([signedIn(), signedIn(), connect()])

  expect(await principal.signInPlain('others', world.secretOf('others'))).toMatchObject({ errorCode: 58 })
  await principal.closed()
  expect(await mechanism.request<SaslHandshakeResponse>(HANDSHAKE, 1, { mechanism: 'OAUTHBEARER' })).toMatchObject({
    errorCode: 34,
  })
  await mechanism.closed()
  await twice.request(HANDSHAKE, 1, { mechanism: 'PLAIN' })
  expect(await twice.request<SaslHandshakeResponse>(HANDSHAKE, 1, { mechanism: 'PLAIN' })).toMatchObject({
    errorCode: 34,
  })
  await twice.closed()
})

test('K2: extensions and authorization ids are never authority [sasl-states]', async () => {
  const client = await connect()
  const token = await world.identity.tokenFor('shop')
  await client.request(HANDSHAKE, 1, { mechanism: 'OAUTHBEARER' })

  const message = `n,,\x01auth=Bearer ${token}\x01principal=others\x01groups=admins\x01\x01`
  expect(
    await client.request<SaslAuthenticateResponse>(AUTHENTICATE, 1, { authBytes: Buffer.from(message) }),
  ).toMatchObject({ errorCode: 0 })
  const { topics } = await client.request<MetadataResponse>(METADATA, 9, { topics: null })

  expect(topics.map(({ name }) => name)).toEqual(['orders'])
  client.close()
})

test('of a request that is refused in very many parts a bounded number is told of [bounded-requests]', async () => {
  const client = await signedIn()
  const before = world.logLines.length
  const topics = Array.from({ length: 1_000 }, (_, n) => ({ topicId: ZERO_UUID, name: `${n}-${'x'.repeat(1_000)}` }))

  const answer = await client.request<MetadataResponse>(METADATA, 9, { topics, allowAutoTopicCreation: false })

  expect(answer.topics).toHaveLength(1_000)
  const told = world.logLines.slice(before)
  expect(told.map(({ event }) => event)).toEqual([...Array(100).fill('denial'), 'denials-not-told'])
  expect(Math.max(...told.map(({ resourceName = '' }) => resourceName.length))).toBe(255)
  client.close()
})

test('what is pipelined behind a refused handshake is not listened to [sasl-states]', async () => {
  const client = await signedIn()
  const before = await endOf('orders', client)
  const produce = frameOf(PRODUCE, 9, produceBody([{ name: 'orders' }], 0))

  client.write(Buffer.concat([frameOf(HANDSHAKE, 1, { mechanism: 'OAUTHBEARER' }), produce, produce]))
  await client.closed()

  const later = await signedIn()
  expect(await endOf('orders', later)).toBe(before)
  later.close()
})

test.each([
  ['an API that is not offered', (client: RawClient) => client.send(38, 3)],
  ['a version that is not offered', (client: RawClient) => client.send(FETCH, 16, fetchBody('orders'))],
  [
    'a tagged field in the header',
    (client: RawClient) =>
      client.write(Buffer.from('0000000f' + '00030009' + '00000001' + '000178' + '01000107', 'hex')),
  ],
  [
    'more elements than a cluster has',
    (client: RawClient) => {
      const opening = Buffer.from('00000000' + '000a0004' + '00000001' + '000178' + '00' + '00' + 'c1843d', 'hex')
      const bytes = Buffer.concat([opening, Buffer.alloc(1_000_001, 1)])
      bytes.writeInt32BE(bytes.length - 4)
      client.write(bytes)
    },
  ],
  ['a length that lies', (client: RawClient) => client.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 9]))],
  ['a negative length', (client: RawClient) => client.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 3, 0, 9]))],
  [
    'bytes that are no request',
    (client: RawClient) =>
      client.write(
        Buffer.concat([Buffer.from([0, 0, 0, 40, 0, 3, 0, 9, 0, 0, 0, 1, 0, 1, 0x61]), Buffer.alloc(29, 0xff)]),
      ),
  ],
])('%s ends the connection, and leaves a line [hostile-requests]', async (_, attack) => {
  const client = await signedIn()
  const before = world.logLines.filter(({ event }) => event === 'closed').length
  attack(client)

  await client.closed()

  await until('the line', () => world.logLines.filter(({ event }) => event === 'closed').length > before)
})
