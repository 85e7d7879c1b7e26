import { writeFile } from 'node:fs/promises'
import { type IdentityProvider, startIdentityProvider } from '@headgate/testkit'
import { Kafka, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../world/start-world.ts'

const TOPIC = 'orders'
const POLICY = `rules:
  - { id: the-ledger-writes, who: { issuers: [corp], subjects: [ledger] }, may: { produce: [${TOPIC}] } }
  - { id: leads-write, who: { groups: [leads] }, may: { produce: [${TOPIC}] } }
  - { id: guests-write, who: { groups: [guests] }, may: { produce: [${TOPIC}] } }
  - { id: no-suspended, who: { issuers: [corp], groups: [suspended] }, never: { produce: [${TOPIC}] } }
`

let partner: IdentityProvider
let world: World
const producers: Producer[] = []

beforeAll(async () => {
  partner = await startIdentityProvider({ clients: [], audience: 'headgate' })
  world = await startWorld({
    clients: [],
    topics: [{ topic: TOPIC, partitions: 1 }],
    policy: POLICY,
    configure: (config) => ({
      ...config,
      issuers: [
        ...config.issuers.map((corp) => ({ ...corp, groups: ['leads', 'suspended'] })),
        {
          ...{ name: 'partner', issuer: partner.issuer, audiences: ['headgate'], algorithms: ['ES256'] },
          ...{ groupsClaim: 'groups', groupAliases: { '0b2c1f0e': 'guests' }, groups: ['guests'] },
        },
      ],
    }),
  })
})

afterAll(async () => {
  await Promise.all(producers.map((producer) => producer.disconnect()))
  await world?.close()
  await partner?.close()
})

/** Writes a record by unwrapped kafkajs with a token of an issuer, and tells what came of it. */
async function write(issuer: IdentityProvider, claims: Readonly<Record<string, unknown>>): Promise<string> {
  const value = await issuer.signToken({ aud: 'headgate', client_id: 'app', ...claims })
  const producer = new Kafka({
    clientId: 'app',
    brokers: [world.bootstrap],
    ssl: { ca: [world.ca.pem] },
    sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value }) },
    retry: { retries: 0 },
    logLevel: 0,
  }).producer({ allowAutoTopicCreation: false })
  producers.push(producer)
  await producer.connect()
  return producer.send({ topic: TOPIC, messages: [{ value: 'x' }] }).then(
    () => 'written',
    // kafkajs says it in two ways, by whether the topic is refused in the metadata or in the answer.
    (error: Error) => (/not authorized to access topics/i.test(error.message) ? 'refused' : error.message),
  )
}

test('T4: the same subject of two issuers is two principals on the wire', async () => {
  expect(await write(world.identity, { sub: 'ledger', groups: [] })).toBe('written')
  expect(await write(partner, { sub: 'ledger', groups: [] })).toBe('refused')
})

test('T4, T10: a group counts from the issuer that may assert it, by the name that its alias gives it', async () => {
  expect(await write(world.identity, { sub: 'ada', groups: ['leads'] })).toBe('written')
  expect(await write(partner, { sub: 'ada', groups: ['leads'] })).toBe('refused')
  expect(await write(partner, { sub: 'gus', groups: ['0b2c1f0e'] })).toBe('written')
  expect(await write(partner, { sub: 'gus', groups: ['guests'] })).toBe('refused')
  expect(await write(world.identity, { sub: 'gus', groups: ['guests'] })).toBe('refused')
  const dropped = world.logLines.filter(({ event }) => event === 'groups-dropped')
  expect(dropped.map(({ issuer, count }) => [issuer, count])).toEqual([
    ['partner', 1],
    ['partner', 1],
    ['corp', 1],
  ])
})

test('T9: who may be in a group that is denied is denied, since the issuer says that there are more', async () => {
  const overage = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }
  expect(await write(world.identity, { sub: 'ledger', ...overage })).toBe('refused')
  expect(await write(world.identity, { sub: 'ledger', groups: [] })).toBe('written')
})

test('T4: a policy that leaves open whose ledger it means does not come into force', async () => {
  await writeFile(world.files.policyPath, POLICY.replace('issuers: [corp], subjects', 'subjects'))
  const reload = world.gateway.reload()
  expect(reload).toMatchObject({ outcome: 'refused', problems: [{ line: 2, column: 5, code: 'ERR_POLICY_ISSUER' }] })
  expect(await write(partner, { sub: 'ledger', groups: [] })).toBe('refused')
  expect(await write(world.identity, { sub: 'ledger', groups: [] })).toBe('written')
})
