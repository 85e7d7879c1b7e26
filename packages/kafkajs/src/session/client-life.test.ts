import type { Clock } from '@headgate/core'
import { decide, Operation } from '@headgate/policy'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Gate } from '../access/gate.ts'
import { HeadgateIdentityUnavailableError } from '../errors.ts'
import { tokenCallback } from '../identity/token-callback.ts'
import { type GatewayStandIn, startGatewayStandIn } from '../testing/gateway-stand-in.ts'
import { GatewaySession } from './gateway-session.ts'

/** A clock whose two readings go apart as a test wants: one that is set, and one that a frozen machine stops. */
class TwoClocks implements Clock {
  wall = 1_800_000_000_000
  monotonic = 5_000
  #timers: { readonly at: number; readonly fire: () => void }[] = []

  nowUnixMs = (): number => this.wall
  monotonicMs = (): number => this.monotonic

  after(delayMs: number, fire: () => void): { cancel(): void } {
    const timer = { at: this.monotonic + delayMs, fire }
    this.#timers.push(timer)
    const cancel = (): void => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
    return { cancel }
  }

  /** Both go on, and what is due fires. */
  pass(ms: number): void {
    this.wall += ms
    this.monotonic += ms
    const due = this.#timers.filter(({ at }) => at <= this.monotonic)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { fire } of due) fire()
  }

  /** Time goes by outside; no timer has run, and the monotonic clock has stood or gone on. */
  freeze(ms: number, monotonicMs: number): void {
    this.wall += ms
    this.monotonic += monotonicMs
  }
}

let clock: TwoClocks
let gateway: GatewayStandIn
let session: GatewaySession
let gate: Gate
let isProviderAway: boolean
let failures: { code?: string }[]
let denials: number

function createSession(): GatewaySession {
  const identity = tokenCallback(() => {
    if (isProviderAway) throw new Error('no answer')
    return 'subject'
  })
  const options = { bundleKeys: [gateway.key.thumbprint], identity, ca: undefined, insecure: true }
  return new GatewaySession({
    resolve: () => ({ gateway: new URL(gateway.http.origin), ...options }),
    clock,
    observer: {
      policyChanged: () => {},
      renewalFailed: (_, __, error) => void failures.push(error as { code?: string }),
    },
  })
}

beforeEach(async () => {
  clock = new TwoClocks()
  gateway = await startGatewayStandIn()
  gateway.now = clock.nowUnixMs
  isProviderAway = false
  failures = []
  denials = 0
  session = createSession()
  gate = new Gate(session, () => {
    denials += 1
  })
})
afterEach(async () => {
  session.release(gateway)
  await gateway.http.close()
})

const reasonNow = (): string => decide(session.current().program, 'topic', Operation.Write, 'orders').reason
const send = (): Promise<unknown> =>
  gate.admit('send', [{ resourceType: 'topic', name: 'orders', operation: Operation.Write }])

