import { silentLog } from '@headgate/core'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GatewayConfig } from '../config/gateway-config.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import { mustBeBound } from './certificate-bound.ts'
import { GatewayTokens } from './gateway-token.ts'
import type { SignInOrigin } from './sign-in.ts'
import { TestClock, TestIssuer, testGatewayConfig, testIssuerConfig } from './token-fixture.ts'

const clock = new TestClock()
let issuer: TestIssuer
let config: GatewayConfig
let authenticator: Authenticator

beforeAll(async () => {
  issuer = await new TestIssuer(clock).start()
  config = testGatewayConfig([testIssuerConfig(issuer)])
  authenticator = createAuthenticator({ config, log: silentLog, clock })
})
afterAll(() => issuer.close())

const from = (certificateThumbprint?: string): SignInOrigin => ({ address: '10.0.0.1', certificateThumbprint })
const elsewhere = [from('two'), from(), undefined]
const refused = { code: 'ERR_GATEWAY_TOKEN_CERTIFICATE', retryable: false }

test('K3: a token that is bound to a certificate counts on connections that have shown it, and on no other', async () => {
  const content = {
    principal: { issuer: 'corp', subject: 'orders', groups: [] },
    ...{ clientId: 'orders', sessionId: 's', minimumRevision: 0, notAfterUnixMs: 9e15 },
  }
  const { token } = await new GatewayTokens(config, clock).mint({ ...content, certificateThumbprint: 'one' })
  expect(decodeJwt(token)['cnf']).toEqual({ 'x5t#S256': 'one' })
  expect(await authenticator.verifyToken(token, from('one'))).toMatchObject({ certificateThumbprint: 'one' })
  for (const other of elsewhere) await expect(authenticator.verifyToken(token, other)).rejects.toMatchObject(refused)

  const bearer = await new GatewayTokens(config, clock).mint(content)
  expect(decodeJwt(bearer.token)['cnf']).toBeUndefined()
  expect(await authenticator.verifyToken(bearer.token)).toMatchObject({ certificateThumbprint: undefined })
})

test('K3: so does one of the issuer, and a binding of another kind is refused, for it could not be checked', async () => {
  const token = await issuer.sign({ cnf: { 'x5t#S256': 'one' } })
  expect(await authenticator.verifyToken(token, from('one'))).toMatchObject({ source: 'idp-token' })
  for (const other of elsewhere) await expect(authenticator.verifyToken(token, other)).rejects.toMatchObject(refused)
  for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'one', jkt: 'x' }, { 'x5t#S256': 1 }, {}, 'one', null, []]) {
    const refusal = expect(authenticator.verifyToken(await issuer.sign({ cnf }), from('one'))).rejects
    await refusal.toMatchObject({ code: 'ERR_GATEWAY_TOKEN_CLAIM' })
  }
})

test('the config says of all clients of an issuer, or of one, that they must be bound', () => {
  const bound = [
    { issuer: 'mesh', clientId: undefined },
    { issuer: 'corp', clientId: 'ledger' },
  ]
  const isBound = (name: string, clientId: string | undefined): boolean =>
    mustBeBound(bound, { principal: { issuer: name, subject: 's', groups: [] }, clientId })
  expect([isBound('mesh', 'any'), isBound('mesh', undefined), isBound('corp', 'ledger')]).toEqual([true, true, true])
  expect([isBound('corp', 'other'), isBound('corp', undefined), isBound('other', 'ledger')]).toEqual([
    false,
    false,
    false,
  ])
})

test('K3: a client whose tokens name no client is known by its subject, as when its token is exchanged', () => {
  const bound = [{ issuer: 'cluster', clientId: 'system:serviceaccount:shop:ledger' }]
  const isBound = (name: string, subject: string): boolean =>
    mustBeBound(bound, { principal: { issuer: name, subject, groups: [] }, clientId: undefined })
  expect(isBound('cluster', 'system:serviceaccount:shop:ledger')).toBe(true)
  expect(isBound('cluster', 'system:serviceaccount:shop:web')).toBe(false)
  expect(isBound('other', 'system:serviceaccount:shop:ledger')).toBe(false)
})
