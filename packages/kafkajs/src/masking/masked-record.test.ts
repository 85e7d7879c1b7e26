import { expect, test } from 'vitest'
import type { EachBatchPayload, EachMessagePayload, KafkaMessage } from '#kafkajs'
import { Gate } from '../access/gate.ts'
import { guardEachBatch, guardEachMessage } from '../facades/handlers.ts'
import { createTestClient } from '../testing/client.ts'
import { messageOf } from '../testing/obligations.ts'
import { policyOf } from '../testing/policy.ts'
import { type MaskedRecord, masked } from './masked-record.ts'

const policy = policyOf(
  `
topics:
  - match: [orders]
    format: json
    on-unreadable: placeholder
    mask:
      - { fields: "card(number,cvc)", with: last-4 }
      - { detect: [email], with: remove }
      - { headers: [x-user], with: remove }
rules:
  - { id: reads, who: everyone, may: { consume: [orders], unmask: [card/cvc] } }
  - { id: plain, who: everyone, may: { consume: [plain] } }
`,
  7,
)
const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const client = createTestClient(gate)
const byPolicy = ['card/number', 'detect:email', 'header:x-user']

async function readAll(topic: string, messages: KafkaMessage[]): Promise<readonly KafkaMessage[]> {
  const seen: KafkaMessage[] = []
  const guarded = guardEachBatch(async ({ batch }) => void seen.push(...batch.messages), client, {
    groupId: 'g',
    topics: new Set(),
  })
  await guarded({ batch: { topic, partition: 0, messages }, resolveOffset: () => {} } as unknown as EachBatchPayload)
  return seen
}

const record = (value: string, headers = {}): KafkaMessage => messageOf({ value: Buffer.from(value), headers })

test('what the client had to mask is told for each record of a batch, once for value and headers', async () => {
  const clear = record('{"card":{"number":"4111111111111111"},"to":"ada@example.com"}', {
    'x-user': Buffer.from('ada'),
    note: Buffer.from('bob@example.com'),
  })
  const [first, second] = await readAll('orders', [clear, record('{"card":{"number":"************1111"}}')])

  expect(first && masked(first)).toEqual({
    byPolicy,
    here: expect.arrayContaining([
      { field: 'card/number', count: 1 },
      { field: 'detect:email', count: 2 },
      { field: 'header:x-user', count: 1 },
    ]),
    policyRevision: 7,
  })
  expect(second && masked(second)).toEqual({ byPolicy, here: [], policyRevision: 7 })
})

test('a placeholder says why, whoever put it there', async () => {
  const [own] = await readAll('orders', [record('{"card":')])
  const [again] = await readAll('orders', own === undefined ? [] : [own])

  for (const placeholder of [own, again])
    expect(placeholder && masked(placeholder)).toEqual({ byPolicy, here: [], withheld: 'not-json', policyRevision: 7 })
})

test('the record of a handler of single records is known, also when it was changed', async () => {
  let told: MaskedRecord | undefined
  const read = async (payload: EachMessagePayload): Promise<void> => {
    told = masked(Object.assign(payload.message, { topic: payload.topic }))
  }
  const given = { topic: 'orders', partition: 0, heartbeat: async () => {}, pause: () => () => {} }
  await guardEachMessage(read, client)({ ...given, message: record('{}') })

  expect(told?.byPolicy).toEqual(byPolicy)
})

test('nothing is told of a topic without a mask, of a copy, and of the bytes of a record', async () => {
  const [plain] = await readAll('plain', [record('{"card":{"number":"4111111111111111"}}')])
  const [seen] = await readAll('orders', [record('{"card":{"number":"4111111111111111"}}')])

  expect(plain && masked(plain)).toBeUndefined()
  expect(seen && masked({ ...seen })).toBeUndefined()
  expect(JSON.stringify(seen && masked(seen))).not.toContain('1111')
})
