import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { runCommandLine } from '@headgate/cli'
import { systemClock } from '@headgate/core'
import { clientCredentials, Kafka, masked } from '@headgate/kafkajs'
import { CompressionTypes, type KafkaMessage, Kafka as PlainKafka } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withAdmin } from '../kafka/admin.ts'
import { until } from '../kafka/until.ts'
import { plantSecret } from '../sweep/recorder.ts'
import { startWorld, type World } from '../world/start-world.ts'

const SECRETS = ['536-22-1234', 'ada-lovelace', 'c-4711', 'street-of-nobody']

const policyWith = (more: string): string => `
topics:
  - { match: [orders], format: json, mask: [{ fields: "customer/email", with: email }] }
  - { match: [boxes], format: json, on-unreadable: placeholder, mask: [{ fields: "customer/email", with: email }] }
rules:
  - { id: writes, who: { subjects: [writer] }, may: { produce: [orders, boxes, plain] } }
  - id: dispatch-reads
    who: { subjects: [dispatch] }
    may:
      consume: [orders, boxes, plain]
      as: ["dispatch-*"]
      only: ["id,total,customer(name,email)", "items/sku", "header:Trace-Id"]
  - { id: fraud-reads, who: { subjects: [fraud] }, may: { consume: [orders], as: ["fraud-*"] } }
  - { id: audits, who: { groups: [auditors] }, may: { cluster: [read-audit] } }
  - { id: replays, who: { subjects: [auditor] }, may: { replay: [orders], only: [id, key] } }
  ${more}
`
const policy = policyWith('')
const TOPICS = ['orders', 'boxes', 'plain']

const order = (id: number): string =>
  `{"id":${id},"ssn":"536-22-1234","customer":{"name":"Ada","email":"ada@example.com","address":"street-of-nobody"},"total":1.10,"items":[{"sku":"s1","cost":3},{"sku":"s2","cost":4}]}`
const kept = (id: number): string =>
  `{"id":${id},"customer":{"name":"Ada","email":"a***@example.com"},"total":1.10,"items":[{"sku":"s1"},{"sku":"s2"}]}`
const headers = { 'trace-id': 't-1', 'x-user': 'ada-lovelace' }

let world: World

beforeAll(async () => {
  for (const secret of SECRETS) plantSecret(secret)
  const clients = ['writer', 'dispatch', 'fraud', 'auditor'].map((clientId) => ({
    clientId,
    groups: clientId === 'auditor' ? ['auditors'] : [],
  }))
  const topics = TOPICS.map((topic) => ({ topic, partitions: 1 }))
  world = await startWorld({ insecure: true, clients, topics, policy })
  const producer = plainKafka('writer').producer()
  await producer.connect()
  for (const topic of TOPICS) {
    await producer.send({ topic, messages: [{ key: 'c-4711', value: order(0), headers }] })
    await producer.send({
      topic,
      compression: CompressionTypes.GZIP,
      messages: [
        { key: 'c-4711', value: order(1), headers },
        { key: 'c-4711', value: null, headers },
        { key: 'c-4711', value: '{"id":3,"ssn":"536-22-1234"', headers },
      ],
    })
    await producer.send({ topic, messages: [{ key: 'c-4711', value: 'no JSON: 536-22-1234' }] })
    await producer.send({ topic, messages: [{ value: order(5) }] })
  }
  await producer.disconnect()
})
afterAll(() => world?.close())

function plainKafka(clientId: string): PlainKafka {
  const sasl = { mechanism: 'plain', username: clientId, password: world.secretOf(clientId) } as const
  return new PlainKafka({ clientId, brokers: [world.bootstrap], sasl, logLevel: 0 })
}

function headgateKafka(clientId: string): Kafka {
  const identity = clientCredentials({
    issuer: world.identity.issuer,
    clientId,
    clientSecret: world.secretOf(clientId),
  })
  const headgate = { gateway: world.httpUrl, bundleKeys: [world.files.bundleKeyThumbprint], insecure: true, identity }
  return new Kafka({ clientId, logLevel: 0, headgate })
}

interface Seen {
  readonly offset: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

const seenOf = ({ offset, key, value, headers: given = {} }: KafkaMessage): Seen => ({
  offset,
  key: key === null ? null : key.toString(),
  value: value === null ? null : value.toString(),
  headers: Object.fromEntries(Object.entries(given).map(([name, each]) => [name, String(each)])),
})

/** Reads a topic until its end is committed, and gives every record that a handler was shown. */
async function read(
  kafka: Kafka | PlainKafka,
  groupId: string,
  topic: string,
  onRecord: (message: KafkaMessage) => void = () => {},
): Promise<readonly Seen[]> {
  const consumer = kafka.consumer({ groupId })
  const seen: Seen[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommitThreshold: 1,
      eachMessage: async ({ message }) => {
        onRecord(message as KafkaMessage)
        seen.push(seenOf(message as KafkaMessage))
      },
    })
    // What is withheld at the end is committed in time, and what was shown when the consumer goes.
    if (topic === 'plain') await untilCommitted(groupId, topic)
    else await until('the last record', () => seen.some(({ offset }) => offset === '5'))
  } finally {
    await consumer.disconnect()
  }
  await untilCommitted(groupId, topic)
  return seen
}

/** INVARIANT: a group gets to the end whatever was withheld on the way: six records were written to each topic. */
async function untilCommitted(groupId: string, topic: string): Promise<void> {
  const { scramBootstrap, adminCredential } = world.kafka
  await withAdmin(scramBootstrap, adminCredential, (admin) =>
    until(`the end of ${topic} to be committed`, async () => {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
      return found?.partitions.some(({ offset }) => Number(offset) >= 6) === true
    }),
  )
}

