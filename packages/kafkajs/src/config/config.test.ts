import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@headgate/core'
import { expect, test } from 'vitest'
import { TokenType } from '../identity/identity-source.ts'
import { tokenCallback } from '../identity/token-callback.ts'
import type { KafkaConfig } from './options.ts'
import { findProcessConcerns } from './process-options.ts'
import { resolveOptions } from './resolve-options.ts'
import { assertSupportedNode } from './supported-node.ts'
import { describeUnusedOptions } from './unused-options.ts'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const key = 'f1Q0G9nmyzXz7PAmn_3wcQtbPBtBdOx7ZMf3PcOEw9Y'
const environment = {
  HEADGATE_GATEWAY: 'https://gw.example:8443',
  HEADGATE_BUNDLE_KEYS: ` ${key},${key.toLowerCase()} `,
  HEADGATE_TOKEN_FILE: '/run/token',
}

test('the environment alone is enough', () => {
  const options = resolveOptions(undefined, environment)

  expect(options).toMatchObject({ ca: undefined, insecure: false, identity: { kind: 'token-file' } })
  expect(options.gateway.href).toBe('https://gw.example:8443/')
  expect(options.bundleKeys).toEqual([key, key.toLowerCase()])
})

test('the code wins over the environment, and what it leaves undefined does not', () => {
  const identity = tokenCallback(() => 'token')
  const options = resolveOptions(
    { gateway: 'https://other.example', identity, ca: undefined as unknown as string },
    {
      ...environment,
      HEADGATE_CA: '/run/ca.pem',
    },
  )

  expect(options).toMatchObject({ identity, ca: '/run/ca.pem' })
  expect(options.gateway.host).toBe('other.example')
})

test('client credentials come from their variables', () => {
  const { HEADGATE_TOKEN_FILE: _, ...rest } = environment
  const variables = {
    HEADGATE_ISSUER: 'https://idp.example',
    HEADGATE_CLIENT_ID: 'orders',
    HEADGATE_CLIENT_SECRET: 's',
  }

  expect(resolveOptions(undefined, { ...rest, ...variables }).identity.kind).toBe('client-credentials')
})

test.each([
  { HEADGATE_CLIENT_PRIVATE_KEY: '/run/secrets/key.pem', HEADGATE_CLIENT_PRIVATE_KEY_ID: 'k1' },
  { HEADGATE_CLIENT_ASSERTION_FILE: '/run/assertion' },
])('a client without a secret comes from its variables: %j', (proof) => {
  const { HEADGATE_TOKEN_FILE: _, ...rest } = environment
  const client = { HEADGATE_ISSUER: 'https://idp.example', HEADGATE_CLIENT_ID: 'orders' }

  expect(resolveOptions(undefined, { ...rest, ...client, ...proof }).identity.kind).toBe('client-credentials')
})

test('the token file can hold what HEADGATE_TOKEN_TYPE says, XML of an assertion too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-config-'))
  const path = join(folder, 'assertion.xml')
  await writeFile(path, '<Assertion/>\n')
  const given = { ...environment, HEADGATE_TOKEN_FILE: path, HEADGATE_TOKEN_TYPE: 'saml2' }
  const { identity } = resolveOptions(undefined, given)
  const { token, type } = await identity.getToken({ clock: systemClock, insecure: false })
  await rm(folder, { recursive: true })

  expect([type, token.reveal()]).toEqual([TokenType.SAML2, Buffer.from('<Assertion/>').toString('base64url')])
})

test.each([
  ['a token type that is none', { HEADGATE_TOKEN_TYPE: 'saml1' }, 'ERR_KAFKAJS_CONFIGURATION', 'HEADGATE_TOKEN_TYPE'],
  ['no gateway', { HEADGATE_GATEWAY: '' }, 'ERR_KAFKAJS_GATEWAY_MISSING', 'HEADGATE_GATEWAY'],
  ['no keys', { HEADGATE_BUNDLE_KEYS: ' , ' }, 'ERR_KAFKAJS_CONFIGURATION', 'HEADGATE_BUNDLE_KEYS'],
  ['a key that is no thumbprint', { HEADGATE_BUNDLE_KEYS: 'abc' }, 'ERR_KAFKAJS_CONFIGURATION', 'thumbprint'],
  ['no identity', { HEADGATE_TOKEN_FILE: undefined }, 'ERR_KAFKAJS_CONFIGURATION', 'HEADGATE_TOKEN_FILE'],
  ['half an identity', { HEADGATE_ISSUER: 'https://idp.example' }, 'ERR_KAFKAJS_CONFIGURATION', 'HEADGATE_CLIENT_ID'],
  [
    'two identities',
    { HEADGATE_ISSUER: 'https://idp.example', HEADGATE_CLIENT_ID: 'orders' },
    'ERR_KAFKAJS_CONFIGURATION',
    'unset one of them',
  ],
  ['a flag that is none', { HEADGATE_INSECURE: 'yes' }, 'ERR_KAFKAJS_CONFIGURATION', 'HEADGATE_INSECURE'],
  ['an address without TLS', { HEADGATE_GATEWAY: 'http://gw.example' }, 'ERR_KAFKAJS_INSECURE_ADDRESS', 'TLS'],
])('%s is one error that says what to do', (_, changes, code, mend) => {
  expect(() => resolveOptions(undefined, { ...environment, ...changes })).toThrow(
    expect.objectContaining({ code, retriable: false, message: expect.stringContaining(mend) }),
  )
})

test('a Node that is too old for the manifest is one error that says what to do, and no other is', () => {
  const least = /^>=(\d+)\.(\d+)\.0$/.exec(manifest.engines.node)
  const [major, minor] = [Number(least?.[1]), Number(least?.[2])]

  for (const old of ['18.20.8', `${major - 1}.99.0`, `${major}.${minor - 1}.9`]) {
    expect(() => assertSupportedNode(old)).toThrow(
      expect.objectContaining({ code: 'ERR_KAFKAJS_CONFIGURATION', message: expect.stringContaining(old) }),
    )
  }
  for (const fine of [`${major}.${minor}.0`, `${major}.${minor}.0-nightly`, `${major + 1}.0.0`, process.versions.node])
    expect(() => assertSupportedNode(fine)).not.toThrow()
})

test('one warning names each option that is not used, with what takes its place', () => {
  const config: KafkaConfig = { brokers: ['k:9092'], ssl: true, clientId: 'orders' }

  expect(describeUnusedOptions(config)).toMatch(/`brokers`.*HEADGATE_GATEWAY.*`ssl`.*HEADGATE_CA/)
  expect(describeUnusedOptions({ clientId: 'orders' })).toBeUndefined()
})

test('options of the process that let other code see records are named, without their values', () => {
  const environment = {
    NODE_OPTIONS: '--import=/app/otel.mjs --max-old-space-size=512',
    NODE_TLS_REJECT_UNAUTHORIZED: '1',
  }

  expect(findProcessConcerns(['-r', '/app/first.cjs', '--enable-source-maps'], environment)).toEqual({
    options: ['--import', '-r'],
    isGrave: false,
  })
  expect(findProcessConcerns(['--inspect=0.0.0.0:9229'], { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual({
    options: ['--inspect', 'NODE_TLS_REJECT_UNAUTHORIZED'],
    isGrave: true,
  })
  expect(findProcessConcerns([], {})).toEqual({ options: [], isGrave: false })
})
