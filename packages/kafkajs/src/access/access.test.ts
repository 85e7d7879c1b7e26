import { afterEach, beforeEach, expect, test } from 'vitest'
import { type HeadgateEvent, Kafka, logLevel, tokenCallback } from '../index.ts'
import { type GatewayStandIn, startGatewayStandIn } from '../testing/gateway-stand-in.ts'
import { type KafkaStandIn, startKafkaStandIn } from '../testing/kafka-stand-in.ts'
import type { Access } from './access.ts'

const POLICY = `
topics:
  - match: [customers]
    format: json
    mask:
      - { fields: "ssn,card(number,cvc)", with: last-4 }
      - { anywhere: [Password], with: remove }
      - { headers: [x-user], with: remove }
      - { key: true, with: remove }
  - { id: pay, match: [payments], approval: { by: [leads], people: 2, reason: required, for: 1h, decide-within: 30m } }
rules:
  - { id: shards, who: everyone, may: { produce: [shards] , partitions: [1] } }
  - { id: reads, who: everyone, may: { consume: [customers, payments], as: ["orders-*"], unmask: [card, "anywhere:password"] } }
  - { id: part, who: everyone, may: { consume: [boxes], only: ["id,customer(name)", key] } }
  - { id: no-audit, who: everyone, never: { consume: [audit-log] } }
`
const ASKS = '/v1/asks'
const ask = { id: 'ask_1', state: 'pending', topic: 'payments', operation: 'consume', protection: 'pay' }

let listener: KafkaStandIn
let gateway: GatewayStandIn
let kafka: Kafka
let access: Access
beforeEach(async () => {
  listener = await startKafkaStandIn()
  gateway = await startGatewayStandIn(listener.port)
  gateway.policy = POLICY
  const { origin } = gateway.http
  const identity = tokenCallback(() => 'subject-token')
  kafka = new Kafka({
    clientId: 'orders',
    logLevel: logLevel.NOTHING,
    headgate: { gateway: origin, bundleKeys: [gateway.key.thumbprint], identity, insecure: true },
  })
  access = kafka.access()
})
afterEach(() => Promise.all([listener.close(), gateway.http.close()]))

test('what is shown of each record is told, where not everything is', async () => {
  expect(await access.explain('consume', 'boxes')).toMatchObject({
    effect: 'allow',
    masks: ['only'],
    only: ['customer/name', 'id', 'key'],
  })
  expect(await access.explain('consume', 'customers')).not.toHaveProperty('only')
})

test('what is allowed can be asked for, in the words of the policy, without a denial', async () => {
  const events: HeadgateEvent[] = []
  kafka.on('headgate.denied', (event) => void events.push(event))

  expect(await access.can('consume', 'customers')).toBe(true)
  expect(await access.can('consume', 'payments')).toBe(true)
  expect(await access.can('produce', 'customers')).toBe(false)
  expect(await access.can('produce', 'shards')).toBe(false)
  expect(await access.can('produce', 'shards', { partition: 1 })).toBe(true)
  expect(await access.can('as', 'orders-1')).toBe(true)
  expect(await access.can('transact-as', 'orders-tx')).toBe(false)
  expect(events).toEqual([])
  await expect(access.can('write' as 'produce', 'customers')).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_CONFIGURATION',
  })
})

test('an explanation has the sentence, the rules, and what is masked for this service', async () => {
  const { programDigest, ...explained } = await access.explain('consume', 'customers')

  expect(programDigest).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(explained).toEqual({
    effect: 'allow',
    reason: 'granted',
    text: 'rule `reads` lets this principal consume topic `customers`',
    ruleIds: ['reads'],
    masks: ['header:x-user', 'key', 'ssn'],
    approvals: [],
    policyRevision: 1,
  })
})

test('an explanation of a hold names who approves, and one of a denial the mend', async () => {
  const hold = await access.explain('consume', 'payments')
  const denial = await access.explain('consume', 'audit-log')

  expect(hold).toMatchObject({ effect: 'hold', approvals: [{ protection: 'pay', by: ['leads'], people: 2 }] })
  expect(denial).toMatchObject({ effect: 'deny', reason: 'denied-by-rule', ruleIds: ['no-audit'] })
  expect(denial.text).toContain('leave the principal or the name out of its `never`')
})

test('a newer policy is looked for before something is said to be denied', async () => {
  expect(await access.can('consume', 'customers')).toBe(true)
  gateway.policy = 'rules: [{ id: r, who: everyone, may: { produce: [late] } }]'
  gateway.revision = 2
  await expect.poll(() => access.can('produce', 'late'), { timeout: 5000 }).toBe(true)
})

test('an ask is opened with what was said of it', async () => {
  gateway.http.routes.set(ASKS, () => ({ status: 201, json: { asks: [ask] } }))
  const opened = await access.request('consume', 'payments', { reason: 'an incident', durationMs: 60_000 })
  const sent = gateway.http.seen.find(({ path }) => path === ASKS)

  expect(opened).toEqual([{ ...ask, url: `${gateway.http.origin}${ASKS}/ask_1` }])
  expect(sent).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } })
  expect(sent?.headers['authorization']).toMatch(/^Bearer /)
  expect(JSON.parse(sent?.body ?? '')).toEqual({
    topic: 'payments',
    operation: 'consume',
    reason: 'an incident',
    durationMs: 60_000,
  })
})

test('a refused ask says why, and which one is under way', async () => {
  const problem = { code: 'ERR_GATEWAY_ASK_EXISTS', title: 'ask `ask_1` for the same is pending', ask: 'ask_1' }
  gateway.http.routes.set(ASKS, () => ({ status: 409, json: problem }))

  await expect(access.request('consume', 'payments')).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_ASK_REFUSED',
    refusal: { reason: 'ERR_GATEWAY_ASK_EXISTS', askId: 'ask_1', topic: 'payments', operation: 'consume' },
  })
  await expect(access.request('produce', 'payments')).rejects.toMatchObject({ code: 'ERR_KAFKAJS_DENIED' })
})

test('health tells of the policy before and after it is there', async () => {
  expect(access.health()).toEqual({ isReady: false, policy: 'none', policyRevision: -1, consumers: [] })
  await access.can('consume', 'customers')

  expect(access.health()).toMatchObject({ isReady: true, policy: 'in-force', policyRevision: 1, consumers: [] })
})

test('a policy that should have been renewed is stale, and one that has ended is no longer ready', async () => {
  gateway.now = () => Date.now() - 119_000
  await access.can('consume', 'customers')

  expect(access.health()).toMatchObject({ isReady: true, policy: 'stale' })
  await expect.poll(() => access.health(), { timeout: 5000 }).toMatchObject({ isReady: false, policy: 'expired' })
})
