import { Hono } from 'hono'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAuthenticator } from '../identity/authenticator.ts'
import { GatewayTokens } from '../identity/gateway-token.ts'
import { requireBearer } from './bearer.ts'
import { collectLog, startTestControlPlane, type TestControlPlane } from './control-plane-fixture.ts'

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startTestControlPlane()
})
afterEach(() => plane.close())

async function ask(authorization?: string): Promise<Response> {
  const { config, clock, policySource } = plane
  const { log } = collectLog()
  const authenticator = createAuthenticator({ config, log, clock })
  const app = new Hono()
  const options = { authenticator, policySource, log, event: 'who' }
  app.get(
    '/who',
    requireBearer(options, async (c, { principal, source }) => c.json({ subject: principal.subject, source })),
  )
  return app.request('/who', authorization === undefined ? {} : { headers: { authorization } })
}

test('a token of the gateway and one of an accepted issuer tell who is calling', async () => {
  const own = await ask(`Bearer ${await plane.gatewayToken({ sub: 'ada' })}`)
  const issued = await ask(`bearer ${await plane.issuer.sign({ sub: 'grace' })}`)

  expect(await own.json()).toEqual({ subject: 'ada', source: 'gateway-token' })
  expect(await issued.json()).toEqual({ subject: 'grace', source: 'idp-token' })
})

test('without a token, or with one that is not good, the answer says what is wanted', async () => {
  const none = await ask()
  expect(none.headers.get('www-authenticate')).toBe('Bearer')
  expect(none.headers.get('content-type')).toBe('application/problem+json')
  expect(await none.json()).toMatchObject({ status: 401, code: 'ERR_GATEWAY_HTTP_TOKEN_MISSING' })

  const bad = await ask('Bearer abc')
  expect(bad.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  expect(await bad.json()).toMatchObject({ status: 401, code: 'ERR_GATEWAY_TOKEN_MALFORMED' })
})

test('a token that asks for a newer policy than the one here is told to wait', async () => {
  const principal = { issuer: 'corp', subject: 'ada', groups: [] }
  const minimumRevision = plane.policySource.current.revision + 1
  const content = { principal, clientId: 'ada', sessionId: 's', minimumRevision, notAfterUnixMs: 9e15 }
  const { token } = await new GatewayTokens(plane.config, plane.clock).mint(content)

  expect(await (await ask(`Bearer ${token}`)).json()).toMatchObject({ code: 'ERR_GATEWAY_HTTP_POLICY_BEHIND' })
})
