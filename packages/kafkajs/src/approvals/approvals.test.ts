import type { Clock } from '@headgate/core'
import { beforeEach, expect, test } from 'vitest'
import { type Admission, Gate } from '../access/gate.ts'
import { consumerSurface, producerSurface } from '../access/surface.ts'
import { createErrorFromCode } from '../kafkajs/internals.cjs'
import { policyOf } from '../testing/policy.ts'
import { type ApprovalAsk, type ApprovalState, parseAsks } from './approval-ask.ts'
import { Approvals } from './approvals.ts'

const policy = policyOf(`
topics:
  - { id: pay, match: [payments], approval: { by: [leads], people: 1, reason: optional, for: 1h, decide-within: 30m } }
rules:
  - { id: r, who: { subjects: [orders] }, may: { produce: [payments], consume: [payments, plain], as: ["orders-*"] } }
`)
const gate = new Gate({ current: () => policy, isOpen: () => true, renew: async () => {} }, () => {})
const subscribed: Admission = gate.admitNow(
  'consumer.subscribe',
  consumerSurface.subscribe({ groupId: 'orders-1', topics: new Set() }, { topics: ['payments'] }),
)
const sent: Admission = gate.admitNow(
  'producer.send',
  producerSurface.send({ isIdempotent: false, transactionalId: undefined }, { topic: 'payments', messages: [] }),
)

let nowMs: number
let timers: { at: number; fire: () => void }[]
let listed: ApprovalAsk[] | undefined
let looks: number
let told: [string, string, ApprovalState][]
let isNeeded: boolean
const clock: Clock = {
  nowUnixMs: () => nowMs,
  monotonicMs: () => nowMs,
  after(delayMs, fire) {
    const timer = { at: nowMs + delayMs, fire }
    timers.push(timer)
    const cancel = (): void => {
      timers = timers.filter((other) => other !== timer)
    }
    return { cancel }
  },
}
let approvals: Approvals
beforeEach(() => {
  ;[nowMs, timers, listed, looks, told, isNeeded] = [0, [], [], 0, [], true]
  approvals = new Approvals({
    clock,
    list: async () => {
      looks += 1
      return listed
    },
    isNeeded: () => isNeeded,
    report: (event, { id, state }) => void told.push([event, id, state]),
  })
})

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
async function pass(ms: number): Promise<void> {
  for (const end = nowMs + ms; ; ) {
    await settle()
    const due = timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
    nowMs = due?.at ?? end
    if (due === undefined) return
    timers = timers.filter((timer) => timer !== due)
    due.fire()
  }
}

const ask = (state: ApprovalState, parts: Partial<ApprovalAsk> = {}): ApprovalAsk => ({
  id: 'ask_1',
  url: 'https://gw/v1/asks/ask_1',
  state,
  topic: 'payments',
  operation: 'consume',
  protection: 'pay',
  ...parts,
})

test('a hold is announced once, and what becomes of it [hold-announced]', async () => {
  expect(approvals.announce(subscribed)).toEqual([{ topic: 'payments', operation: 'consume', protections: ['pay'] }])
  await pass(2000)
  expect(told).toEqual([])
  listed = [
    ask('pending'),
    ask('pending', { id: 'other', operation: 'produce' }),
    ask('pending', { id: 'x', protection: 'y' }),
  ]
  await pass(5000)
  expect(told).toEqual([['headgate.approval-pending', 'ask_1', 'pending']])
  expect(approvals.askIds('payments', 'consume')).toEqual(['ask_1'])
  listed = [ask('active')]
  await pass(10_000)
  expect(told[1]).toEqual(['headgate.approval-approved', 'ask_1', 'active'])
  expect([told.length, timers.length]).toEqual([2, 0])
})

