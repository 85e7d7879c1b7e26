import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HeadgateEvent, Kafka, tokenCallback } from '@headgate/kafkajs'
import type { IHeaders, KafkaMessage, Kafka as PlainKafka } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startGatewayStandIn } from '../../packages/kafkajs/src/testing/gateway-stand-in.ts'
import { headgateKafka, plainKafka } from '../clients/kafkajs-clients.ts'
import { until } from '../kafka/until.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { startWorld, type World } from '../world/start-world.ts'

const masks = `
      - { fields: "customer(ssn,email),card/number", with: last-4 }
      - { anywhere: [password], with: remove }
      - { detect: [payment-card, us-ssn], with: { constant: "[hidden]" } }
      - { headers: [x-user], with: { token: user } }
      - { headers: [x-gone], with: remove }`
const grants = `
  - { id: writes, who: { subjects: [writer] }, may: { produce: [orders, loud] } }
  - { id: reads, who: { subjects: [orders] }, may: { consume: [orders, loud, payments], as: ["orders-*"], produce: [payments] } }`
const tokens = `
      - { key: true, with: { token: user } }`
const policyWith = (entries: string): string => `
topics:${entries}
  - id: pay
    match: [payments]
    approval: { by: [leads], people: 1, reason: optional, for: 1h, decide-within: 30m }
rules:${grants}
`
const masked = policyWith(`
  - match: [orders]
    format: json
    mask:${masks}${tokens}
  - match: [loud]
    format: json
    on-unreadable: placeholder
    mask:${masks}`)

let world: World
let folder: string
let round = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-token-key-'))
  watchdog().watchFolder(folder)
  const file = join(folder, 'token-key.json')
  const k = randomBytes(32).toString('base64url')
  await writeFile(file, JSON.stringify({ kty: 'oct', kid: 'k1', k }), { mode: 0o600 })
  world = await startWorld({
    insecure: true,
    clients: ['orders', 'writer', 'lead'].map((clientId) => ({
      clientId,
      groups: clientId === 'lead' ? ['leads'] : [],
    })),
    topics: ['orders', 'loud', 'payments'].map((topic) => ({ topic, partitions: 1 })),
    sections: { masking: { tokenKeys: [{ file }] } },
    policy: masked,
  })
  await write('orders', records)
  await write('loud', records)
})
afterAll(async () => {
  await world?.close()
  await rm(folder, { recursive: true, force: true })
  watchdog().forgetFolder(folder)
})
beforeEach(() => {
  round += 1
})

const records = [
  {
    key: 'c-1',
    value: '{"customer":{"ssn":"123-45-6789","email":"ada@example.com"},"id":12345678901234567890,"x":1.0}',
  },
  { key: 'c-2', value: '{"note":"paid by 4111 1111 1111 1111","a":{"password":"p","n":[1,2.50]}}' },
  { key: 'c-3', value: '{"broken' },
  { key: 'c-4', value: null },
  { key: 'c-5', value: '{"plain":true}', headers: { 'x-user': 'ada', 'X-Gone': 'g', note: ['4111111111111111', 'b'] } },
  { key: 'c-6', value: '{"card":"4111-1111-1111-1111"}', headers: { 'headgate-withheld': 'forged' } },
]

async function write(
  topic: string,
  messages: { key?: string; value: string | null; headers?: IHeaders }[],
): Promise<void> {
  const producer = plainKafka(world, 'writer').producer()
  await producer.connect()
  await producer.send({ topic, messages })
  await producer.disconnect()
}

/** Reads a topic from its beginning until the record of that offset, or what stands for it, has come. */
async function read(kafka: Kafka | PlainKafka, topic: string, lastOffset: string): Promise<unknown[]> {
  const consumer = kafka.consumer({ groupId: `orders-${round}-${kafka instanceof Kafka ? 'sdk' : 'plain'}` })
  const seen: KafkaMessage[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(message) })
    await until(`record ${lastOffset} of ${topic}`, () => seen.some(({ offset }) => offset === lastOffset))
  } finally {
    await consumer.disconnect()
  }
  return seen.map(({ key, value, headers, offset }) => ({
    key: text(key),
    value: text(value),
    headers: textsOf(headers),
    offset,
  }))
}

const text = (bytes: Buffer | string | undefined | null): string | null => (bytes == null ? null : bytes.toString())
const textsOf = (headers: IHeaders = {}): unknown =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.map(text) : text(value)]),
  )

test('what the gateway has masked comes out of the client unchanged, to the byte [masks-agree]', async () => {
  for (const topic of ['orders', 'loud']) {
    const kafka = headgateKafka(world, 'orders')
    const withheld: HeadgateEvent[] = []
    kafka.on('headgate.withheld', (event) => void withheld.push(event))
    const [here, there] = [await read(kafka, topic, '5'), await read(plainKafka(world, 'orders'), topic, '5')]

    expect(here).toEqual(there)
    expect(withheld).toEqual([])
    expect(here.length).toBe(topic === 'orders' ? 5 : 6)
    const everything = JSON.stringify(here)
    for (const secret of ['123-45-6789', 'ada', '4111', 'broken', '"p"', 'forged'])
      expect(everything).not.toContain(secret)
  }
})

