import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createKeyFile } from '@headgate/gateway'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { headgateKafka } from '../clients/kafkajs-clients.ts'
import { startWorld, type World } from '../world/start-world.ts'

const TOKEN_SECONDS = 10
const POLICY = `
rules:
  - id: orders-service
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: ["orders-*"] }
`

let world: World
beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 3 }],
    policy: POLICY,
    tokenLifetimeSeconds: TOKEN_SECONDS,
    sections: { bundles: { currentKey: { file: 'bundle-key.jwk.json' }, refreshSeconds: 2, lifetimeSeconds: 30 } },
  })
})
afterAll(() => world?.close())

const pathOf = (name: string): string => join(dirname(world.files.configPath), name)

async function changeConfig(change: (config: Record<string, Record<string, unknown>>) => void): Promise<void> {
  const config = parse(await readFile(world.files.configPath, 'utf8')) as Record<string, Record<string, unknown>>
  change(config)
  await writeFile(`${world.files.configPath}.new`, stringify(config))
  await rename(`${world.files.configPath}.new`, world.files.configPath)
  world.gateway.reload()
}

/** Publishes the next keys; gives the thumbprints that sign when they are promoted. */
async function publishNext(): Promise<{ readonly token: string; readonly bundle: string }> {
  const [token, bundle] = [createKeyFile('token', pathOf('token-next')), createKeyFile('bundle', pathOf('bundle-next'))]
  await changeConfig((config) => {
    Object.assign(config['tokens'] ?? {}, { nextKey: { file: 'token-next' } })
    Object.assign(config['bundles'] ?? {}, { nextKey: { file: 'bundle-next' } })
  })
  return { token: token.thumbprint, bundle: bundle.thumbprint }
}

async function promote(): Promise<void> {
  await rename(pathOf('token-next'), pathOf('token-key.jwk.json'))
  await rename(pathOf('bundle-next'), pathOf('bundle-key.jwk.json'))
  await changeConfig((config) => {
    delete config['tokens']?.['nextKey']
    delete config['bundles']?.['nextKey']
  })
}

test('both keys are replaced while records are written and read, and no request is denied [key-rotation]', {
  timeout: 120_000,
}, async () => {
  const trouble: unknown[] = []
  const note = (name: string) => (event: object) => void trouble.push([name, event])
  let [sent, read] = [0, 0]
  const thumbprints = [world.files.bundleKeyThumbprint]
  const first = await publishNext()
  thumbprints.push(first.bundle)
  const kafka = headgateKafka(world, 'orders', { headgate: { bundleKeys: thumbprints } })
  for (const name of ['headgate.denied', 'headgate.stale'] as const) kafka.on(name, note(name))
  const [producer, consumer] = [kafka.producer(), kafka.consumer({ groupId: 'orders-rotation' })]
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  await consumer.run({
    eachMessage: async () => {
      read += 1
    },
  })
  let isOver = false
  const load = (async () => {
    while (!isOver) {
      await producer.send({ topic: 'orders', messages: [{ value: `${sent}` }] }).catch(note('send'))
      sent += 1
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  const issued = (kid: string): boolean => world.logLines.some((line) => line.event === 'keys' && line.kid === kid)
  const exchanges = (): number => world.logLines.filter(({ event }) => event === 'token-exchange').length
  const reauthentications = (): number => world.logLines.filter(({ event }) => event === 're-authentication').length
  const patience = { timeout: 60_000, interval: 100 }
  try {
    await expect.poll(() => read, patience).toBeGreaterThan(10)
    // Before that a coordinator which is still loading its groups may crash a consumer, which starts again.
    consumer.on('consumer.crash', note('crash'))
    await promote()
    expect([issued(first.token), issued(first.bundle)]).toEqual([true, true])
    // New tokens and new bundles, signed with the new keys, are in use on both connections.
    const [exchanged, signedInAnew, sentThen] = [exchanges(), reauthentications(), sent]
    await expect.poll(() => exchanges() - exchanged, patience).toBeGreaterThan(2)
    await expect.poll(() => reauthentications() - signedInAnew, patience).toBeGreaterThan(2)
    await expect.poll(() => sent - sentThen, patience).toBeGreaterThan(100)
  } finally {
    isOver = true
    await load
    await expect.poll(() => read, patience).toBe(sent)
    await Promise.all([producer.disconnect(), consumer.disconnect()])
  }
  expect(trouble).toEqual([])
  const refused = world.logLines.filter(({ decision, event }) => decision === 'deny' || event === 'closed')
  expect(refused).toEqual([])
})
