import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type PolicyDocument, parsePolicy } from '@headgate/policy'
import { diffPolicies } from '@headgate/policy/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { startHeadgate } from '../clients/headgate.ts'
import { headgateKafka, plainKafka } from '../clients/kafkajs-clients.ts'
import { until } from '../kafka/until.ts'
import type { LogLine } from '../world/log-collector.ts'
import { startWorld, type World } from '../world/start-world.ts'
import { AUDITOR, connected, runWorkload, SERVICES, TOPICS } from './modes-workload.ts'

const AUDITOR_RULE = `  - id: security-asks
    who: { issuers: [corp], subjects: [${AUDITOR}] }
    may: { cluster: [read-audit] }
`
const PROTECTIONS = `topics:
  - match: [cards]
    format: json
    mask: [{ fields: number, with: last-4 }]
`
const NOTHING = `${PROTECTIONS}rules:\n${AUDITOR_RULE}`
const BROAD = `${PROTECTIONS}rules:
${AUDITOR_RULE}  - id: all
    who: everyone
    may:
      consume: ["*"]
      produce: ["*"]
      describe: ["*"]
      create: ["*"]
      delete: ["*"]
      alter: ["*"]
      describe-configs: ["*"]
      alter-configs: ["*"]
      as: ["*"]
      delete-groups: ["*"]
      transact-as: ["*"]
      cluster: [describe, alter, create, describe-configs, alter-configs, idempotent-write]
`
/** What the workload needs, written by hand. */
const NEEDED = `${PROTECTIONS}rules:
${AUDITOR_RULE}  - { id: orders, who: { issuers: [corp], subjects: [orders] }, may: { produce: [shop.orders] } }
  - { id: billing, who: { issuers: [corp], subjects: [billing] }, may: { consume: [shop.orders], as: [billing] } }
  - id: ledger
    who: { issuers: [corp], subjects: [ledger] }
    may: { consume: [shop.orders], as: [ledger], produce: [shop.ledger], transact-as: [ledger-tx] }
  - id: platform
    who: { issuers: [corp], subjects: [platform] }
    may: { create: [shop.reports], delete: [shop.reports], alter: [shop.reports], describe-configs: [shop.reports] }
  - id: enrich
    who: { issuers: [corp], subjects: [enrich] }
    may: { consume: [shop.ledger], as: [enrich], produce: [shop.enriched] }
`

let world: World

beforeAll(async () => {
  world = await startWorld({
    clients: [...SERVICES, AUDITOR, 'stranger'].map((clientId) => ({ clientId, groups: [] })),
    topics: TOPICS,
    policy: NOTHING,
    sections: { modes: { default: 'observe' } },
  })
}, 120_000)

afterAll(() => world?.close())

/** Changes the one section, and has it read again. */
async function setModes(modes: object): Promise<void> {
  const { configPath } = world.files
  const config = parse(await readFile(configPath, 'utf8')) as object
  await writeFile(configPath, stringify({ ...config, modes }, { aliasDuplicateObjects: false }))
  const reload = world.gateway.reload()
  if (reload.outcome === 'refused') throw new Error(JSON.stringify(reload.problems))
}

async function headgate(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly error: string }> {
  const run = startHeadgate(args, {
    HEADGATE_GATEWAY: world.httpUrl,
    HEADGATE_CA: world.ca.path,
    HEADGATE_TOKEN: await world.identity.tokenFor(AUDITOR),
  })
  return { code: await run.ended, out: run.out(), error: run.error() }
}

async function writePolicy(name: string, text: string): Promise<string> {
  const path = join(dirname(world.files.policyPath), name)
  await writeFile(path, text)
  return path
}

function document(text: string): PolicyDocument {
  const parsed = parsePolicy({ path: 'policy.yaml', text }, () => '')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.document
}

/** Log lines of one event, from a place on. */
function logged(event: string, from = 0): readonly LogLine[] {
  return world.logLines.slice(from).filter((line) => line.event === event)
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'passed',
    (error: { readonly type?: string; readonly cause?: { readonly type?: string } }) =>
      error.type ?? error.cause?.type ?? 'failed',
  )

