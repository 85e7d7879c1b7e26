import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BundleWaiters } from './bundle-waiters.ts'
import { startTestControlPlane, type TestControlPlane, testPolicy } from './control-plane-fixture.ts'

let plane: TestControlPlane
let token: string
let etag: string
beforeEach(async () => {
  plane = await startTestControlPlane()
  token = await plane.gatewayToken()
  etag = (await get()).headers.get('etag') ?? ''
})
afterEach(() => plane.close())

function get(headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<Response> {
  const all = { authorization: `Bearer ${token}`, ...headers }
  return fetch(`${plane.url}/v1/bundle`, { headers: all, ...(signal && { signal }) })
}
const wait = (seconds = 120, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  get({ 'if-none-match': etag, prefer: `wait=${seconds}`, ...headers })

/** Waits until as many requests as that wait at the gateway. */
const waiting = (count: number): Promise<void> => expect.poll(() => plane.waiters.size).toBe(count)

test('a request that waits is answered with the new bundle as soon as the policy changes', async () => {
  const answer = wait()
  await waiting(1)
  writeFileSync(plane.policyPath, testPolicy('invoices'))
  plane.policySource.reload()
  const response = await answer
  expect([response.status, response.headers.get('preference-applied')]).toEqual([200, 'wait'])
  expect(response.headers.get('etag')).not.toBe(etag)
  expect(plane.waiters.size).toBe(0)
})

test('who has another bundle does not wait, nor who does not ask to', async () => {
  expect((await get({ 'if-none-match': '"other"', prefer: 'wait=60' })).status).toBe(200)
  expect((await get({ prefer: 'respond-async, wait=60' })).status).toBe(200)
  const polled = await get({ 'if-none-match': etag })
  expect([polled.status, polled.headers.get('preference-applied')]).toEqual([304, null])
})

test('B3: a wait ends at its time with 304, and at the refresh time with a bundle of a new life', async () => {
  const short = wait(10)
  await waiting(1)
  plane.clock.advance(10_000)
  expect((await short).status).toBe(304)
  const long = wait()
  await waiting(1)
  plane.clock.advance(50_000)
  const renewed = await long
  expect([renewed.status, renewed.headers.get('etag') === etag]).toEqual([200, false])
})

test('a wait ends with its token', async () => {
  token = await plane.gatewayToken({ exp: Math.floor(plane.clock.nowUnixMs() / 1_000) + 20 })
  const answer = wait()
  await waiting(1)
  plane.clock.advance(20_000)
  expect((await answer).status).toBe(304)
  expect((await wait()).status).toBe(401)
})

test('a step of an ask answers whoever asks, and says so also when it came between two waits', async () => {
  const scope = { issuer: 'corp', subject: 'orders' }
  const answer = wait()
  await waiting(1)
  plane.waiters.wakeRequester({ ...scope, subject: 'other' })
  expect(plane.waiters.size).toBe(1)
  plane.waiters.wakeRequester(scope)
  const response = await answer
  const step = response.headers.get('headgate-asks') ?? ''
  expect([response.status, step]).not.toEqual([304, '0'])
  plane.waiters.wakeRequester(scope)
  expect((await wait(60, { 'headgate-asks': step })).headers.get('headgate-asks')).not.toBe(step)
})

test('a client that went away, or that asks again in the same session, leaves no request waiting', async () => {
  const gone = new AbortController()
  const left = get({ 'if-none-match': etag, prefer: 'wait=60' }, gone.signal).catch((error: Error) => error.name)
  await waiting(1)
  gone.abort()
  expect(await left).toBe('AbortError')
  await waiting(0)
  const first = wait()
  await waiting(1)
  const second = wait()
  expect((await first).status).toBe(304)
  await waiting(1)
  plane.waiters.wakeAll()
  await second
})

test('a principal has so many waits and no more; the others are answered at once, and told that they did not wait', async () => {
  const waiters = new BundleWaiters(plane.clock, { total: 3, perPrincipal: 2 })
  const waitOf = (subject: string, sessionId: string): Promise<string> | undefined =>
    waiters.wait(
      {
        principal: { issuer: 'corp', subject, groups: [] },
        ...{ sessionId, issuedAtUnixMs: 0, expiresAtUnixMs: 0, source: 'gateway-token' as const },
        ...{ minimumRevision: 0, clientId: undefined },
      },
      1_000,
      () => {},
    )
  const first = [waitOf('a', '1'), waitOf('a', '2')]
  expect([waitOf('a', '3'), waiters.size]).toEqual([undefined, 2])
  const other = waitOf('b', '4')
  expect(waitOf('c', '5')).toBe(undefined)
  waiters.endSession('4')
  expect(await other).toBe('revoked')
  waiters.close()
  expect(await Promise.all(first)).toEqual(['over', 'over'])
  expect([waitOf('d', '6'), plane.clock.timers]).toEqual([undefined, 0])
})

test('a gateway that ends answers those who wait', async () => {
  const answer = wait()
  await waiting(1)
  await Promise.all([plane.close(), expect(answer).resolves.toMatchObject({ status: 304 })])
  plane = await startTestControlPlane()
})
