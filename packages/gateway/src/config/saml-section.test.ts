import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConfigFolder, createConfigFolder } from './config-fixture.ts'
import type { SamlIssuerConfig } from './issuer-config.ts'
import { type GatewayConfigResult, loadGatewayConfig } from './load-config.ts'
import { policyIssuersOf } from './policy-issuers.ts'

let folder: ConfigFolder
beforeAll(async () => {
  folder = await createConfigFolder()
  const publicPem = (key: ReturnType<typeof generateKeyPairSync>): string =>
    (key as unknown as { publicKey: { export(o: object): string } }).publicKey.export({ type: 'spki', format: 'pem' })
  folder.write('weak.pem', publicPem(generateKeyPairSync('rsa', { modulusLength: 1_024 })))
  folder.write('next.pem', publicPem(generateKeyPairSync('rsa', { modulusLength: 2_048 })))
})
afterAll(() => folder.remove())

const MINIMAL = 'name: mesh, entityId: "https://idp.example/saml", certificates: { current: cert.pem }'

function load(...issuers: readonly string[]): GatewayConfigResult {
  const section = `samlIssuers:\n${issuers.map((issuer) => `  - { ${issuer} }\n`).join('')}`
  return loadGatewayConfig(folder.write('saml.yaml', folder.sound + section), {
    environment: { LEDGER_PASSWORD: 'x' },
  })
}

function loadOne(issuer: string): SamlIssuerConfig | undefined {
  const result = load(issuer)
  return result.ok ? result.config.samlIssuers?.[0] : undefined
}

function problemsOf(...issuers: readonly string[]): string[] {
  const result = load(...issuers)
  return result.ok ? [] : result.problems.map(({ code }) => code.replace('ERR_GATEWAY_CONFIG_', ''))
}

test('an issuer is read with its certificate; assertions then are for the gateway, with a persistent name', () => {
  expect(loadOne(MINIMAL)).toMatchObject({
    name: 'mesh',
    entityId: 'https://idp.example/saml',
    audiences: ['https://localhost:18080'],
    nameIdFormats: ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'],
    groupsAttribute: undefined,
    maxAgeSeconds: 300,
  })
  expect(loadOne(MINIMAL)?.keys.map(({ asymmetricKeyType }) => asymmetricKeyType)).toEqual(['ec'])
})

test('the next certificate, audiences, formats, groups and age can be given', () => {
  const full =
    'name: mesh, entityId: e, certificates: { current: cert.pem, next: next.pem }, audiences: [a, b], ' +
    'nameIdFormats: [unspecified, emailAddress], groupsAttribute: groups, groupAliases: { 0b2c: leads }, groups: [leads], kind: service, claims: { zone: "urn:zone" }, maxAgeSeconds: 60'
  expect(loadOne(full)).toMatchObject({
    audiences: ['a', 'b'],
    nameIdFormats: [
      'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
      'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    ],
    groupsAttribute: 'groups',
    groups: { aliases: new Map([['0b2c', 'leads']]), assertable: ['leads'] },
    kind: 'service',
    claims: { zone: 'urn:zone' },
    maxAgeSeconds: 60,
  })
  expect(loadOne(full)?.keys).toHaveLength(2)
})

test.each<readonly [string, readonly string[], readonly string[]]>([
  ['no certificate', ['name: mesh, entityId: e'], ['MISSING_KEY']],
  ['no current certificate', ['name: mesh, entityId: e, certificates: { next: next.pem }'], ['MISSING_KEY']],
  ['a private key', [MINIMAL.replace('cert.pem', 'key.pem')], ['PEM_INVALID']],
  ['a weak key', [MINIMAL.replace('cert.pem', 'weak.pem')], ['PEM_INVALID']],
  ['a file that is not there', [MINIMAL.replace('cert.pem', 'none.pem')], ['FILE_UNREADABLE']],
  ['a transient name', [`${MINIMAL}, nameIdFormats: [transient]`], ['NOT_ALLOWED']],
  ['the name of another issuer', [MINIMAL.replace('mesh', 'corp')], ['DUPLICATE']],
  ['an entity id twice', [MINIMAL, MINIMAL.replace('mesh', 'mesh-2')], ['DUPLICATE']],
  ['an unknown key', [`${MINIMAL}, recipient: x`], ['UNKNOWN_KEY']],
])('a config with %s is refused', (_title, issuers, problems) => {
  expect(problemsOf(...issuers)).toEqual(problems)
})

test('T4: an issuer of assertions counts among those that a policy must tell apart', () => {
  const given = `${MINIMAL}, groupsAttribute: groups, groups: ["mesh-*"], claims: { zone: "urn:zone" }`
  const result = load(given)
  const issuers = result.ok ? policyIssuersOf(result.config) : []
  const mesh = issuers.find(({ name }) => name === 'mesh')
  expect([issuers.length, mesh?.claims]).toEqual([2, ['zone']])
  expect([mesh?.mayAssert('mesh-a'), mesh?.mayAssert('leads')]).toEqual([true, false])
})
