import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { runCommandLine } from '@headgate/cli'
import { systemClock } from '@headgate/core'
import type { Kafka } from '@headgate/kafkajs'
import type { Kafka as PlainKafka } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { headgateKafka, plainKafka } from '../clients/kafkajs-clients.ts'
import { withAdmin } from '../kafka/admin.ts'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'

const policyWith = (more: string): string => `
topics:
  - match: [orders]
    format: json
    mask: [{ fields: "card/number", with: last-4 }, { key: true, with: { token: user } }]
  - { match: [orders], ${more} }
rules:
  - { id: writes, who: { subjects: [writer] }, may: { produce: [orders, plain, gone, short] } }
  - { id: reads, who: { subjects: [service] }, may: { consume: [orders, plain, gone, short], as: ["service-*"] } }
  - { id: raw, who: { subjects: [fraud] }, may: { consume: [orders], as: ["fraud-*"], unmask: [card/number, key] } }
  - { id: audits, who: { groups: [auditors] }, may: { cluster: [read-audit] } }
  - { id: replays, who: { subjects: [auditor] }, may: { replay: [orders, plain, gone, short] } }
`
const policy = policyWith('labels: [pii]')
const TOPICS = ['orders', 'plain', 'gone', 'short']

let world: World

beforeAll(async () => {
  process.env['HEADGATE_TEST_REPLAY_KEY'] = JSON.stringify({
    ...{ kty: 'oct', kid: 'test' },
    k: Buffer.alloc(32, 9).toString('base64url'),
  })
  world = await startWorld({
    insecure: true,
    clients: ['writer', 'service', 'fraud', 'auditor', 'clerk'].map((clientId) => ({
      clientId,
      groups: ['auditor', 'clerk'].includes(clientId) ? ['auditors'] : [],
    })),
    topics: TOPICS.map((topic) => ({ topic, partitions: 1 })),
    sections: { masking: { tokenKeys: [{ env: 'HEADGATE_TEST_REPLAY_KEY' }] } },
    policy,
  })
  for (const topic of TOPICS) await write(topic, 3)
})
afterAll(() => world?.close())

async function write(topic: string, count: number): Promise<void> {
  const producer = plainKafka(world, 'writer').producer()
  await producer.connect()
  const record = (n: number) => ({
    key: `c-${n}`,
    value: `{"n":${n},"card":{"number":"4556737586899855"},"x":"${topic}"}`,
  })
  for (let n = 0; n < count; n += 1) await producer.send({ topic, messages: [record(n)] })
  await producer.disconnect()
}

/** Reads a topic to the record of that offset, and gives what was seen. */
async function read(kafka: Kafka | PlainKafka, groupId: string, topic: string, last = '2'): Promise<unknown[]> {
  const consumer = kafka.consumer({ groupId })
  const seen: { offset: string; key: string | undefined; value: string | undefined }[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message: { offset, key, value } }) =>
        void seen.push({ offset, key: key?.toString(), value: value?.toString() }),
    })
    await until(`record ${last} of ${topic}`, () => seen.some(({ offset }) => offset === last))
  } finally {
    await consumer.disconnect()
  }
  return seen
}