describe('B13: a server that refuses is not a reason to keep the policy for ever', () => {
  test.each([401, 403, 404, 410])(
    'HTTP %i: it is kept until its end, and then everything is denied',
    async (status) => {
      await session.open()
      session.retain(gateway)
      gateway.instead.set('/v1/bundle', { status, json: { title: 'no', code: 'ERR_GATEWAY_X' } })
      clock.pass(71_000)
      await expect.poll(() => failures.length).toBeGreaterThan(0)
      expect(failures[0]).toMatchObject({ code: 'ERR_KAFKAJS_BUNDLE_REFUSED' })
      expect(reasonNow()).toBe('granted')
      // A token that is not taken is exchanged for another before that.
      expect(gateway.tokens).toBe(status === 401 ? 2 : 1)
      clock.pass(49_000)
      expect(reasonNow()).toBe('bundle-expired')
      await expect(send()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_BUNDLE_EXPIRED', retriable: true })
      gateway.instead.clear()
      await send()
      expect(denials).toBe(0)
    },
  )

  test('HTTP 304 for ever extends no life', async () => {
    await session.open()
    session.retain(gateway)
    gateway.http.routes.set('/v1/bundle', () => ({ status: 304 }))
    clock.pass(71_000)
    await expect.poll(() => gateway.count('/v1/bundle')).toBeGreaterThan(1)
    clock.pass(49_000)
    expect(reasonNow()).toBe('bundle-expired')
  })
})

describe('B14: clocks', () => {
  test.each([
    ['set back by an hour', -3_600_000],
    ['set back to the beginning', -1_800_000_000_000],
  ])('a wall clock that is %s lengthens neither policy nor token', async (_, ms) => {
    await session.open()
    const first = await session.token()
    clock.wall += ms
    clock.pass(121_000)
    expect(reasonNow()).toBe('bundle-expired')
    clock.pass(180_000)
    gateway.instead.set('/token', { status: 503 })
    await expect(session.token()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE' })
    gateway.instead.clear()
    expect(await session.token()).not.toBe(first)
  })

  test('a wall clock that is set forward ends both early, and a look at the gateway mends it', async () => {
    await session.open()
    const first = await session.token()
    clock.wall += 3_600_000
    expect(reasonNow()).toBe('bundle-expired')
    await send()
    expect(await session.token()).not.toBe(first)
    expect(denials).toBe(0)
  })
})

describe('a process that was frozen looks at what it has before it uses it', () => {
  test.each([
    ['with a monotonic clock that stood', 0],
    ['with a monotonic clock that went on', 3_600_000],
  ])('%s', async (_, monotonicMs) => {
    await session.open()
    session.retain(gateway)
    const first = await session.token()
    clock.freeze(3_600_000, monotonicMs)
    expect(session.isOpen()).toBe(false)
    expect(reasonNow()).toBe('bundle-expired')
    await send()
    expect(await session.token()).not.toBe(first)
    expect([denials, failures]).toEqual([0, []])
  })

  test('a policy that came just before the freeze is no reason not to look', async () => {
    await session.open()
    clock.freeze(3_600_000, 10)
    await send()
    expect(gateway.count('/v1/bundle')).toBe(2)
  })
})

describe('an identity provider that does not answer', () => {
  test('matters when the token ends; then the error says that it may pass', async () => {
    await session.open()
    const first = await session.token()
    isProviderAway = true
    clock.pass(200_000)
    expect(await session.token()).toBe(first)
    clock.pass(101_000)
    await expect(session.token()).rejects.toMatchObject({
      code: new HeadgateIdentityUnavailableError({ message: '' }).code,
      retriable: true,
    })
    isProviderAway = false
    expect(await session.token()).not.toBe(first)
  })

  test('is not asked again with every sign-in while the token lives', async () => {
    await session.open()
    const lifetimeMs = session.tokenLifetimeMs
    gateway.instead.set('/token', { status: 503 })
    clock.pass(200_000)
    for (let signIn = 0; signIn < 50; signIn += 1) await session.token()
    expect(gateway.count('/token')).toBe(2)
    // Signing in anew would be with the same token: there is no time at which it is due.
    expect([lifetimeMs, session.tokenLifetimeMs]).toEqual([300_000, 0])
    clock.pass(1_000)
    expect(session.tokenLifetimeMs).toBe(300_000)
    await session.token()
    expect(gateway.count('/token')).toBe(3)
  })
})

test('a gateway that says when to come back is asked neither for a token nor at the start before that', async () => {
  gateway.instead.set('/token', {
    status: 429,
    headers: { 'retry-after': '7' },
    json: { error: 'temporarily_unavailable' },
  })
  const opening = session.open()
  await expect.poll(() => gateway.count('/token')).toBe(1)
  gateway.instead.clear()
  clock.pass(6_999)
  expect(gateway.count('/token')).toBe(1)
  await expect
    .poll(() => {
      clock.pass(500)
      return session.isOpen()
    })
    .toBe(true)
  await opening
  expect(gateway.count('/token')).toBe(2)
})

test('a gateway that asks to be left alone again and again is told of, in the end', async () => {
  gateway.instead.set('/token', { status: 503, headers: { 'retry-after': '1' } })
  const opening = session.open().catch((error: unknown) => error)
  let outcome: unknown
  void opening.then((error) => {
    outcome = error
  })
  await expect
    .poll(
      () => {
        clock.pass(1_000)
        return outcome
      },
      { timeout: 4_000 },
    )
    .toMatchObject({ code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE', details: { reason: 'HTTP 503', retryAfterMs: 1_000 } })
  expect(gateway.count('/token')).toBeLessThan(10)
})

describe('B16, B18: no policy is no right', () => {
  test('B18: a first start without a gateway has no policy, is not ready and says why', async () => {
    gateway.instead.set('/.well-known/oauth-authorization-server', { status: 503 })
    await expect(session.open()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE', retriable: true })
    expect([session.isOpen(), reasonNow()]).toEqual([false, 'no-bundle'])
    await expect(send()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE' })
  })

  test('B16: a policy whose canaries come out otherwise, or that is not understood, leaves the last one in force', async () => {
    await session.open()
    for (const claims of [
      { canaries: [{ resourceType: 'topic', operation: Operation.Write, name: 'orders', effect: 'deny' }] },
      { mustUnderstand: ['time-travel'] },
    ]) {
      Object.assign(gateway, { claims, revision: gateway.revision + 1 })
      clock.pass(1_000)
      await session.renew()
      expect(session.current().revision).toBe(1)
      expect(reasonNow()).toBe('granted')
    }
    expect(failures.length).toBe(2)
    for (const failure of failures) expect(failure).toMatchObject({ code: 'ERR_KAFKAJS_BUNDLE_REFUSED' })
  })

  test('B16: an empty policy is in force, and denies everything in so many words', async () => {
    await session.open()
    Object.assign(gateway, { policy: 'rules: []', revision: 2 })
    clock.pass(1_000)
    await session.renew()
    expect([session.current().revision, reasonNow()]).toEqual([2, 'no-rule'])
    await expect(send()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_DENIED' })
  })
})

test('B17: whoever decides while the policy is exchanged sees the old one or the new one, in every one of many tries', async () => {
  await session.open()
  const rules = (one: string, other: string): string =>
    `rules: [{ id: a, who: everyone, may: { produce: [${one}] } }, { id: b, who: everyone, may: { consume: [${other}] } }]`
  gateway.policy = rules('one', 'one')
  const seen = new Set<string>()
  let isOver = false
  const decideAll = async (): Promise<void> => {
    while (!isOver) {
      const { program } = session.current()
      const may = (topic: string, operation: Operation): string => decide(program, 'topic', operation, topic).effect
      const [writes, reads] = [may('one', Operation.Write), may('one', Operation.Read)]
      await new Promise((resolve) => setImmediate(resolve))
      seen.add(`${writes}${reads}${may('one', Operation.Write)}`)
    }
  }
  const deciders = [decideAll(), decideAll()]
  for (let revision = 2; revision < 30; revision += 1) {
    Object.assign(gateway, { revision, policy: revision % 2 === 0 ? rules('one', 'one') : rules('two', 'two') })
    clock.pass(1_000)
    await session.renew()
  }
  isOver = true
  await Promise.all(deciders)
  expect([...seen].toSorted()).toEqual(['allowallowallow', 'denydenydeny'])
})
