import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, systemClock } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HttpStandIn, startHttpStandIn } from '../testing/http-stand-in.ts'
import { clientCredentials } from './client-credentials.ts'
import { TokenType } from './identity-source.ts'
import { samlAssertion, tokenCallback } from './token-callback.ts'
import { tokenFile } from './token-file.ts'

let provider: HttpStandIn
let folder: string
beforeAll(async () => {
  provider = await startHttpStandIn()
  folder = await mkdtemp(join(tmpdir(), 'headgate-identity-'))
  const document = { issuer: provider.origin, token_endpoint: `${provider.origin}/token` }
  provider.routes.set('/.well-known/openid-configuration', () => ({ json: document }))
})
afterAll(async () => {
  await provider.close()
  await rm(folder, { recursive: true })
})

let nowMs = 0
const clock = { ...systemClock, monotonicMs: () => nowMs }
const context = { clock, insecure: true }
const identity = (changes = {}): ReturnType<typeof clientCredentials> =>
  clientCredentials({ issuer: provider.origin, clientId: 'or:ders', clientSecret: 's ë+', ...changes })

test('client credentials become a token that is kept for four fifths of its life', async () => {
  let count = 0
  provider.routes.set('/token', () => ({ json: { access_token: `token-${++count}`, expires_in: 100 } }))
  const source = identity({ scope: 'kafka' })
  const next = async (): Promise<string> => (await source.getToken(context)).token.reveal()

  expect([await next(), await next()]).toEqual(['token-1', 'token-1'])
  nowMs += 79_000
  expect(await next()).toBe('token-1')
  nowMs += 2_000
  expect(await next()).toBe('token-2')
  const { headers, form } = provider.seen.at(-1) ?? {}
  expect(Object.fromEntries(form ?? [])).toEqual({ grant_type: 'client_credentials', scope: 'kafka' })
  expect(Buffer.from(`${headers?.authorization}`.slice(6), 'base64').toString()).toBe('or%3Aders:s+%C3%AB%2B')
})

test.each([
  ['this package', new Secret('s ë+')],
  ['another copy', { reveal: (): string => 's ë+' }],
])('a secret is taken of %s, whatever its class', async (_, clientSecret) => {
  provider.routes.set('/token', () => ({ json: { access_token: 'token', expires_in: 100 } }))
  await identity({ clientSecret }).getToken(context)
  const { authorization } = provider.seen.at(-1)?.headers ?? {}

  expect(Buffer.from(`${authorization}`.slice(6), 'base64').toString()).toBe('or%3Aders:s+%C3%AB%2B')
})

test('the provider is asked over one connection', async () => {
  provider.routes.set('/token', () => ({ json: { access_token: 'token', expires_in: 100 } }))
  const before = provider.connections
  await identity().getToken(context)

  expect(provider.connections).toBe(before + 1)
})

test('a refusal of the provider tells who, and nothing of the secret', async () => {
  provider.routes.set('/token', () => ({
    status: 401,
    json: { error: 'invalid_client', error_description: 'no\u0007pe' },
  }))
  const error = await identity()
    .getToken(context)
    .catch((reason: unknown) => reason)

  expect(error).toMatchObject({ code: 'ERR_KAFKAJS_IDENTITY_REFUSED', retriable: false })
  expect(`${(error as Error).message}`).toContain('`or:ders`: invalid_client: nope')
  expect(JSON.stringify(error) + (error as Error).stack).not.toContain('s ë+')
})

test('a provider that calls itself by another name is refused', async () => {
  await expect(identity({ issuer: `${provider.origin}/` }).getToken(context)).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_CONFIGURATION',
  })
})

test('a provider without TLS is refused unless that was allowed', async () => {
  await expect(identity().getToken({ clock, insecure: false })).rejects.toMatchObject({
    code: 'ERR_KAFKAJS_INSECURE_ADDRESS',
  })
})

test('a token file is read anew each time', async () => {
  const path = join(folder, 'token')
  const source = tokenFile(path)
  await expect(source.getToken(context)).rejects.toMatchObject({ code: 'ERR_KAFKAJS_IDENTITY_UNAVAILABLE' })
  await writeFile(path, 'first\n')
  expect((await source.getToken(context)).token.reveal()).toBe('first')
  await writeFile(path, 'second\n')
  expect((await source.getToken(context)).token.reveal()).toBe('second')
})

test('an assertion is asked for each time, and its XML is encoded as the exchange wants it', async () => {
  let count = 0
  const source = samlAssertion(() => `<Assertion ID="_${++count}"/>\n`)
  const next = async (): Promise<string> => (await source.getToken(context)).token.reveal()

  expect(Buffer.from(await next(), 'base64url').toString()).toBe('<Assertion ID="_1"/>')
  expect(Buffer.from(await next(), 'base64url').toString()).toBe('<Assertion ID="_2"/>')
  const encoded = await samlAssertion(async () => 'PEFzc2VydGlvbi8-').getToken(context)
  expect([encoded.token.reveal(), encoded.type]).toEqual(['PEFzc2VydGlvbi8-', TokenType.SAML2])
  await expect(samlAssertion(() => ' ').getToken(context)).rejects.toMatchObject({ retriable: true })
})

test('a failing callback is retriable, and its error is the cause', async () => {
  const cause = new Error('vault is sealed')
  const failing = tokenCallback(() => {
    throw cause
  })

  await expect(failing.getToken(context)).rejects.toMatchObject({ retriable: true, cause })
  await expect(tokenCallback(() => '').getToken(context)).rejects.toMatchObject({ retriable: true })
  expect((await tokenCallback(async () => 'token').getToken(context)).token.reveal()).toBe('token')
})
