import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, samlAssertion } from '@headgate/kafkajs'
import { createSamlIssuer } from '@headgate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: mesh-services-use-orders
    who: { issuers: [mesh], groups: [sellers] }
    may: { produce: [orders], consume: [orders], as: ["mesh-*"] }
`
const TOKEN_SECONDS = 10
const AUDIENCE = 'https://headgate.example/saml'

const issuer = createSamlIssuer('https://idp.example/saml')
let folder: string
let world: World

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-saml-'))
  const current = join(folder, 'idp.pem')
  await writeFile(current, issuer.publicKeyPem)
  world = await startWorld({
    clients: [],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
    tokenLifetimeSeconds: TOKEN_SECONDS,
    sections: {
      samlIssuers: [
        {
          name: 'mesh',
          entityId: issuer.entityId,
          certificates: { current },
          audiences: [AUDIENCE],
          groupsAttribute: 'groups',
        },
      ],
    },
  })
})
afterAll(async () => {
  await world?.close()
  await rm(folder, { recursive: true, force: true })
})

test('a service with SAML assertions writes and reads, and goes on by a new one when its token ends [saml-session]', async () => {
  let assertions = 0
  const kafka = new Kafka({
    clientId: 'shop',
    logLevel: logLevel.NOTHING,
    headgate: {
      gateway: world.httpUrl,
      bundleKeys: [world.files.bundleKeyThumbprint],
      ca: world.ca.path,
      identity: samlAssertion(() => {
        assertions += 1
        const recipient = `${world.httpUrl}/token`
        return issuer.assert({ subject: 'shop', groups: ['sellers'], audience: AUDIENCE, recipient })
      }),
    },
  })
  const read: string[] = []
  const consumer = kafka.consumer({ groupId: 'mesh-shop' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void read.push(`${message.value}`) })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'before' }] })
  await until('a record under the first token', () => read.includes('before'))
  await until('a third assertion', () => assertions > 2, { timeoutMs: 3 * TOKEN_SECONDS * 1_000 })
  await producer.send({ topic: 'orders', messages: [{ value: 'after' }] })
  await until('a record under a later token', () => read.includes('after'))
  await producer.disconnect()
  await consumer.disconnect()
  const issued = world.logLines.filter(({ event, message }) => event === 'token-exchange' && message === 'token issued')
  expect(issued.length).toBeGreaterThanOrEqual(3)
  expect(new Set(issued.map(({ sessionId }) => sessionId)).size).toBe(1)
  expect(issued.at(-1)).toMatchObject({ issuer: 'mesh', principal: 'shop' })
})
