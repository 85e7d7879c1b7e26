import { rename, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { dirname, join } from 'node:path'
import { clientCredentials, Kafka, type Producer } from '@headgate/kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Certificates, createCertificates } from '../certificates/certificates.ts'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: orders-service
    who: { subjects: [orders] }
    may: { produce: [orders] }
`
let world: World
beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
    sections: { policyReloadSeconds: 1 },
  })
})
afterAll(() => world?.close())

/** Writes a file as a platform does: whole, in the place of the one before. */
async function put(name: string, text: string): Promise<string> {
  const path = join(dirname(world.files.configPath), name)
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
  return path
}

function producerOf(ca: string): Producer {
  return new Kafka({
    ...{ clientId: 'orders', logLevel: 0, retry: { retries: 0 } },
    headgate: {
      ...{ gateway: world.httpUrl, bundleKeys: [world.files.bundleKeyThumbprint], ca, insecure: true },
      identity: clientCredentials({
        issuer: world.identity.issuer,
        clientId: 'orders',
        clientSecret: world.secretOf('orders'),
      }),
    },
  }).producer()
}

/** The status of the HTTP side, as somebody sees it who knows one authority; the code of the failure otherwise. */
function healthBy({ caPem }: Pick<Certificates, 'caPem'>): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(`${world.httpUrl}/healthz`, { ca: caPem, agent: false }, (response) => {
      response.resume()
      resolve(String(response.statusCode))
    })
    asked.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    asked.end()
  })
}

const logged = (event: string, listener: string): unknown =>
  world.logLines.find((line) => line.event === event && line.listener === listener)

test('the certificates of both listeners are replaced under a producer that goes on [certificate-reload]', {
  timeout: 120_000,
}, async () => {
  const live = producerOf(world.ca.path)
  const disconnected: unknown[] = []
  live.on(live.events.DISCONNECT, (event) => void disconnected.push(event))
  await live.connect()
  const send = (producer: Producer): Promise<unknown> =>
    producer.send({ topic: 'orders', messages: [{ value: 'through' }] })
  await send(live)
  const connections = (): number => world.logLines.filter(({ event }) => event === 'sign-in').length
  const before = connections()

  const next = await createCertificates({ hosts: ['localhost', '127.0.0.1'] })
  await put('server.pem', 'no certificate')
  await expect
    .poll(() => world.logLines.find(({ event }) => event === 'config-refused'), { timeout: 20_000 })
    .toBeDefined()
  expect(await healthBy({ caPem: world.ca.pem })).toBe('200')

  await put('server.key', next.keyPem)
  await put('server.pem', next.certPem)
  for (const listener of ['kafka', 'http'])
    await expect.poll(() => logged('certificate', listener), { timeout: 20_000 }).toBeDefined()
  await send(live)
  expect([disconnected, connections()]).toEqual([[], before])

  expect(await healthBy(next)).toBe('200')
  expect(await healthBy({ caPem: world.ca.pem })).not.toBe('200')
  const newcomer = producerOf(await put('next-ca.pem', next.caPem))
  await newcomer.connect()
  await send(newcomer)
  await newcomer.disconnect()
  await send(live)
  await live.disconnect()
})