const shown = [
  { offset: '0', key: null, value: kept(0), headers: { 'trace-id': 't-1' } },
  { offset: '1', key: null, value: kept(1), headers: { 'trace-id': 't-1' } },
  { offset: '2', key: null, value: null, headers: { 'trace-id': 't-1' } },
  { offset: '5', key: null, value: kept(5), headers: {} },
]

describe('what a grant shows in part [only-through-the-gateway]', () => {
  test('P6: raw kafkajs is shown what is kept, and nothing of what is no JSON, with its offsets', async () => {
    expect(await read(plainKafka('dispatch'), 'dispatch-raw', 'orders')).toEqual(shown)
  })

  test('P6: the wrapped client is shown the same, and can tell', async () => {
    const told: unknown[] = []
    const seen = await read(headgateKafka('dispatch'), 'dispatch-sdk', 'orders', (message) => {
      told.push(masked(message))
    })
    expect(seen).toEqual(shown)
    expect(told).toEqual(
      shown.map(() => ({ byPolicy: ['customer/email', 'only'], here: [], policyRevision: expect.any(Number) })),
    )
  })

  test('P6: a placeholder stands where it is wanted, without the key', async () => {
    const seen = await read(plainKafka('dispatch'), 'dispatch-boxes', 'boxes')
    const placeholder = (offset: string): Seen => ({
      offset,
      key: null,
      value: '{"headgate-withheld":"not-json"}',
      headers: { 'headgate-withheld': 'not-json' },
    })
    expect(seen).toEqual([...shown.slice(0, 3), placeholder('3'), placeholder('4'), ...shown.slice(3)])
    expect(await read(headgateKafka('dispatch'), 'dispatch-boxes-sdk', 'boxes')).toEqual(seen)
  })

  test('P6: of a topic without a format only tombstones are shown', async () => {
    expect(await read(plainKafka('dispatch'), 'dispatch-plain', 'plain')).toEqual(shown.slice(2, 3))
  })

  test('a grant without a list shows everything, under the masks', async () => {
    const seen = await read(plainKafka('fraud'), 'fraud-1', 'orders')
    expect(seen[0]).toEqual({
      offset: '0',
      key: 'c-4711',
      value: order(0).replace('ada@', 'a***@'),
      headers,
    })
    expect(await read(headgateKafka('fraud'), 'fraud-2', 'orders')).toEqual(seen)
  })

  test('a second grant widens, and narrows again when it is taken back, on the live policy', async () => {
    await world.setPolicy(
      policyWith('- { id: more, who: { subjects: [dispatch] }, may: { consume: [orders], only: [ssn, key] } }'),
    )
    const [first] = await read(plainKafka('dispatch'), 'dispatch-wider', 'orders')
    expect(first).toMatchObject({ key: 'c-4711', value: kept(0).replace('"id":0,', '"id":0,"ssn":"536-22-1234",') })
    await world.setPolicy(policy)
    expect(await read(plainKafka('dispatch'), 'dispatch-narrow', 'orders')).toEqual(shown)
  })
})

async function run<T>(subject: string, ...args: string[]): Promise<T> {
  let [out, error] = ['', '']
  const exitCode = await runCommandLine(['sessions', ...args, '--json'], '0.0.0', {
    environment: { HEADGATE_GATEWAY: world.httpUrl, HEADGATE_TOKEN: await world.identity.tokenFor(subject) },
    folder: dirname(world.files.configPath),
    writeOut: (text) => {
      out += text
    },
    writeError: (text) => {
      error += text
    },
    isOutTerminal: false,
    onSignal: () => () => {},
    clock: systemClock,
  })
  if (exitCode !== 0) throw new Error(`${out}${error}`)
  return JSON.parse(out) as T
}

interface Line {
  readonly type: string
  readonly offset?: string
  readonly key?: { readonly text: string } | null
  readonly value?: { readonly text: string } | null
  readonly withheld?: string
}

async function replay(principal: string): Promise<readonly Line[]> {
  let session: string | undefined
  await until(`a session of ${principal} that read orders`, async () => {
    const { sessions } = await run<{ sessions: { id: string; recordsRead: number }[] }>(
      'auditor',
      ...['list', '--principal', principal, '--topic', 'orders'],
    )
    session = sessions.find(({ recordsRead }) => recordsRead >= 3)?.id
    return session !== undefined
  })
  const { lines } = await run<{ lines: Line[] }>('auditor', 'replay', session ?? '', '--topic', 'orders', '--all')
  return lines.filter(({ type }) => type === 'record')
}

describe('a replay of it [only-in-a-replay]', () => {
  test('P6: shows what the session saw and the viewer may see, and no more', async () => {
    const ofFraud = await replay('fraud')
    expect(ofFraud[0]).toMatchObject({ offset: '0', key: { text: 'c-4711' }, value: { text: '{"id":0}' }, headers: [] })
    const ofDispatch = await replay('dispatch')
    // The session was shown no key, and the viewer is shown fewer fields.
    expect(ofDispatch[0]).toMatchObject({ offset: '0', key: null, value: { text: '{"id":0}' }, headers: [] })
    for (const secret of SECRETS.slice(0, 2)) expect(JSON.stringify([ofFraud, ofDispatch])).not.toContain(secret)
  })

  test('P6: what is not kept is counted on the trail by one word, and its name is told nowhere', async () => {
    const names = (await readdir(world.files.auditFolder)).filter((name) => name.endsWith('.jsonl'))
    const lines = await Promise.all(names.map((name) => readFile(`${world.files.auditFolder}/${name}`, 'utf8')))
    const trail = lines.join('')
    expect(trail).toContain('"field":"only"')
    expect(/"ssn|x-user|customer\/address|items/i.test(trail + JSON.stringify(world.logLines))).toBe(false)
  })
})
