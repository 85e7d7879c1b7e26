import {
  type CryptoKey,
  createRemoteJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'

const AUDIENCE = 'headgate'

let identity: IdentityProvider

beforeAll(async () => {
  identity = await startIdentityProvider({
    clients: [{ clientId: 'shop', clientSecret: 'shop-secret-0123456789', groups: ['sellers'] }],
    audience: AUDIENCE,
  })
})

afterAll(() => identity?.close())

async function verify(token: string): Promise<JWTPayload> {
  const keys = createRemoteJWKSet(new URL(identity.jwksUri))
  const expected = { issuer: identity.issuer, audience: AUDIENCE, typ: 'at+jwt', algorithms: ['ES256'] }
  return (await jwtVerify(token, keys, { ...expected, requiredClaims: ['exp'] })).payload
}

test('its metadata names its endpoints', async () => {
  const answer = await fetch(`${identity.issuer}/.well-known/openid-configuration`)

  expect(await answer.json()).toMatchObject({
    issuer: identity.issuer,
    jwks_uri: identity.jwksUri,
    token_endpoint: identity.tokenEndpoint,
  })
})

test('a client that asks for a token is named in it with its groups', async () => {
  const payload = await verify(await identity.tokenFor('shop'))

  expect(payload).toMatchObject({ sub: 'shop', client_id: 'shop', groups: ['sellers'] })
})

test('what else is said of a client stands in its tokens, and takes the place of none of the claims that name it', async () => {
  const [clientId, clientSecret] = ['risk', 'risk-secret-0123456789']
  const claims = { dept: ['risk'], sub: 'somebody-else', groups: ['others'] }
  const provider = await startIdentityProvider({
    clients: [{ clientId, clientSecret, groups: [], claims }],
    audience: AUDIENCE,
  })
  try {
    const token = await provider.tokenFor(clientId)
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(payload).toMatchObject({ sub: clientId, groups: [], dept: ['risk'] })
  } finally {
    await provider.close()
  }
})

test('a wrong secret gives no token', async () => {
  const authorization = `Basic ${Buffer.from('shop:wrong').toString('base64')}`

  const answer = await fetch(identity.tokenEndpoint, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  })

  expect(answer.status).toBe(401)
  expect(await answer.json()).toMatchObject({ error: 'invalid_client' })
})

test('a token that a test signs is taken, and each hostile variant of it is refused for its own reason', async () => {
  const claims = { sub: 'shop', aud: AUDIENCE }
  const code = async (token: Promise<string>): Promise<unknown> =>
    verify(await token).then(
      () => 'taken',
      (error: { code: string }) => error.code,
    )

  expect(await code(identity.signToken(claims))).toBe('taken')
  expect(await code(identity.signToken(claims, { expiresInSeconds: -60 }))).toBe('ERR_JWT_EXPIRED')
  expect(await code(identity.signToken(claims, { expiresInSeconds: null }))).toBe('ERR_JWT_CLAIM_VALIDATION_FAILED')
  expect(await code(identity.signToken({ ...claims, aud: 'other' }))).toBe('ERR_JWT_CLAIM_VALIDATION_FAILED')
  expect(await code(identity.signToken(claims, { typ: 'JWT' }))).toBe('ERR_JWT_CLAIM_VALIDATION_FAILED')
  expect(await code(identity.signToken(claims, { key: 'foreign' }))).toBe('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  expect(await code(identity.signToken(claims, { alg: 'HS256' }))).toBe('ERR_JOSE_ALG_NOT_ALLOWED')
})

test('the token that abuses the public key is well signed, so that a lax verifier would take it', async () => {
  const token = await identity.signToken({ sub: 'shop', aud: AUDIENCE }, { alg: 'HS256' })
  const { keys } = (await (await fetch(identity.jwksUri)).json()) as { readonly keys: readonly [JWK] }
  const publicPem = await exportSPKI((await importJWK(keys[0], 'ES256')) as CryptoKey)

  const { payload } = await jwtVerify(token, new TextEncoder().encode(publicPem), { algorithms: ['HS256'] })

  expect(payload.sub).toBe('shop')
})

test('a client with a key of its own signs its assertions; one of another key, or for another audience, gives no token', async () => {
  const [own, foreign] = await Promise.all([0, 1].map(() => generateKeyPair('ES256', { extractable: true })))
  if (own === undefined || foreign === undefined) throw new Error('no keys')
  const publicJwk = { ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'ES256' }
  const provider = await startIdentityProvider({
    clients: [{ clientId: 'ledger', publicJwk, groups: ['books'] }],
    audience: AUDIENCE,
  })
  const ask = async (key: CryptoKey, audience: string): Promise<{ access_token?: string; error?: string }> => {
    const assertion = await new SignJWT({ jti: `${Math.random()}` })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer('ledger')
      .setSubject('ledger')
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(key)
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }
    const response = await fetch(provider.tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) })
    return (await response.json()) as { access_token?: string; error?: string }
  }
  try {
    const { access_token: token = '' } = await ask(own.privateKey, provider.issuer)
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
      sub: 'ledger',
      groups: ['books'],
    })
    expect(await ask(foreign.privateKey, provider.issuer)).toMatchObject({ error: 'invalid_client' })
    expect(await ask(own.privateKey, 'https://other.example')).toMatchObject({ error: 'invalid_client' })
    await expect(provider.tokenFor('ledger')).rejects.toThrow('has no secret')
  } finally {
    await provider.close()
  }
})