async function run(subject: string, ...args: string[]): Promise<{ exitCode: number; out: string; error: string }> {
  let [out, error] = ['', '']
  const exitCode = await runCommandLine(['sessions', ...args], '0.0.0', {
    environment: {
      HEADGATE_GATEWAY: world.httpUrl,
      HEADGATE_TOKEN: await world.identity.tokenFor(subject),
    },
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
  return { exitCode, out, error }
}

interface Line {
  readonly type: string
  readonly [name: string]: unknown
}

async function json<T>(subject: string, ...args: string[]): Promise<T> {
  const { exitCode, out, error } = await run(subject, ...args, '--json')
  if (exitCode !== 0) throw new Error(`${out}${error}`)
  return JSON.parse(out) as T
}

interface Listed {
  readonly sessions: { readonly id: string; readonly recordsRead: number }[]
}

/** The session of a principal that read most of a topic; ranges are told a second after they were read. */
async function sessionOf(principal: string, topic: string): Promise<string> {
  let found: string | undefined
  await until(`a session of ${principal} that read ${topic}`, async () => {
    const { sessions } = await json<Listed>('clerk', 'list', '--principal', principal, '--topic', topic)
    found = sessions.find(({ recordsRead }) => recordsRead >= 3)?.id
    return found !== undefined
  })
  return found ?? ''
}

const replay = async (viewer: string, session: string, topic: string): Promise<readonly Line[]> =>
  (await json<{ lines: Line[] }>(viewer, 'replay', session, '--topic', topic, '--all')).lines

const recordsOf = (lines: readonly Line[]): unknown[] =>
  lines
    .filter(({ type }) => type === 'record')
    .map(({ offset, key, value }) => ({
      offset,
      key: (key as { text: string } | null)?.text,
      value: (value as { text: string } | null)?.text,
    }))

const changesOf = (lines: readonly Line[]): unknown[] => [
  ...new Set(lines.filter(({ type }) => type === 'range').flatMap(({ changes }) => changes as string[])),
]

async function trail(): Promise<string> {
  const names = (await readdir(world.files.auditFolder)).filter((name) => name.endsWith('.jsonl'))
  return (await Promise.all(names.map((name) => readFile(`${world.files.auditFolder}/${name}`, 'utf8')))).join('')
}

describe('replay [session-replay]', () => {
  test('shows what a service saw, masked as it was, and is on the trail itself', async () => {
    const seen = await read(plainKafka(world, 'service'), 'service-1', 'orders')
    expect(JSON.stringify(seen)).not.toContain('455673758689')
    const session = await sessionOf('corp/service', 'orders')
    const lines = await replay('auditor', session, 'orders')
    expect(recordsOf(lines)).toEqual(seen)
    expect(changesOf(lines)).toEqual([])
    const event = (await trail()).split('\n').find((line) => line.includes('"session.replayed"')) ?? '{}'
    expect(JSON.parse(event)).toMatchObject({
      ...{ event: 'session.replayed', actor: { issuer: 'corp', subject: 'auditor' }, replayedSession: session },
      kafka: { topic: 'orders', partition: 0 },
    })
    const shown = await run('clerk', 'show', session)
    expect(shown.out).toContain('by corp/auditor: orders[0] offsets 0–2')
  })

  test('what a service saw in clear is masked for a viewer who may not see it', async () => {
    const seen = await read(headgateKafka(world, 'fraud'), 'fraud-1', 'orders')
    expect(JSON.stringify(seen)).toContain('4556737586899855')
    const session = await sessionOf('fraud', 'orders')
    const records = JSON.stringify(recordsOf(await replay('auditor', session, 'orders')))
    expect(records).toContain('9855')
    expect(records).not.toContain('455673758689')
    expect(records).toContain('hgt1_')
  })

  test('a mask that is stronger now is the viewer’s', async () => {
    const session = await sessionOf('service', 'orders')
    await world.setPolicy(
      policyWith('format: json, mask: [{ fields: "card", with: remove }, { fields: x, with: default }]'),
    )
    const lines = await replay('auditor', session, 'orders')
    await world.setPolicy(policy)
    expect(recordsOf(lines).map((record) => (record as { value: string }).value)).toEqual([
      ...['{"n":0,"x":""}', '{"n":1,"x":""}', '{"n":2,"x":""}'],
    ])
    expect(lines.filter(({ isMaskedMore }) => isMaskedMore === true)).toHaveLength(3)
  })

  test('without the right there are offsets, counts and times alone, and nothing at all for others', async () => {
    const session = await sessionOf('service', 'orders')
    const lines = await replay('clerk', session, 'orders')
    expect(recordsOf(lines)).toEqual([])
    expect(lines.find(({ type }) => type === 'range')).toMatchObject({ noRecords: 'no-right', firstOffset: '0' })
    expect(JSON.stringify(lines)).not.toMatch(/9855|"x"/)
    for (const args of [['list'], ['show', session], ['replay', session]])
      expect((await run('service', ...args)).error).toContain('ERR_GATEWAY_SESSION_REFUSED')
  })

  test('an approval that the topic needs now holds the viewer too', async () => {
    const session = await sessionOf('service', 'orders')
    const approval = '{ by: [leads], people: 1, reason: optional, for: 1h, decide-within: 30m }'
    await world.setPolicy(policyWith(`approval: ${approval}`))
    const lines = await replay('auditor', session, 'orders')
    await world.setPolicy(policy)
    expect(lines.find(({ type }) => type === 'range')).toMatchObject({ noRecords: 'held' })
    expect(recordsOf(lines)).toEqual([])
  })

  test('a topic that was made anew is told, and its records are not shown', async () => {
    await read(plainKafka(world, 'service'), 'service-2', 'gone')
    const session = await sessionOf('service', 'gone')
    expect(recordsOf(await replay('auditor', session, 'gone'))).toHaveLength(3)
    await withAdmin(world.kafka.scramBootstrap, world.kafka.gatewayCredential, (admin) =>
      admin.deleteTopics({ topics: ['gone'] }),
    )
    await until('the topic is gone', async () =>
      changesOf(await replay('auditor', session, 'gone')).includes('topic-gone'),
    )
    await until('the topic is made anew', () =>
      world.kafka.createTopics([{ topic: 'gone', partitions: 1 }]).then(
        () => true,
        () => false,
      ),
    )
    await write('gone', 3)
    const lines = await replay('auditor', session, 'gone')
    expect(changesOf(lines)).toEqual(['topic-recreated'])
    expect(recordsOf(lines)).toEqual([])
  })

  test('what retention has taken is told, and what is left is shown', async () => {
    await read(plainKafka(world, 'service'), 'service-3', 'short')
    const session = await sessionOf('service', 'short')
    await withAdmin(world.kafka.scramBootstrap, world.kafka.gatewayCredential, async (admin) => {
      // It deletes of topics alone that it has asked for before.
      await admin.fetchTopicOffsets('short')
      await admin.deleteTopicRecords({ topic: 'short', partitions: [{ partition: 0, offset: '2' }] })
    })
    const lines = await replay('auditor', session, 'short')
    expect(changesOf(lines)).toEqual(['retention'])
    expect(lines.find(({ type }) => type === 'range')).toMatchObject({ logStartOffset: '2' })
    expect(recordsOf(lines)).toMatchObject([{ offset: '2' }])
  })
})

describe('one client is one session', () => {
  test('all of its sockets, one after another and at once', async () => {
    const kafka = headgateKafka(world, 'service')
    await read(kafka, 'service-4', 'plain')
    await read(kafka, 'service-5', 'plain')
    const session = await sessionOf('service', 'plain')
    const { session: detail } = await json<{ session: { sockets: unknown[]; signIns: number; recordsRead: number } }>(
      ...(['clerk', 'show', session] as const),
    )
    expect(detail.recordsRead).toBe(6)
    expect(detail.sockets.length).toBeGreaterThan(1)
  })
})