test('the gateway is asked more and more seldom, and no more once nothing waits', async () => {
  listed = [ask('pending')]
  approvals.announce(subscribed)
  approvals.announce(subscribed)
  await pass(60_000)
  expect(looks).toBeLessThan(15)
  const before = looks
  await pass(60_000)
  expect(looks - before).toBe(6)
  isNeeded = false
  await pass(10_000)
  expect(timers).toEqual([])
})

test.each<ApprovalState>(['denied', 'expired', 'revoked', 'canceled'])('`%s` is told as refused', async (state) => {
  listed = [ask('pending')]
  approvals.announce(subscribed)
  await pass(1)
  listed = [ask(state)]
  await pass(1000)

  expect(told[1]).toEqual(['headgate.approval-refused', 'ask_1', state])
  expect(timers).toEqual([])
})

test('what was approved before is not told, and is looked at again only when a client subscribes or runs', async () => {
  listed = [ask('active')]
  approvals.announce(subscribed)
  await pass(1000)
  approvals.announce(subscribed)
  await pass(1000)
  expect([told, looks]).toEqual([[], 1])
  listed = [ask('revoked')]
  approvals.announce(subscribed, true)
  await pass(1)
  expect(told).toEqual([['headgate.approval-refused', 'ask_1', 'revoked']])
})

test('a gateway that tells of no asks is asked once; one that fails is asked again', async () => {
  listed = undefined
  approvals.announce(subscribed)
  await pass(60_000)
  expect([looks, timers.length]).toEqual([1, 0])
})

test('a write that is refused for it names the ask [hold-announced]', async () => {
  const holds = approvals.announce(sent)
  const refusal = createErrorFromCode(44)
  const explained = approvals.explain('producer.send', holds, new Error('retries', { cause: refusal }))
  await settle()
  listed = [ask('pending', { operation: 'produce' })]
  await pass(500)

  expect(await explained).toMatchObject({
    code: 'ERR_KAFKAJS_APPROVAL_PENDING',
    type: 'POLICY_VIOLATION',
    retriable: false,
    ask: { id: 'ask_1' },
    details: { askId: 'ask_1', askUrl: 'https://gw/v1/asks/ask_1' },
    message: expect.stringContaining('https://gw/v1/asks/ask_1'),
  })
  expect(told[0]).toEqual(['headgate.approval-pending', 'ask_1', 'pending'])
})

test('a write that is refused, where no ask is told of, is still told to wait; another error stays what it is', async () => {
  const holds = approvals.announce(sent)
  const explained = approvals.explain('producer.send', holds, createErrorFromCode(44))
  await pass(2000)
  const other = createErrorFromCode(29)

  expect(await explained).toMatchObject({ code: 'ERR_KAFKAJS_APPROVAL_PENDING', ask: undefined })
  expect(await approvals.explain('producer.send', holds, other)).toBe(other)
})

test('what waits for nothing costs nothing', () => {
  const plain = gate.admitNow('consumer.run', consumerSurface.run({ groupId: 'orders-1', topics: new Set(['plain']) }))

  expect(approvals.announce(plain)).toBe(approvals.announce(plain))
  expect(looks).toBe(0)
})

test('the list is read with care: the newest of each scope, and nothing that is no ask', () => {
  const one = { id: 'a', state: 'denied', topic: 't', operation: 'consume', protection: 'p', createdAtUnixMs: 1 }
  const asks = [
    one,
    { ...one, id: 'b/..', state: 'pending', createdAtUnixMs: 2 },
    { ...one, id: 'c', state: 'new' },
    7,
    null,
  ]
  const endpoint = new URL('https://gw/v1/asks')

  expect(parseAsks(Buffer.from(JSON.stringify({ asks })), endpoint)).toEqual([
    {
      id: 'b/..',
      url: 'https://gw/v1/asks/b%2F..',
      state: 'pending',
      topic: 't',
      operation: 'consume',
      protection: 'p',
    },
  ])
  expect(parseAsks(Buffer.from('[]'), endpoint)).toEqual([])
})
