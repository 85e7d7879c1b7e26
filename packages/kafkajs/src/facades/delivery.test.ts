import { readdirSync, readFileSync } from 'node:fs'
import type { MaskRule, Unmask } from '@headgate/masking'
import { beforeEach, expect, test } from 'vitest'
import type { EachBatchPayload, EachMessagePayload, KafkaMessage } from '#kafkajs'
import type { Ask } from '../access/ask.ts'
import { type Admission, Gate } from '../access/gate.ts'
import type { WithheldRecords } from '../events.ts'
import { createTestClient } from '../testing/client.ts'
import { createMessageBatch } from '../testing/message-batch.ts'
import { allowMasked, messageOf, obligationOf } from '../testing/obligations.ts'
import { policyOf } from '../testing/policy.ts'
import { guardEachBatch, guardEachMessage } from './handlers.ts'

const policy = policyOf(`
topics:
  - { match: [orders], format: json, mask: [{ fields: ssn, with: last-4 }] }
  - { match: [loud], format: json, on-unreadable: placeholder, mask: [{ fields: ssn, with: last-4 }] }
rules:
  - { id: reads, who: { subjects: [orders] }, may: { consume: [orders, loud, plain], as: ["orders-*"] } }
`)
const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const scope = { groupId: 'orders-1', topics: new Set<string>() }
let told: Omit<WithheldRecords, 'total'>[]
beforeEach(() => {
  told = []
})
const client = createTestClient(gate, { withheld: (records) => void told.push(records) })

const good = Buffer.from('{"ssn":"123456789"}')
const bad = Buffer.from('{"ssn":"123456789"')
const at = (offset: number, value: Buffer | null): KafkaMessage => messageOf({ offset: `${offset}`, value })

async function readBatch(topic: string, messages: KafkaMessage[], read: (payload: EachBatchPayload) => void) {
  const resolved: string[] = []
  const batch = { topic, partition: 1, messages }
  const inner = { batch, resolveOffset: (offset: string) => void resolved.push(offset) }
  let calls = 0
  const guarded = guardEachBatch(
    async (payload) => {
      calls += 1
      read(payload)
    },
    client,
    scope,
  )
  await guarded(inner as unknown as EachBatchPayload)
  return { resolved, calls }
}

test('records of a whole batch are handed out as they are only where all of their topic may be seen', async () => {
  const shards = policyOf(
    'rules: [{ id: r, who: everyone, may: { consume: [shards], as: ["orders-*"] , partitions: [1] } }]',
  )
  const byPartition = new Gate({ current: () => shards, isOpen: () => true, renew: async () => {} }, () => {})
  const given = at(1, good)
  const read = async (by: Gate, topic: string, isWhole: boolean): Promise<Buffer | null> => {
    let value: Buffer | null = null
    const guarded = guardEachMessage(async ({ message }) => {
      value = message.value
    }, createTestClient(by))
    await guarded.takeBatch(createMessageBatch(topic, [given], isWhole))
    return value
  }

  expect(await read(gate, 'plain', true)).toBe(given.value)
  expect(await read(gate, 'plain', false)).not.toBe(given.value)
  expect(await read(byPartition, 'shards', true)).toEqual(good)
  expect(await read(byPartition, 'shards', true)).not.toBe(given.value)
  expect(`${await read(gate, 'orders', true)}`).toBe('{"ssn":"*****6789"}')
})

test('of a partition that a further rule shows more of, more is shown, as at the gateway', async () => {
  const rules = (part: string): string => `
topics: [{ match: [orders], format: json, mask: [{ fields: ssn, with: last-4 }] }]
rules:
  - { id: all, who: everyone, may: { consume: [orders], only: [ssn] } }
  - { id: part, who: everyone, may: { consume: [orders], partitions: [1]${part} } }`
  const given = at(1, Buffer.from('{"id":1,"ssn":"123456789","name":"x"}'))
  const shown = async (part: string, partition: number): Promise<unknown[]> => {
    const current = policyOf(rules(part))
    const by = createTestClient(
      new Gate({ current: () => current, isOpen: () => true, renew: async () => {} }, () => {}),
    )
    const values: string[] = []
    await guardEachMessage(async ({ message }) => void values.push(`${message.value}`), by).takeBatch({
      ...createMessageBatch('orders', [given], true),
      partition,
    })
    const inner = { batch: { topic: 'orders', partition, messages: [given] }, resolveOffset: () => {} }
    await guardEachBatch(
      async ({ batch }) => void values.push(`${batch.messages[0]?.value}`),
      by,
      scope,
    )(inner as unknown as EachBatchPayload)
    return [...new Set(values)]
  }

  expect(await shown('', 1)).toEqual(['{"id":1,"ssn":"*****6789","name":"x"}'])
  expect(await shown(', only: [id], unmask: [ssn]', 1)).toEqual(['{"id":1,"ssn":"123456789"}'])
  expect(await shown('', 0)).toEqual(['{"ssn":"*****6789"}'])
})

