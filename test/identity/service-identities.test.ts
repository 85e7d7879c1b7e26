import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@headgate/core'
import { type ClientCredentialsOptions, clientCredentials, TokenType, tokenFile } from '@headgate/kafkajs'
import { type IdentityClient, type IdentityProvider, startIdentityProvider } from '@headgate/testkit'
import { decodeJwt, decodeProtectedHeader, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const context = { clock: systemClock, insecure: true }
const KINDS = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}
type Kind = keyof typeof KINDS

const keys = new Map<Kind, { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>()
let folder: string
let identity: IdentityProvider

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-identities-'))
  const clients = (Object.keys(KINDS) as Kind[]).map((alg): IdentityClient => {
    const pair = KINDS[alg]()
    keys.set(alg, pair)
    const publicJwk: JWK = { ...(pair.publicKey.export({ format: 'jwk' }) as JWK), kid: `key-${alg}`, alg, use: 'sig' }
    return { clientId: `service-${alg}`, publicJwk, groups: ['signers'] }
  })
  identity = await startIdentityProvider({ clients, audience: 'headgate' })
})
afterAll(async () => {
  await identity?.close()
  await rm(folder, { recursive: true, force: true })
})

function privateKeyOf(alg: Kind): KeyObject {
  const pair = keys.get(alg)
  if (pair === undefined) throw new TypeError(`no key for ${alg}`)
  return pair.privateKey
}

function jwkOf(alg: Kind): string {
  return JSON.stringify({ ...privateKeyOf(alg).export({ format: 'jwk' }), kid: `key-${alg}`, alg })
}

function pemOf(alg: Kind): string {
  return privateKeyOf(alg).export({ type: 'pkcs8', format: 'pem' }).toString()
}

async function tokenWith(alg: Kind, proof: Partial<ClientCredentialsOptions>): Promise<string> {
  const source = clientCredentials({ issuer: identity.issuer, clientId: `service-${alg}`, ...proof })
  return (await source.getToken(context)).token.reveal()
}

