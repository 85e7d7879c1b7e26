import { writeFileSync } from 'node:fs'
import { type VerifiedBundle, verifyBundle } from '@headgate/policy'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GatewayTokens } from '../identity/gateway-token.ts'
import { startTestControlPlane, type TestControlPlane, testPolicy } from './control-plane-fixture.ts'

const POLICY = `${testPolicy('orders')}  - id: fraud-reads-payments
    who: { groups: [fraud] }
    may: { consume: [payments] }
`

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startTestControlPlane()
  writeFileSync(plane.policyPath, POLICY)
  plane.policySource.reload()
})
afterEach(() => plane.close())

function getBundle(token: string | undefined, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return fetch(`${plane.url}/v1/bundle`, { headers: { ...authorization, ...headers } })
}

async function open(jws: string, audience = 'orders', highWaterMark?: VerifiedBundle): Promise<VerifiedBundle> {
  const { keys } = (await (await fetch(`${plane.url}/.well-known/headgate-bundle-keys`)).json()) as { keys: [] }
  return verifyBundle(jws, {
    thumbprints: [plane.config.bundles.currentKey.thumbprint],
    keys,
    audience,
    cluster: 'orders-prod',
    issuer: 'https://gateway.example',
    highWaterMark: highWaterMark?.claims,
    nowUnixMs: plane.clock.nowUnixMs(),
  })
}

test('a gateway token is answered with the signed bundle of exactly its principal', async () => {
  const response = await getBundle(await plane.gatewayToken({ client_id: 'orders-app' }))
  const { claims } = await open(await response.text(), 'orders-app')

  expect(response.headers.get('content-type')).toBe('application/jose')
  expect(claims).toMatchObject({
    subject: { issuer: 'corp', subject: 'orders' },
    revision: plane.policySource.current.revision,
    issuedAtUnixMs: plane.clock.nowUnixMs(),
    refreshAfterUnixMs: plane.clock.nowUnixMs() + 60_000,
    expiresAtUnixMs: plane.clock.nowUnixMs() + 900_000,
  })
  expect(claims.canaries.map(({ effect }) => effect)).toContain('allow')
  expect(JSON.stringify(claims)).toContain('producers-write')
  expect(JSON.stringify(claims)).not.toMatch(/fraud|payments|"groups"/)
})

test('the same bundle is not sent again; after its refresh time a new life is', async () => {
  const first = await getBundle(await plane.gatewayToken())
  const etag = first.headers.get('etag') ?? ''
  const again = await getBundle(await plane.gatewayToken(), { 'if-none-match': `"other", ${etag}` })
  expect(again.status).toBe(304)
  expect(await again.text()).toBe('')
  plane.clock.advance(60_000)
  const later = await getBundle(await plane.gatewayToken(), { 'if-none-match': etag })
  expect(later.status).toBe(200)
  expect((await open(await later.text())).claims.expiresAtUnixMs).toBe(plane.clock.nowUnixMs() + 900_000)
})

test('a changed policy is another bundle at once, of a greater revision', async () => {
  const token = await plane.gatewayToken()
  const first = await getBundle(token)
  writeFileSync(plane.policyPath, testPolicy('invoices'))
  plane.policySource.reload()
  const second = await getBundle(token, { 'if-none-match': first.headers.get('etag') ?? '' })
  const before = await open(await first.text())
  const after = await open(await second.text(), 'orders', before)

  expect(second.status).toBe(200)
  expect(after.claims.revision).toBeGreaterThan(before.claims.revision)
  expect(after.claims.programDigest).not.toBe(before.claims.programDigest)
})

test('groups that change, and change back, give bundles that a client takes one after the other', async () => {
  let last: VerifiedBundle | undefined
  for (const groups of [['producers'], ['fraud'], ['producers'], ['producers', 'fraud'], ['fraud', 'producers']]) {
    const response = await getBundle(await plane.gatewayToken({ groups }))
    last = await open(await response.text(), 'orders', last)
  }
  expect(last?.claims.revision).toBe(plane.policySource.current.revision + 3)
})

test('other groups and other clients have other bundles', async () => {
  const tagOf = async (claims: Readonly<Record<string, unknown>>): Promise<string | null> =>
    (await getBundle(await plane.gatewayToken(claims))).headers.get('etag')
  const variants = [{}, { groups: ['fraud'] }, { groups: undefined }, { client_id: 'other' }, { sub: 'other' }]
  const tags = await Promise.all(variants.map(tagOf))
  expect(new Set(tags).size).toBe(variants.length)
})

describe('refusals', () => {
  const problemOf = async (response: Response): Promise<string> => {
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const { status, code } = (await response.json()) as { status: number; code: string }
    expect(status).toBe(response.status)
    return `${status} ${code}`
  }

  test('no token, no bearer', async () => {
    const response = await getBundle(undefined)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await problemOf(response)).toBe('401 ERR_GATEWAY_BUNDLE_TOKEN_MISSING')
    expect(await problemOf(await getBundle(undefined, { authorization: 'Basic YTpi' }))).toMatch(/^401 /)
  })

  test('a token of the issuer', async () => {
    const response = await getBundle(await plane.issuer.sign())
    expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await problemOf(response)).toBe('401 ERR_GATEWAY_BUNDLE_TOKEN_FOREIGN')
  })

  test('a token past its end', async () => {
    const token = await plane.gatewayToken()
    plane.clock.advance(300_000)
    expect(await problemOf(await getBundle(token))).toBe('401 ERR_GATEWAY_TOKEN_EXPIRED')
  })

  test('a token that asks for a newer policy than the one here', async () => {
    const principal = { issuer: 'corp', subject: 'orders', groups: [] }
    const minimumRevision = plane.policySource.current.revision + 1
    const content = { principal, clientId: 'orders', sessionId: 's', minimumRevision, notAfterUnixMs: 9e15 }
    const { token } = await new GatewayTokens(plane.config, plane.clock).mint(content)
    expect(await problemOf(await getBundle(token))).toBe('503 ERR_GATEWAY_BUNDLE_POLICY_BEHIND')
  })
})
