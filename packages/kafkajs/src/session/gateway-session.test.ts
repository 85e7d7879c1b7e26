import type { Clock } from '@headgate/core'
import { createBundleKey, decide, Operation } from '@headgate/policy'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tokenCallback } from '../identity/token-callback.ts'
import { type GatewayStandIn, startGatewayStandIn } from '../testing/gateway-stand-in.ts'
import { GatewaySession } from './gateway-session.ts'

let gateway: GatewayStandIn
let session: GatewaySession
let nowMs: number
let timers: { at: number; fire: () => void; canceled: boolean }[]
let changes: number[]
let failures: unknown[]
let identities: number

const clock: Clock = {
  nowUnixMs: () => nowMs,
  monotonicMs: () => nowMs,
  after(delayMs, fire) {
    const timer = { at: nowMs + delayMs, fire, canceled: false }
    timers.push(timer)
    return { cancel: () => void Object.assign(timer, { canceled: true }) }
  },
}

/** Lets time pass and fires what is due. */
function pass(ms: number): void {
  nowMs += ms
  const due = timers.filter(({ at, canceled }) => !canceled && at <= nowMs)
  timers = timers.filter((timer) => !due.includes(timer))
  for (const { fire } of due) fire()
}

function createSession(bundleKeys = [gateway.key.thumbprint]): GatewaySession {
  const identity = tokenCallback(() => `subject-${++identities}`)
  const options = { gateway: new URL(gateway.http.origin), bundleKeys, identity, ca: undefined, insecure: true }
  return new GatewaySession({
    resolve: () => options,
    clock,
    observer: {
      policyChanged: ({ revision }) => void changes.push(revision),
      renewalFailed: (_, __, error) => void failures.push(error),
    },
  })
}

beforeEach(async () => {
  nowMs = 1_800_000_000_000
  ;[timers, changes, failures, identities] = [[], [], [], 0]
  gateway = await startGatewayStandIn()
  gateway.now = () => nowMs
  session = createSession()
})
afterEach(async () => {
  session.release(gateway)
  await gateway.http.close()
})

const mayWrite = (topic: string): string => decide(session.current().program, 'topic', Operation.Write, topic).effect

test('opening exchanges the identity once and verifies the policy, however many ask', async () => {
  await Promise.all([session.open(), session.open(), session.open()])
  await session.open()

  expect([mayWrite('orders'), mayWrite('payments')]).toEqual(['allow', 'deny'])
  expect(session.target?.kafka).toMatchObject({ cluster: 'test', isTls: false })
  expect([gateway.count('/token'), gateway.count('/v1/bundle'), identities]).toEqual([1, 1, 1])
  const exchange = gateway.http.seen.find(({ path }) => path === '/token')
  expect(Object.fromEntries(exchange?.form ?? [])).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: 'subject-1',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  })
  expect(changes).toEqual([1])
})

test('B18: nothing is allowed before there is a policy', () => {
  expect(decide(session.current().program, 'topic', Operation.Write, 'orders')).toMatchObject({ reason: 'no-bundle' })
  expect(session.isOpen()).toBe(false)
})

const other = await createBundleKey()
test.each([
  ['B9', 'by a key that is not configured', () => ({ signingKey: other, keys: [other.publicJwk] }), 'BUNDLE_KEY'],
  ['B6', 'for another client', () => ({ claims: { audience: 'payments' } }), 'BUNDLE_ADDRESSEE'],
  ['B6', 'for another cluster', () => ({ claims: { cluster: 'other' } }), 'BUNDLE_ADDRESSEE'],
  ['B2', 'that is older than the token wants', () => ({ revision: 0 }), 'BUNDLE_ROLLBACK'],
  [
    'B10',
    'that needs a newer client',
    () => ({ claims: { mustUnderstand: ['time-travel'] } }),
    'BUNDLE_NOT_UNDERSTOOD',
  ],
])('%s: a policy %s is refused, and nothing is allowed', async (_, __, changed, reason) => {
  Object.assign(gateway, changed())
  await expect(session.open()).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_BUNDLE_REFUSED',
    retriable: false,
    details: { reason: `ERR_POLICY_${reason}` },
  })
  expect(mayWrite('orders')).toBe('deny')
})

