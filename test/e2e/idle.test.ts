import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../world/start-world.ts'

const POLICY = `
rules:
  - id: orders-service-owns-orders
    who: { subjects: [orders] }
    may: { produce: [orders], consume: [orders], as: ["orders-*"] }
`
let world: World

beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
  })
})
afterAll(async () => {
  await world?.close()
})

interface Idleness {
  readonly counted: number
  readonly warnings: readonly string[]
}

/** Runs the service with a client as it is built and installed: no source condition. */
async function idle(...args: string[]): Promise<Idleness> {
  const child = fork(join(import.meta.dirname, 'idle-service.ts'), args, {
    execArgv: [],
    env: { PATH: process.env['PATH'], KAFKAJS_NO_PARTITIONER_WARNING: '1', ...world.environmentOf('orders') },
  })
  const [told] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the service ended with ${code}`))),
  ])
  return told as Idleness
}

test('an idle producer and consumer of the built client plan no timers, and Node.js warns of none [client-idle]', async () => {
  const { counted, warnings } = await idle()
  const plain = await idle(world.bootstrap, world.ca.path, await world.identity.tokenFor('orders'))

  expect(counted).toBeLessThan(5)
  expect(warnings).not.toContain('TimeoutNegativeWarning')
  expect(plain.counted).toBeGreaterThan(100)
  expect(plain.warnings).toContain('TimeoutNegativeWarning')
})