test('a withheld record is skipped, and its offset is resolved with the one before it', async () => {
  const values: string[] = []
  const { resolved } = await readBatch(
    'orders',
    [at(1, bad), at(2, good), at(3, bad), at(4, bad), at(5, null), at(6, good)],
    ({ batch, resolveOffset }) => {
      for (const { offset, value } of batch.messages) {
        values.push(`${value}`)
        resolveOffset(offset)
      }
    },
  )

  expect(values).toEqual(['{"ssn":"*****6789"}', 'null', '{"ssn":"*****6789"}'])
  expect(resolved).toEqual(['4', '5', '6'])
  expect(told).toEqual([
    {
      topic: 'orders',
      partition: 1,
      firstOffset: '1',
      lastOffset: '6',
      count: 3,
      reasons: { 'not-json': 3 },
      isPlaceholder: false,
      policyRevision: 1,
    },
  ])
})

test('a batch of which nothing may be seen is resolved, and no handler is called', async () => {
  const { resolved, calls } = await readBatch('orders', [at(1, bad), at(2, bad)], () => {})

  expect([resolved, calls]).toEqual([['2'], 0])
})

test('an empty batch is handed on', async () => {
  expect(await readBatch('orders', [], () => {})).toEqual({ resolved: [], calls: 1 })
})

async function readMessage(topic: string, message: KafkaMessage): Promise<KafkaMessage[]> {
  const seen: KafkaMessage[] = []
  const guarded = guardEachMessage(async (payload) => void seen.push(payload.message), client)
  const inner = { topic, partition: 0, message, heartbeat: async () => {}, pause: () => () => {} }
  await guarded(inner satisfies EachMessagePayload)
  return seen
}

test('a handler of single records sees them masked, in bytes of their own, and not those that are withheld', async () => {
  const fetched = Buffer.concat([Buffer.from('neighbour'), good])
  const [shown] = await readMessage('orders', at(1, fetched.subarray(9)))

  expect(`${shown?.value}`).toBe('{"ssn":"*****6789"}')
  expect(shown?.value?.buffer.byteLength).toBe(good.length)
  expect(`${fetched}`).toBe(`neighbour${good}`)
  expect(await readMessage('orders', at(2, bad))).toEqual([])
  expect(await readMessage('orders', at(3, null))).toMatchObject([{ value: null, offset: '3' }])
  expect(told).toMatchObject([{ count: 1, firstOffset: '2', lastOffset: '2' }])
})

test('a placeholder stands where the protection asks for one', async () => {
  const [shown] = await readMessage('loud', at(2, bad))

  expect(`${shown?.value}`).toBe('{"headgate-withheld":"not-json"}')
  expect(told).toMatchObject([{ isPlaceholder: true }])
})

test('a topic without a mask is left alone', async () => {
  const given = at(1, bad)
  const [shown] = await readMessage('plain', given)

  expect(shown?.value).toEqual(bad)
  expect(
    client.masks.of(gate.admitNow('x', [{ resourceType: 'topic', operation: 3, name: 'plain' }]).decisions[0]),
  ).toBe(undefined)
})

interface Row {
  readonly rules: readonly MaskRule[]
  readonly unmask?: Unmask
  readonly only?: readonly string[]
  readonly records: readonly { readonly record: string; readonly want?: string; readonly withheld?: string }[]
}

const folder = new URL('../../../../test/conformance/masking/', import.meta.url)
const rows = readdirSync(folder).map((file): [string, Row] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
])

/** A gate that obliges every read to one mask. */
class ObligingGate extends Gate {
  readonly decisions: Admission['decisions']
  constructor(row: Row) {
    super({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
    const only = row.only && { fields: row.only, headers: [], key: false }
    const rules = { value: row.rules, ...(row.unmask && { unmask: row.unmask }), ...(only && { only }) }
    this.decisions = [allowMasked(obligationOf(rules, 'withhold'))]
  }
  override async admit(_: string, asks: readonly Ask[]): Promise<Admission> {
    return this.admitAtOnce(_, asks)
  }
  override admitAtOnce(_: string, asks: readonly Ask[]): Admission {
    return { asks, decisions: this.decisions, policy }
  }
}

test.each(rows)('conformance, through a consumer: %s [masks-agree]', async (_, row) => {
  const reasons: string[] = []
  const obliged = createTestClient(new ObligingGate(row), {
    withheld: (records) => void reasons.push(...Object.keys(records.reasons)),
  })
  const read = async (record: string): Promise<string> => {
    const seen: string[] = []
    const guarded = guardEachMessage(async ({ message }) => void seen.push(`${message.value}`), obliged)
    const message = at(1, Buffer.from(record))
    await guarded({ topic: 'orders', partition: 0, message, heartbeat: async () => {}, pause: () => () => {} })
    return seen[0] ?? `withheld: ${reasons.pop()}`
  }
  for (const { record, want = '', withheld } of row.records) {
    const shown = await read(record)
    // Keys for tokens are the gateway's: what it masks with them is withheld here.
    if (shown === 'withheld: token-key-missing') expect(JSON.stringify(row.rules)).toContain('"token"')
    // A value of no bytes holds nothing.
    else
      expect([record, shown]).toEqual([
        record,
        withheld === undefined || record === '' ? want : `withheld: ${withheld}`,
      ])
    if (withheld === undefined) expect([record, await read(want)]).toEqual([record, want])
  }
})