describe('a service proves itself to a real provider without a secret', () => {
  test.each(Object.keys(KINDS) as Kind[])('by a JWK for %s, from text and from a file', async (alg) => {
    const path = join(folder, `${alg}.jwk.json`)
    await writeFile(path, jwkOf(alg))
    for (const privateKey of [jwkOf(alg), path]) {
      const claims = decodeJwt(await tokenWith(alg, { privateKey }))
      expect(claims).toMatchObject({ sub: `service-${alg}`, groups: ['signers'], iss: identity.issuer })
    }
  })

  test.each(['ES256', 'RS256', 'EdDSA'] as const)('by a PEM key for %s, whose id is told', async (alg) => {
    const path = join(folder, `${alg}.pem`)
    await writeFile(path, pemOf(alg))
    const proof = { privateKey: path, privateKeyId: `key-${alg}` }
    expect(decodeJwt(await tokenWith(alg, proof))).toMatchObject({ sub: `service-${alg}` })
    expect(decodeJwt(await tokenWith(alg, { privateKey: pemOf(alg) }))).toMatchObject({ sub: `service-${alg}` })
  })

  test('by its own code, which is told what to sign', async () => {
    const claims = decodeJwt(
      await tokenWith('ES256', {
        clientAssertion: ({ clientId, audience, algorithms }) => {
          expect(algorithms).toContain('ES256')
          return new SignJWT({ jti: randomBytes(8).toString('hex') })
            .setProtectedHeader({ alg: 'ES256', kid: 'key-ES256' })
            .setIssuer(clientId)
            .setSubject(clientId)
            .setAudience(audience)
            .setIssuedAt()
            .setExpirationTime('1m')
            .sign(privateKeyOf('ES256'))
        },
      }),
    )
    expect(claims.sub).toBe('service-ES256')
  })

  test('by an assertion that the platform writes into a file', async () => {
    const path = join(folder, 'assertion')
    const clientId = 'service-ES256'
    const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: identity.issuer, jti: 'once' })
      .setProtectedHeader({ alg: 'ES256', kid: 'key-ES256' })
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKeyOf('ES256'))
    await writeFile(path, `${assertion}\n`)
    expect(decodeJwt(await tokenWith('ES256', { clientAssertionFile: path })).sub).toBe(clientId)
  })

  test('a rotated key file is used for the next token', async () => {
    const path = join(folder, 'rotating.jwk.json')
    await writeFile(path, JSON.stringify({ ...KINDS.ES256().privateKey.export({ format: 'jwk' }), kid: 'key-ES256' }))
    const source = clientCredentials({ issuer: identity.issuer, clientId: 'service-ES256', privateKey: path })
    await expect(source.getToken(context)).rejects.toMatchObject({ code: 'ERR_KAFKAJS_IDENTITY_REFUSED' })
    await writeFile(path, jwkOf('ES256'))
    const { token, type } = await source.getToken(context)
    expect([decodeProtectedHeader(token.reveal()).typ, type]).toEqual(['at+jwt', TokenType.ACCESS_TOKEN])
  })

  test.each([
    ['a key of another client', () => ({ privateKey: pemOf('RS256') }), 'ERR_KAFKAJS_IDENTITY_REFUSED'],
    ['no key', () => ({ privateKey: '{"kty":"EC"}' }), 'ERR_KAFKAJS_CONFIGURATION'],
    [
      'a public key',
      () => ({ privateKey: JSON.stringify(keys.get('ES256')?.publicKey.export({ format: 'jwk' })) }),
      'ERR_KAFKAJS_CONFIGURATION',
    ],
    ['an unusual curve', () => ({ privateKey: unusualKey() }), 'ERR_KAFKAJS_CONFIGURATION'],
    ['a file that is not there', () => ({ privateKey: join(folder, 'none.pem') }), 'ERR_KAFKAJS_IDENTITY_UNAVAILABLE'],
    [
      'an assertion file that is not there',
      () => ({ clientAssertionFile: join(folder, 'none') }),
      'ERR_KAFKAJS_IDENTITY_UNAVAILABLE',
    ],
    [
      'code that fails',
      () => ({ clientAssertion: () => Promise.reject(new Error('sealed')) }),
      'ERR_KAFKAJS_IDENTITY_UNAVAILABLE',
    ],
    ['code that gives nothing', () => ({ clientAssertion: () => '' }), 'ERR_KAFKAJS_IDENTITY_UNAVAILABLE'],
  ])('%s is refused, and no part of a key is told', async (_title, proof, code) => {
    const error = await tokenWith('ES256', proof()).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code })
    const { d = 'no private part' } = privateKeyOf('RS256').export({ format: 'jwk' })
    expect(`${(error as Error).message}${JSON.stringify(error)}`).not.toMatch(new RegExp(`${d}|BEGIN|"kty"`))
  })

  test('two ways at once are refused', () => {
    const options = { issuer: identity.issuer, clientId: 'x', clientSecret: 's', privateKey: pemOf('ES256') }
    expect(() => clientCredentials(options)).toThrowError(/clientSecret and privateKey/)
  })
})

function unusualKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

test('a token that Kubernetes rotates by swapping the link `..data` is never half of one and half of another', async () => {
  const volume = join(folder, 'volume')
  const mount = async (name: string, token: string): Promise<void> => {
    await mkdir(join(volume, name), { recursive: true })
    await writeFile(join(volume, name, 'token'), token)
    await symlink(name, join(volume, '..data_tmp'))
    await rename(join(volume, '..data_tmp'), join(volume, '..data'))
  }
  const tokens = Array.from({ length: 20 }, (_, n) => `${n}`.repeat(2_000))
  await mount('..first', tokens[0] ?? '')
  await symlink(join('..data', 'token'), join(volume, 'token'))
  const source = tokenFile(join(volume, 'token'))
  let isRotating = true
  const seen = new Set<string>()
  const read = async (): Promise<void> => {
    while (isRotating) seen.add((await source.getToken(context)).token.reveal())
  }
  const reading = read()
  for (const [n, token] of tokens.entries()) await mount(`..${n}`, token)
  isRotating = false
  await reading
  expect((await source.getToken(context)).token.reveal()).toBe(tokens.at(-1))
  expect([...seen].filter((token) => !tokens.includes(token))).toEqual([])
})
