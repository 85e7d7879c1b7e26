import { setTimeout as sleep } from 'node:timers/promises'
import type { ProduceResponse } from '@headgate/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from '../clients/raw-client.ts'
import { produceBody } from '../clients/raw-requests.ts'
import { startWorld, type World } from '../world/start-world.ts'

const BROKER_SESSION_MS = 3_000
const LASTS_MS = 4 * BROKER_SESSION_MS
const PAUSE_MS = 20
const POLICY = `
rules:
  - id: orders
    who: { subjects: [orders] }
    may: { produce: [orders] }
`

let world: World

beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'orders', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
    kafkaProperties: { 'connections.max.reauth.ms': `${BROKER_SESSION_MS}` },
  })
})

afterAll(() => world?.close())

test('a broker that ends sessions is signed in to anew on the same connection, under a producer that never stops', async () => {
  const [host = '', port = ''] = world.bootstrap.split(':')
  const client = await RawClient.connect({ host, port: Number(port), caPem: world.ca.pem })
  try {
    expect(await client.signInPlain('orders', world.secretOf('orders'))).toMatchObject({ errorCode: 0 })
    const started = performance.now()
    let written = 0
    let lastOffset = -1n
    while (performance.now() - started < LASTS_MS) {
      const { responses } = await client.request<ProduceResponse>(0, 9, produceBody([{ name: 'orders' }]))
      const partition = responses[0]?.partitionResponses[0]
      expect(partition).toMatchObject({ errorCode: 0, baseOffset: lastOffset + 1n })
      lastOffset += 1n
      written += 1
      await sleep(PAUSE_MS)
    }
    expect(client.isClosed).toBe(false)
    expect(written).toBeGreaterThan(LASTS_MS / (PAUSE_MS * 10))
  } finally {
    client.close()
  }
  expect(world.logLines.filter(({ event }) => event === 'closed')).toEqual([])
})