/** The control side of a gateway whose listener does not know of masks: its tokens and its listener are the real one's. */
async function startOlderGateway(policy: string) {
  const metadata = await fetch(`${world.httpUrl}/.well-known/oauth-authorization-server`)
  const { headgate_kafka_bootstrap: bootstrap } = (await metadata.json()) as Record<string, unknown>
  const exchanged = await fetch(`${world.httpUrl}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await world.identity.tokenFor('orders'),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }),
  })
  const { access_token, expires_in } = (await exchanged.json()) as Record<string, unknown>
  const gateway = await startGatewayStandIn()
  gateway.metadata['headgate_kafka_bootstrap'] = bootstrap
  gateway.instead.set('/token', { json: { access_token, expires_in, token_type: 'Bearer' } })
  gateway.policy = policy
  gateway.revision = Number.MAX_SAFE_INTEGER
  return gateway
}

test('what a gateway that knows no masks lets through is masked in the client [masks-agree]', async () => {
  const [there] = [await read(plainKafka(world, 'orders'), 'loud', '5')]
  await world.setPolicy(policyWith(''))
  const older = await startOlderGateway(masked)
  try {
    const kafka = headgateKafka(world, 'orders', {
      headgate: {
        gateway: older.http.origin,
        bundleKeys: [older.key.thumbprint],
        identity: tokenCallback(() => 'subject'),
      },
    })
    const withheld: HeadgateEvent<'headgate.withheld'>[] = []
    kafka.on('headgate.withheld', (event) => void withheld.push(event as HeadgateEvent<'headgate.withheld'>))
    expect(JSON.stringify(await read(plainKafka(world, 'orders'), 'orders', '5'))).toContain('123-45-6789')
    const here = await read(kafka, 'loud', '5')

    // But for the token, which the gateway alone can make.
    const withoutToken = (shown: unknown[]): unknown[] => shown.filter((_, index) => index !== 4)
    expect(withoutToken(here)).toEqual(withoutToken(there ?? []))
    expect(here[4]).toMatchObject({ value: '{"headgate-withheld":"token-key-missing"}' })
    expect(JSON.stringify(here)).not.toContain('123-45-6789')
    const reasons = withheld.flatMap(({ payload }) => Object.keys(payload.reasons))
    expect(reasons).toEqual(['not-json', 'token-key-missing'])
  } finally {
    await older.http.close()
    await world.setPolicy(masked)
  }
})

async function approve(ask: { readonly id: string }): Promise<void> {
  const answer = await fetch(`${world.httpUrl}/v1/asks/${ask.id}/approve`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.identity.tokenFor('lead')}`, 'content-type': 'application/json' },
    body: '{}',
  })
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)])
}

test('a client that waits for an approval is told what for, and goes on when it is there [hold-announced]', async () => {
  const kafka = headgateKafka(world, 'orders')
  const events: HeadgateEvent[] = []
  for (const name of Object.values(kafka.events)) kafka.on(name, (event) => void events.push(event))
  const asksOf = (type: string): HeadgateEvent<'headgate.approval-pending'>['payload'][] =>
    events.filter((event) => event.type === type).map(({ payload }) => payload as never)

  const producer = kafka.producer()
  await producer.connect()
  const send = (): Promise<unknown> => producer.send({ topic: 'payments', messages: [{ value: 'one' }] })
  const refused = await send().catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'ERR_KAFKAJS_APPROVAL_PENDING',
    ask: { topic: 'payments', operation: 'produce', state: 'pending', protection: 'pay' },
  })
  const { ask } = refused as { ask: { id: string; url: string } }
  expect(ask.url).toBe(`${world.httpUrl}/v1/asks/${ask.id}`)
  await approve(ask)
  await until('the approval', () => asksOf('headgate.approval-approved').some(({ id }) => id === ask.id))
  await send()
  await producer.disconnect()

  const consumer = kafka.consumer({ groupId: 'orders-approval' })
  const seen: (string | null)[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: ['payments'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void seen.push(text(message.value)) })
  await until('the ask', () => asksOf('headgate.approval-pending').some(({ operation }) => operation === 'consume'))
  expect(seen).toEqual([])
  const waiting = asksOf('headgate.approval-pending').find(({ operation }) => operation === 'consume')
  await approve(waiting ?? { id: '' })
  await until('the record', () => seen.includes('one'))
  await until('the approval', () => asksOf('headgate.approval-approved').some(({ id }) => id === waiting?.id))
  await consumer.disconnect()
})