test.each([
  [
    '/token',
    { status: 400, json: { error: 'invalid_request', error_description: 'wrong audience' } },
    'IDENTITY_REFUSED',
  ],
  ['/token', { status: 503 }, 'GATEWAY_UNREACHABLE'],
  ['/token', { status: 200, json: { access_token: 'x' } }, 'GATEWAY_ANSWER'],
  ['/v1/bundle', { status: 403, json: { code: 'ERR_GATEWAY_X', title: 'no' } }, 'BUNDLE_REFUSED'],
  ['/.well-known/oauth-authorization-server', { status: 404 }, 'GATEWAY_ANSWER'],
  ['/.well-known/oauth-authorization-server', { text: '<html>' }, 'GATEWAY_ANSWER'],
] as const)('when %s answers %j the error is ERR_KAFKAJS_%s, and the next try may pass', async (path, answer, code) => {
  gateway.instead.set(path, answer)
  await expect(session.open()).rejects.toMatchObject({ code: `ERR_KAFKAJS_${code}` })
  gateway.instead.clear()
  await session.open()
  expect(mayWrite('orders')).toBe('allow')
})

test.each([
  ['another issuer', { issuer: 'https://elsewhere.example' }],
  ['a token endpoint elsewhere', { token_endpoint: 'https://elsewhere.example/token' }],
  ['no Kafka address', { headgate_kafka_bootstrap: [] }],
  ['a Kafka address that is none', { headgate_kafka_bootstrap: ['nowhere'] }],
])('metadata with %s is refused before a token is sent', async (_, members) => {
  Object.assign(gateway.metadata, members)
  await expect(session.open()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_GATEWAY_ANSWER' })
  expect(gateway.count('/token')).toBe(0)
})

test('a Kafka listener without TLS on another machine is refused', async () => {
  gateway.metadata['headgate_kafka_bootstrap'] = ['gw.example:9092']
  await expect(session.open()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_INSECURE_ADDRESS' })
})

test('a service that no rule allows anything is told who it is', async () => {
  gateway.policy = 'rules: [{ id: r, who: { subjects: [payments] }, may: { produce: [orders] } }]'
  await expect(session.open()).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_NO_RULE',
    message: expect.stringContaining('`orders` of issuer `corp`'),
  })
  gateway.policy = 'rules: [{ id: r, who: everyone, may: { produce: [orders] } }]'
  gateway.revision = 2
  await session.open()
  expect(mayWrite('orders')).toBe('allow')
})

test('the policy is renewed in the background while a client is connected, and not without one', async () => {
  await session.open()
  expect(timers.length).toBe(0)
  session.retain(gateway)
  gateway.policy = 'rules: [{ id: r, who: everyone, may: { produce: [payments] } }]'
  gateway.revision = 2
  pass(71_000)
  await expect.poll(() => changes).toEqual([1, 2])
  expect([mayWrite('orders'), mayWrite('payments')]).toEqual(['deny', 'allow'])
  session.release(gateway)
  expect(timers.filter(({ canceled }) => !canceled)).toEqual([])
})

