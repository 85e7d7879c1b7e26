import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConfigFolder, createConfigFolder } from './config-fixture.ts'
import { loadGatewayConfig } from './load-config.ts'

let folder: ConfigFolder
beforeAll(async () => {
  folder = await createConfigFolder()
})
afterAll(() => folder.remove())

const TOKENS = 'tokens: { signingKey: { file: token-key.jwk.json } }'
const environment = { LEDGER_PASSWORD: 'x' }

/** Loads the sound config with other lines; gives the codes of its problems, or the config. */
function load(...changes: readonly (readonly [string, string])[]): ReturnType<typeof loadGatewayConfig> {
  const text = changes.reduce((before, [from, to]) => before.replaceAll(from, to), folder.sound)
  return loadGatewayConfig(folder.write('gateway.yaml', text), { environment })
}
function problems(...changes: readonly (readonly [string, string])[]): string[] {
  const result = load(...changes)
  return result.ok ? [] : result.problems.map(({ code }) => code)
}
const tokens = (more: string): readonly [string, string] => [
  TOKENS,
  `tokens: { signingKey: { file: token-key.jwk.json }, ${more} }`,
]
const withClientCa = [
  'tls: { cert: cert.pem, key: key.pem }',
  'tls: { cert: cert.pem, key: key.pem, clientCa: cert.pem }',
]

test('who may revoke, and whose tokens are bound, are issuers of the config', () => {
  const more = tokens(
    'revokers: [{ issuer: corp, group: security }], certificateBound: [{ issuer: corp, clientId: a }]',
  )
  const result = load(more, withClientCa as [string, string])
  expect(result).toMatchObject({
    ok: true,
    config: {
      tokens: {
        revokers: [{ issuer: 'corp', group: 'security' }],
        certificateBound: [{ issuer: 'corp', clientId: 'a' }],
      },
      listener: { tls: { clientCaPem: expect.stringContaining('BEGIN CERTIFICATE') } },
      http: { tls: { clientCaPem: expect.stringContaining('BEGIN CERTIFICATE') } },
    },
  })
  const unknown = 'ERR_GATEWAY_CONFIG_ISSUER_UNKNOWN'
  expect(problems(tokens('revokers: [{ issuer: other, group: g }]'))).toEqual([unknown])
  expect(problems(tokens('revokers: [{ issuer: corp }]'))).toEqual(['ERR_GATEWAY_CONFIG_MISSING_KEY'])
  expect(problems(tokens('certificateBound: [{ issuer: other }]'), withClientCa as [string, string])).toEqual([unknown])
})

test('tokens cannot be bound to certificates that nobody is asked for', () => {
  expect(problems(tokens('certificateBound: [{ issuer: corp }]'))).toEqual(['ERR_GATEWAY_CONFIG_CONFLICT'])
})