describe('observe, then enforce', () => {
  let drafted: string

  test('five services under observe, with no rule for any of them, are drafted a policy [observe-draft]', async () => {
    await runWorkload(world)
    expect(logged('denial')).toEqual([])
    const result = await headgate('policy', 'draft')
    expect(result).toMatchObject({ code: 0, error: '' })
    drafted = result.out
    // What the workload needs, no more and no less: neither way is there any difference.
    const [made, needed] = [document(withRest(drafted)), document(NEEDED)]
    expect(diffPolicies(needed, made)).toEqual([])
    expect(diffPolicies(made, needed)).toEqual([])
  }, 180_000)

  test('the difference to the broad grant is narrowing alone [observe-draft]', async () => {
    const [broad, narrow] = [await writePolicy('broad.yaml', BROAD), await writePolicy('draft.yaml', withRest(drafted))]
    const diff = await headgate('policy', 'diff', broad, narrow, '--json')
    expect(diff.code).toBe(0)
    const { hasNewAccess, changes } = JSON.parse(diff.out) as { hasNewAccess: boolean; changes: readonly object[] }
    expect(hasNewAccess).toBe(false)
    expect(changes.length).toBeGreaterThan(5)
    const lint = await headgate('policy', 'check', narrow)
    expect(lint.code).toBe(0)
  }, 60_000)

  test('the same workload passes under the draft in enforce, and probes beyond it are denied [observe-draft]', async () => {
    const from = world.logLines.length
    await world.setPolicy(withRest(drafted))
    await setModes({ default: 'enforce' })
    await runWorkload(world)
    expect(logged('denial', from)).toEqual([])
    expect(logged('would-deny', from)).toEqual([])
    const probes = await Promise.all([
      send('orders', 'shop.ledger'),
      send('billing', 'shop.orders'),
      send('enrich', 'shop.secret'),
      offsets('orders', 'shop.orders', 'billing'),
      offsets('billing', 'shop.orders', 'ledger'),
      transact('ledger', 'other-tx'),
      transact('orders', 'ledger-tx'),
      create('platform', 'shop.others'),
      create('orders', 'shop.reports'),
    ])
    expect(probes).not.toContain('passed')
    expect(probes.filter((code) => code === 'TOPIC_AUTHORIZATION_FAILED')).toHaveLength(5)
    for (const [principal, resourceType, resourceName] of [
      ['orders', 'topic', 'shop.ledger'],
      ['billing', 'topic', 'shop.orders'],
      ['enrich', 'topic', 'shop.secret'],
      ['orders', 'group', 'billing'],
      ['billing', 'group', 'ledger'],
      ['ledger', 'transactional-id', 'other-tx'],
      ['orders', 'transactional-id', 'ledger-tx'],
      ['platform', 'topic', 'shop.others'],
      ['orders', 'topic', 'shop.reports'],
    ])
      expect(logged('denial', from)).toContainEqual(expect.objectContaining({ principal, resourceType, resourceName }))
  }, 180_000)

  test('what the broad grant gives beyond that is told as unused', async () => {
    await world.setPolicy(BROAD)
    await setModes({ default: 'enforce' })
    await runWorkload(world)
    const unused = await headgate('policy', 'draft', '--unused', await writePolicy('broad.yaml', BROAD))
    expect(unused.code).toBe(0)
    expect(unused.out).toMatch(
      /^\S*broad\.yaml:\d+:\d+: rule `all` grants more than is used \(last used less than an hour ago\): /,
    )
    expect(unused.out).toContain('alter-configs `*`')
    expect(unused.out).not.toMatch(/(consume|produce|create|transact-as) `\*`/)
  }, 180_000)
})

/** A draft holds rules alone: the protections and the auditor's right stay what they are. */
function withRest(draft: string): string {
  return draft.replace(/^rules:\n/m, `${PROTECTIONS}rules:\n${AUDITOR_RULE}`)
}

function send(clientId: string, topic: string): Promise<unknown> {
  const producer = plainKafka(world, clientId).producer()
  return codeOf(connected(producer, () => producer.send({ topic, messages: [{ value: 'probe' }] })))
}

function offsets(clientId: string, topic: string, groupId: string): Promise<unknown> {
  const admin = plainKafka(world, clientId).admin()
  return codeOf(connected(admin, () => admin.fetchOffsets({ groupId, topics: [topic] })))
}

function transact(clientId: string, transactionalId: string): Promise<unknown> {
  const producer = plainKafka(world, clientId).producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  return codeOf(connected(producer, () => producer.transaction()))
}

function create(clientId: string, topic: string): Promise<unknown> {
  const admin = plainKafka(world, clientId).admin()
  const created = admin.createTopics.bind(admin)
  return codeOf(
    connected(admin, async () => {
      await created({ topics: [{ topic, numPartitions: 1 }] }).catch((error: { errors?: readonly unknown[] }) => {
        throw error.errors?.[0] ?? error
      })
    }),
  )
}