test('B3: an outage is survived until the policy expires; then everything is denied until the gateway is back', async () => {
  await session.open()
  session.retain(gateway)
  gateway.instead.set('/v1/bundle', { status: 503 })
  pass(71_000)
  await expect.poll(() => failures.length).toBe(1)
  expect(failures).toMatchObject([{ code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE' }])
  expect(mayWrite('orders')).toBe('allow')
  nowMs += 60_000
  expect(decide(session.current().program, 'topic', Operation.Write, 'orders')).toMatchObject({
    reason: 'bundle-expired',
  })
  gateway.instead.clear()
  pass(2_000)
  await expect.poll(() => mayWrite('orders')).toBe('allow')
})

test('B14: a clock that is set back prolongs nothing', async () => {
  await session.open()
  const start = nowMs
  const monotonic = start + 121_000
  clock.monotonicMs = () => monotonic
  try {
    nowMs = start - 3_600_000
    expect(mayWrite('orders')).toBe('deny')
  } finally {
    clock.monotonicMs = () => nowMs
  }
})

test('a denial looks for a newer policy, at most once a second', async () => {
  await session.open()
  await session.renew()
  expect(gateway.count('/v1/bundle')).toBe(1)
  nowMs += 1_000
  await Promise.all([session.renew(), session.renew()])
  await session.renew()
  expect(gateway.count('/v1/bundle')).toBe(2)
})

test('an older policy is refused, and what is in force stays', async () => {
  gateway.revision = 5
  await session.open()
  gateway.revision = 4
  nowMs += 1_000
  await session.renew()

  expect(failures).toMatchObject([
    { code: 'ERR_KAFKAJS_BUNDLE_REFUSED', details: { reason: 'ERR_POLICY_BUNDLE_ROLLBACK' } },
  ])
  expect([session.current().revision, mayWrite('orders')]).toEqual([5, 'allow'])
})

test('B9: a new signing key is taken when its thumbprint was configured', async () => {
  const next = await createBundleKey()
  session = createSession([gateway.key.thumbprint, next.thumbprint])
  await session.open()
  Object.assign(gateway, { signingKey: next, keys: [next.publicJwk], revision: 2 })
  nowMs += 1_000
  await session.renew()
  expect(session.current().revision).toBe(2)
})

test('B13: a token that the gateway no longer takes is exchanged again', async () => {
  await session.open()
  gateway.http.routes.set('/v1/bundle', ({ headers }) => ({
    status: `${headers.authorization}`.includes('.') ? 401 : 200,
  }))
  nowMs += 1_000
  await session.renew()
  expect(gateway.tokens).toBe(2)
})

test('the session goes on from token to token, also past one that was not taken', async () => {
  const sessionTokens = (): (string | null)[] =>
    gateway.http.seen.filter(({ path }) => path === '/token').map(({ form }) => form.get('session_token'))
  const first = await session.token()
  nowMs += 151_000
  const second = await session.token()
  session.forgetToken()
  await session.token()
  expect(sessionTokens()).toEqual([null, first, second])

  gateway.http.routes.set('/token', ({ form }) =>
    form.has('session_token')
      ? { status: 400, json: { error: 'invalid_request' } }
      : { json: { access_token: 'e30.e30.sig', expires_in: 300 } },
  )
  session.forgetToken()
  expect(await session.token()).toBe('e30.e30.sig')
})

test('one token serves until half its life, and a living one is given while the gateway is away', async () => {
  await session.open()
  const first = await session.token()
  nowMs += 149_000
  expect(await session.token()).toBe(first)
  nowMs += 2_000
  gateway.instead.set('/token', { status: 503 })
  expect(await session.token()).toBe(first)
  // No sooner than the pause after a failure is over.
  expect([await session.token(), gateway.count('/token')]).toEqual([first, 2])
  gateway.instead.clear()
  nowMs += 1_000
  expect(await session.token()).not.toBe(first)
  nowMs += 300_000
  gateway.instead.set('/token', { status: 503 })
  await expect(session.token()).rejects.toMatchObject({ code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE', retriable: true })
})

test('its own asks are told by the gateway, with a new token where the kept one is not taken', async () => {
  expect(await session.asks('payments')).toBe(undefined)
  await session.open()
  const path = '/v1/asks?mine=true&topic=a%26b'
  const ask = { id: 'ask_1', state: 'pending', topic: 'a&b', operation: 'consume', protection: 'p' }
  gateway.http.routes.set(path, () => (gateway.count(path) === 1 ? { status: 401 } : { json: { asks: [ask] } }))

  expect(await session.asks('a&b')).toEqual([{ ...ask, url: `${gateway.http.origin}/v1/asks/ask_1` }])
  expect([gateway.count(path), gateway.tokens]).toEqual([2, 2])
  gateway.http.routes.set(path, () => ({ status: 404 }))
  expect(await session.asks('a&b')).toBe(undefined)
})
