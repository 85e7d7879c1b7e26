import { Kafka, type Producer, tokenCallback } from '@headgate/kafkajs'
import { afterEach, expect, test } from 'vitest'
import type { LogLine } from '../world/log-collector.ts'
import { startWorld, type World } from '../world/start-world.ts'

const REPLICAS = 200
const POLICY = `
rules:
  - id: orders-service
    who: { subjects: [orders] }
    may: { produce: [orders] }
`

let world: World
let producers: Producer[]
afterEach(async () => {
  await Promise.allSettled(producers.map((producer) => producer.disconnect()))
  await world?.close()
})

/** Starts a service so many times at once; gives how long it took until each had written a record. */
async function startReplicas(limits: Readonly<Record<string, number>>, insecure: boolean): Promise<number> {
  producers = []
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 3 }],
    policy: POLICY,
    insecure,
    limits: { maxConnectionsPerAddress: 2_000, maxConnections: 4_000, ...limits },
  })
  const identityToken = await world.identity.tokenFor('orders')
  const denied: unknown[] = []
  const startedMs = performance.now()
  await Promise.all(
    Array.from({ length: REPLICAS }, async () => {
      const kafka = new Kafka({
        clientId: 'orders',
        logLevel: 0,
        headgate: {
          gateway: world.httpUrl,
          bundleKeys: [world.files.bundleKeyThumbprint],
          ...(insecure ? { insecure } : { ca: world.ca.path }),
          identity: tokenCallback(() => identityToken),
        },
      })
      kafka.on('headgate.denied', ({ payload }) => void denied.push(payload))
      const producer = kafka.producer()
      producers.push(producer)
      await producer.connect()
      await producer.send({ topic: 'orders', messages: [{ value: 'one of many' }] })
    }),
  )
  expect(denied).toEqual([])
  return performance.now() - startedMs
}

const count = (isWanted: (line: LogLine) => boolean): number => world.logLines.filter(isWanted).length
const isCutHandshake = (line: LogLine): boolean => line.event === 'tls-handshake-failed'
const isIssued = (line: LogLine): boolean => line.event === 'token-exchange' && line.decision !== 'deny'
const isRefused = (line: LogLine): boolean => line.event === 'token-exchange' && line.decision === 'deny'

test.each([
  ['over TLS', false],
  ['in plaintext', true],
])(
  'two hundred replicas that start at once %s make one exchange each, and all of them write [replicas]',
  {
    timeout: 180_000,
  },
  async (way, insecure) => {
    const tookMs = Math.round(await startReplicas({}, insecure))
    const figures = { exchanges: count(isIssued), refused: count(isRefused), cut: count(isCutHandshake), tookMs }
    process.stdout.write(`replicas, ${way}: ${JSON.stringify(figures)}\n`)
    expect(figures).toMatchObject({ exchanges: REPLICAS, refused: 0 })
    expect(count(({ event, decision }) => event === 'sign-in' && decision === 'deny')).toBe(0)
  },
)

test('where the gateway verifies one at a time and has room for few to wait, all of them write all the same', {
  timeout: 180_000,
}, async () => {
  const tookMs = await startReplicas({ maxConcurrentVerifications: 1 }, true)
  const figures = { exchanges: count(isIssued), refused: count(isRefused), tookMs: Math.round(tookMs) }
  process.stdout.write(`replicas, at a gateway that takes 65 at once: ${JSON.stringify(figures)}\n`)
  expect(figures.exchanges).toBeGreaterThanOrEqual(REPLICAS)
  expect(figures.exchanges).toBeLessThan(2 * REPLICAS)
  expect(figures.refused).toBeLessThan(3 * REPLICAS)
})