describe('modes of a live connection', () => {
  test('warn lets pass what is denied, on the connection that was refused, and tells rule, reason and revision [warn-tells]', async () => {
    await world.setPolicy(`${NOTHING}  - { id: nobody, who: everyone, never: { produce: [shop.secret] } }\n`)
    await setModes({ default: 'enforce' })
    const producer = plainKafka(world, 'stranger').producer({ retry: { retries: 0 } })
    const write = (): Promise<unknown> =>
      codeOf(producer.send({ topic: 'shop.secret', messages: [{ value: 'in between' }] }))
    await connected(producer, async () => {
      expect(await write()).toBe('TOPIC_AUTHORIZATION_FAILED')
      const from = world.logLines.length
      await setModes({ topics: [{ match: ['shop.secret'], mode: 'warn' }] })
      expect([await write(), await write()]).toEqual(['passed', 'passed'])
      const told = logged('would-deny', from).filter(({ operation }) => operation === 'Write')
      expect(told).toMatchObject([
        {
          principal: 'stranger',
          issuer: 'corp',
          resourceName: 'shop.secret',
          decision: 'deny',
          reason: 'denied-by-rule',
          ruleIds: ['nobody'],
          policyRevision: expect.any(Number),
        },
      ])
      await setModes({})
      expect(await write()).toBe('TOPIC_AUTHORIZATION_FAILED')
    })
    const trail = await headgate('audit', 'list', '--event', 'access.would-deny', '--principal', 'stranger', '--json')
    const { events } = JSON.parse(trail.out) as { events: readonly object[] }
    expect(events).toContainEqual(expect.objectContaining({ ruleIds: ['nobody'], reason: 'denied-by-rule' }))
    const modes = await headgate('audit', 'list', '--event', 'modes.in-force', '--json')
    expect(modes.out).toContain('shop.secret')
  }, 120_000)

  test('masks stay on under warn, at the gateway and in the wrapped client, and are off under observe', async () => {
    await world.setPolicy(NOTHING)
    await setModes({ default: 'observe' })
    const producer = plainKafka(world, 'stranger').producer()
    await connected(producer, () =>
      producer.send({ topic: 'cards', messages: [{ value: JSON.stringify({ number: '4111111111111111' }) }] }),
    )
    const read = async (wrapped: boolean, groupId: string): Promise<string> => {
      const kafka = wrapped ? headgateKafka(world, 'stranger') : plainKafka(world, 'stranger')
      const consumer = kafka.consumer({ groupId })
      return connected(consumer, async () => {
        await consumer.subscribe({ topics: ['cards'], fromBeginning: true })
        return new Promise<string>((resolve, reject) => {
          consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) }).catch(reject)
        })
      })
    }
    expect(await read(false, 'o1')).toContain('4111111111111111')
    expect(await read(true, 'o2')).toContain('4111111111111111')
    await setModes({ default: 'warn' })
    for (const [wrapped, group] of [
      [false, 'w1'],
      [true, 'w2'],
    ] as const) {
      const value = await read(wrapped, group)
      expect(value).toContain('1111')
      expect(value).not.toContain('4111111111111111')
    }
  }, 120_000)

  test('a transaction over an observed and an enforced topic is refused whole, and leaves nothing behind', async () => {
    await world.setPolicy(`${NOTHING}  - { id: tx, who: everyone, may: { transact-as: [cross] } }\n`)
    await setModes({ topics: [{ match: ['shop.enriched'], mode: 'observe' }] })
    const options = { transactionalId: 'cross', idempotent: true, maxInFlightRequests: 1 }
    const producer = plainKafka(world, 'stranger').producer(options)
    await connected(producer, async () => {
      const transaction = await producer.transaction()
      const messages = [{ value: 'crossing' }]
      const sent = await codeOf(
        transaction.sendBatch({
          topicMessages: [
            { topic: 'shop.enriched', messages },
            { topic: 'shop.secret', messages },
          ],
        }),
      )
      expect(sent).not.toBe('passed')
      await transaction.abort()
    })
    await setModes({ default: 'observe' })
    const after = await headgate('audit', 'list', '--event', 'records.written', '--principal', 'stranger', '--json')
    const { events } = JSON.parse(after.out) as { events: readonly { kafka: { topic: string } }[] }
    expect(events.map(({ kafka }) => kafka.topic)).not.toContain('shop.enriched')
  }, 120_000)

  test('a consumer that was let read under observe is refused when the mode is taken back', async () => {
    await world.setPolicy(NOTHING)
    await setModes({ default: 'observe' })
    expect(await send('stranger', 'shop.orders')).toBe('passed')
    const consumer = plainKafka(world, 'stranger').consumer({ groupId: 'live', retry: { retries: 0 } })
    let crash: unknown
    consumer.on('consumer.crash', ({ payload }) => {
      crash = payload.error
    })
    let seen = 0
    await consumer.connect()
    await consumer.subscribe({ topics: ['shop.orders'], fromBeginning: true })
    await consumer.run({
      eachMessage: async () => {
        seen += 1
      },
    })
    await until('the consumer to read', () => seen > 0)
    await setModes({ default: 'enforce' })
    await until('the consumer to be refused', () => crash !== undefined)
    expect(String((crash as Error).message)).toMatch(/authorized|authorization/i)
    await consumer.disconnect()
  }, 120_000)
})
