import type { MetadataResponse } from '@headgate/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from '../clients/raw-client.ts'
import { withAdmin } from '../kafka/admin.ts'
import { until } from '../kafka/until.ts'
import { startWorld, type World } from '../world/start-world.ts'

const METADATA = 3
const POLICY = `
rules:
  - id: shop-makes-its-own
    who: { subjects: [shop] }
    may: { create: ["shop.*"], consume: [orders, prices, "shop.*"] }
`

let world: World

beforeAll(async () => {
  world = await startWorld({
    clients: [{ clientId: 'shop', groups: [] }],
    topics: [{ topic: 'orders', partitions: 1 }],
    policy: POLICY,
    kafkaProperties: { 'auto.create.topics.enable': 'true' },
  })
})
afterAll(() => world?.close())

async function topics(): Promise<string[]> {
  const { scramBootstrap, adminCredential } = world.kafka
  const names = await withAdmin(scramBootstrap, adminCredential, (admin) => admin.listTopics())
  return names.filter((name) => !name.startsWith('__')).sort()
}

test('naming topics creates those that may be created, whatever else is named beside them [topic-creation]', async () => {
  const [host = '', port = ''] = world.bootstrap.split(':')
  const client = await RawClient.connect({ host, port: Number(port), caPem: world.ca.pem })
  await client.signInPlain('shop', world.secretOf('shop'))
  const names = ['orders', 'prices', 'shop.cart', 'hidden']
  const ask = async (): Promise<[string | null, number][]> => {
    const body = { topics: names.map((name) => ({ name })), allowAutoTopicCreation: true }
    const answer = await client.request<MetadataResponse>(METADATA, 9, body)
    return answer.topics.map(({ name, errorCode }): [string | null, number] => [name, errorCode]).sort()
  }

  expect(await ask()).toEqual([
    ['hidden', 29],
    ['orders', 0],
    ['prices', 3],
    ['shop.cart', 3],
  ])
  await until('the topic is there', async () => (await topics()).includes('shop.cart'))
  await until('the client is shown it', async () =>
    (await ask()).some(([name, code]) => name === 'shop.cart' && code === 0),
  )
  expect(await topics()).toEqual(['orders', 'shop.cart'])
  client.close()
})
