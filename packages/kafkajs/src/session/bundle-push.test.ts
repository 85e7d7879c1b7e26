import { decide, Operation } from '@headgate/policy'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tokenCallback } from '../identity/token-callback.ts'
import { type GatewayStandIn, startGatewayStandIn } from '../testing/gateway-stand-in.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { GatewaySession } from './gateway-session.ts'

let gateway: GatewayStandIn
let session: GatewaySession
let clock: ManualClock
let told: { changes: number[]; failures: unknown[]; askSteps: number }

const payments = 'rules: [{ id: r, who: everyone, may: { produce: [payments] } }]'
const mayWrite = (topic: string): boolean =>
  decide(session.current().program, 'topic', Operation.Write, topic).effect === 'allow'
const waiting = (count: number): Promise<void> => expect.poll(() => gateway.waiting).toBe(count)

function change(policy: string): void {
  gateway.policy = policy
  gateway.revision += 1
  gateway.wake()
}

/** Lets time pass in steps, until it has come so far. */
async function passUntil(isDone: () => boolean): Promise<void> {
  const step = async (): Promise<boolean> => {
    if (!isDone()) await clock.pass(500)
    return isDone()
  }
  await expect.poll(step, { interval: 5, timeout: 4_000 }).toBe(true)
}

beforeEach(async () => {
  clock = new ManualClock()
  await clock.pass(1_800_000_000_000)
  gateway = await startGatewayStandIn()
  Object.assign(gateway, { pushes: true, now: () => clock.nowUnixMs() })
  told = { changes: [], failures: [], askSteps: 0 }
  const identity = tokenCallback(() => 'subject')
  const keys = { bundleKeys: [gateway.key.thumbprint], identity, ca: undefined, insecure: true }
  session = new GatewaySession({
    resolve: () => ({ gateway: new URL(gateway.http.origin), ...keys }),
    clock,
    observer: {
      policyChanged: ({ revision }) => void told.changes.push(revision),
      renewalFailed: (_, __, error) => void told.failures.push(error),
      asksChanged: () => {
        told.askSteps += 1
      },
    },
  })
  await session.open()
})
afterEach(async () => {
  session.release(gateway)
  gateway.pushes = false
  gateway.wake()
  await gateway.http.close()
})

test('a connected client has one request waiting, and a changed policy is in force as soon as it is answered', async () => {
  expect(gateway.waiting).toBe(0)
  session.retain(gateway)
  session.retain(session)
  await waiting(1)
  change(payments)
  await expect.poll(() => told.changes).toEqual([1, 2])
  expect([mayWrite('orders'), mayWrite('payments'), told.failures]).toEqual([false, true, []])
  await passUntil(() => gateway.waiting === 1)
  session.release(session)
})

test('the connection stays, and is given up with the last client', async () => {
  session.retain(gateway)
  await waiting(1)
  const ports = new Set<unknown>()
  gateway.http.routes.set('/v1/bundle', ({ headers }) => {
    ports.add(headers['connection'])
    return new Promise(() => {})
  })
  gateway.wake()
  await passUntil(() => ports.size > 0)
  expect([...ports]).toEqual(['keep-alive'])
  session.release(gateway)
  const asked = gateway.count('/v1/bundle')
  await clock.pass(600_000)
  expect(gateway.count('/v1/bundle')).toBe(asked)
})

test('a step of an ask is told, once', async () => {
  session.retain(gateway)
  await waiting(1)
  gateway.askStep = '1'
  gateway.wake()
  // The first step that is told is where it starts from.
  await passUntil(() => gateway.waiting === 1)
  expect(told.askSteps).toBe(0)
  gateway.askStep = '2'
  gateway.wake()
  await expect.poll(() => told.askSteps).toBe(1)
  expect(told.changes).toEqual([1])
})

test('while the push is gone the policy is polled for, and the push comes back', async () => {
  session.retain(gateway)
  await waiting(1)
  gateway.instead.set('/v1/bundle', { status: 502 })
  gateway.wake()
  await passUntil(() => gateway.count('/v1/bundle') > 4)
  const failedFor = clock.nowUnixMs() - 1_800_000_000_000
  // 0.5 to 1, then 1 to 2, then 2 to 4 seconds: growing pauses.
  expect(failedFor).toBeGreaterThan(2_000)
  // The gateway is away for a moment; nothing is due yet, so there is nothing to tell.
  expect(told.failures).toEqual([])
  gateway.instead.clear()
  gateway.revision = 2
  gateway.policy = payments
  await passUntil(() => mayWrite('payments'))
  await passUntil(() => gateway.waiting === 1)
})

test('a gateway that asks to be left alone is', async () => {
  session.retain(gateway)
  await waiting(1)
  gateway.instead.set('/v1/bundle', { status: 503, headers: { 'retry-after': '40' } })
  gateway.wake()
  const asked = gateway.count('/v1/bundle')
  await clock.pass(39_000)
  await clock.pass(0)
  expect(gateway.count('/v1/bundle')).toBe(asked)
  await passUntil(() => gateway.count('/v1/bundle') > asked)
})

test('a gateway without push is asked when the policy is due, and now and then whether it has one by now', async () => {
  gateway.pushes = false
  session.retain(gateway)
  await expect.poll(() => gateway.count('/v1/bundle')).toBe(2)
  await clock.pass(50_000)
  expect(gateway.count('/v1/bundle')).toBe(2)
  Object.assign(gateway, { revision: 2, policy: payments })
  await passUntil(() => mayWrite('payments'))
  gateway.pushes = true
  await passUntil(() => gateway.waiting === 1)
})

test('B2, B13: a pushed policy that is refused is told at once, and changes nothing; one that is not served neither', async () => {
  session.retain(gateway)
  await waiting(1)
  gateway.revision = 0
  gateway.wake()
  await expect.poll(() => told.failures.length).toBe(1)
  expect(told.failures).toMatchObject([{ details: { reason: 'ERR_POLICY_BUNDLE_ROLLBACK' } }])
  expect([mayWrite('orders'), session.current().revision]).toEqual([true, 1])
})

test('a token that is not taken any more is exchanged for another, and the wait goes on', async () => {
  session.retain(gateway)
  await waiting(1)
  gateway.instead.set('/v1/bundle', { status: 401 })
  gateway.wake()
  await expect.poll(() => gateway.tokens).toBeGreaterThan(1)
  gateway.instead.clear()
  await passUntil(() => gateway.waiting === 1)
})
