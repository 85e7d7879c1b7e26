import { isHeadgateError } from '@headgate/core'
import { Operation } from '@headgate/policy'
import { beforeEach, expect, test } from 'vitest'
import { KafkaJSNonRetriableError, KafkaJSProtocolError } from '#kafkajs'
import { ordersPolicy, policyOf } from '../testing/policy.ts'
import type { Ask } from './ask.ts'
import type { Denial } from './denied-error.ts'
import { type ActivePolicy, Gate } from './gate.ts'

let policy: ActivePolicy
let isOpen: boolean
let renewals: number
let onRenew: () => void
const denials: Denial[] = []
const source = {
  current: () => policy,
  isOpen: () => isOpen,
  async renew() {
    renewals += 1
    onRenew()
  },
}
const gate = new Gate(source, (denial) => void denials.push(denial))

beforeEach(() => {
  policy = policyOf(ordersPolicy)
  isOpen = true
  renewals = 0
  onRenew = () => {}
  denials.length = 0
})

const write = (name: string, partitions?: readonly number[]): Ask => ({
  resourceType: 'topic',
  operation: Operation.Write,
  name,
  partitions: () => partitions,
})

test('what is allowed passes without a look for a newer policy', async () => {
  await gate.admit('producer.send', [write('orders')])
  expect(renewals).toBe(0)
})

test('a refusal is what a handler of a broker refusal understands, and names the rule [client-denies-first]', async () => {
  const error = await gate.admit('producer.send', [write('audit-log')]).catch((reason: unknown) => reason)

  expect(error).toBeInstanceOf(KafkaJSNonRetriableError)
  expect(isHeadgateError(error)).toBe(true)
  expect(error).toMatchObject({
    name: 'HeadgateDeniedError',
    code: 'ERR_KAFKAJS_DENIED',
    type: 'TOPIC_AUTHORIZATION_FAILED',
    retriable: false,
    ruleIds: ['nobody-writes-audit'],
    cause: { type: 'TOPIC_AUTHORIZATION_FAILED', code: 29, retriable: false },
  })
  expect((error as Error).cause).toBeInstanceOf(KafkaJSProtocolError)
  expect((error as Error).message).toContain(
    'rule `nobody-writes-audit` forbids this principal to produce to topic `audit-log`',
  )
  expect(denials).toEqual([
    expect.objectContaining({ method: 'producer.send', resourceName: 'audit-log', policyRevision: 1 }),
  ])
})

test.each([
  ['group', Operation.Read, 30],
  ['cluster', Operation.Alter, 31],
  ['transactional-id', Operation.Write, 53],
] as const)('a refused %s has the code that Kafka gives it', async (resourceType, operation, code) => {
  await expect(gate.admit('m', [{ resourceType, operation, name: 'other' }])).rejects.toMatchObject({ cause: { code } })
})

test('a newer policy found at the last moment lets the call pass, and nothing is reported', async () => {
  onRenew = () => {
    policy = policyOf('rules: [{ id: r, who: everyone, may: { produce: [late] } }]', 2)
  }
  await gate.admit('producer.send', [write('late')])

  expect([renewals, denials.length]).toEqual([1, 0])
})

test('a limit to partitions is met by calls that name each partition', async () => {
  await gate.admit('producer.send', [write('shards', [1])])
  await expect(gate.admit('producer.send', [write('shards', [1, 2])])).rejects.toMatchObject({
    denial: { partition: 2, decision: { reason: 'partition-not-granted' } },
  })
  await expect(gate.admit('producer.send', [write('shards')])).rejects.toMatchObject({ code: 'ERR_KAFKAJS_DENIED' })
})

test('the right to write anything is the right to write idempotently', async () => {
  const or = { onAny: 'topic', operation: Operation.Write } as const
  const ask: Ask = { resourceType: 'cluster', operation: Operation.IdempotentWrite, name: 'kafka-cluster', or }
  await gate.admit('producer.connect', [ask])
  policy = policyOf('rules: [{ id: r, who: everyone, may: { consume: [orders] } }]')
  await expect(gate.admit('producer.connect', [ask])).rejects.toMatchObject({ cause: { code: 31 } })
})

test('without a policy in force the refusal says so, and may pass later', async () => {
  isOpen = false
  policy = policyOf('rules: []')
  await expect(gate.admit('producer.send', [write('orders')])).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_BUNDLE_EXPIRED',
    retriable: true,
  })
})

test('a name that is no text is refused, whatever it looks like', async () => {
  const name = { toString: () => 'orders' } as unknown as string
  await expect(gate.admit('producer.send', [write(name)])).rejects.toThrow('Invalid topic name')
})

test('lists show what may be described and what is discoverable', () => {
  expect(['orders', 'orders.eu', 'catalog', 'audit-log', 'payments'].filter((name) => gate.shows(name))).toEqual([
    'orders',
    'orders.eu',
    'catalog',
  ])
})
