import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConfigFolder, createConfigFolder } from './config-fixture.ts'
import type { IssuerConfig } from './issuer-config.ts'
import { type GatewayConfigResult, loadGatewayConfig } from './load-config.ts'
import { policyIssuersOf } from './policy-issuers.ts'

let folder: ConfigFolder
beforeAll(async () => {
  folder = await createConfigFolder()
})
afterAll(() => folder.remove())

/** Loads the sound config with these issuers besides. */
function load(...issuers: readonly string[]): GatewayConfigResult {
  const text = folder.sound.replace('tokens:', `${issuers.map((issuer) => `  - { ${issuer} }\n`).join('')}tokens:`)
  return loadGatewayConfig(folder.write('issuers.yaml', text), { environment: { LEDGER_PASSWORD: 'x' } })
}

function loadOne(issuer: string): IssuerConfig | undefined {
  const result = load(issuer)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.config.issuers[1]
}

function problemsOf(...issuers: readonly string[]): string[] {
  const result = load(...issuers)
  return result.ok ? [] : result.problems.map(({ code }) => code.replace('ERR_GATEWAY_CONFIG_', ''))
}

const OIDC = 'name: partner, issuer: "https://partner.example", audiences: [headgate], algorithms: [RS256]'
const CLUSTER = 'name: cluster-a, type: kubernetes, issuer: "https://k8s.example", audiences: [a], algorithms: [RS256]'
const MESH =
  'name: mesh, type: spiffe, trustDomain: prod.example, audiences: [a], algorithms: [ES256], jwksUri: "https://spire.example:8443/bundle"'

describe('an issuer', () => {
  test('without more is pinned as narrowly as can be said without knowing it', () => {
    expect(loadOne(OIDC)).toMatchObject({
      ...{ type: 'oidc', tokenType: 'at+jwt', clients: undefined, idTokenClients: [], subjectClaim: ['sub'] },
      ...{ groupsClaim: undefined, groups: { aliases: new Map(), assertable: undefined }, requiredClaims: new Map() },
      ...{ hosts: [], isPrivateNetworkAllowed: false, isPlaintextAllowed: false, keysMaxStaleMs: 3_600_000 },
      ...{ maxTokenLifetimeSeconds: 86_400, clockToleranceSeconds: 10, kind: undefined },
    })
  })

  test('can say where its claims stand, what they must be, and what its groups are called', () => {
    const more = [
      'subjectClaim: [ids, oid], groupsClaim: groups, clients: [shop], idTokens: { clients: [web-app] }',
      'requiredClaims: { tid: ["1", "2"], email_verified: "true" }, groupAliases: { "0b2c": leads }, groups: [leads, "team-*"]',
      'hosts: [keys.example], privateNetwork: true, keysMaxStaleSeconds: 0, clockToleranceSeconds: 0, kind: human',
    ]
    expect(loadOne(`${OIDC}, ${more.join(', ')}`)).toMatchObject({
      ...{ subjectClaim: ['ids', 'oid'], groupsClaim: ['groups'], clients: ['shop'], idTokenClients: ['web-app'] },
      requiredClaims: new Map([
        ['tid', ['1', '2']],
        ['email_verified', ['true']],
      ]),
      groups: { aliases: new Map([['0b2c', 'leads']]), assertable: ['leads', 'team-*'] },
      ...{ hosts: ['keys.example'], isPrivateNetworkAllowed: true, keysMaxStaleMs: 0, clockToleranceSeconds: 0 },
      kind: 'human',
    })
  })

  test('of a cluster or a trust domain is for services, which its own documents name', () => {
    expect(loadOne(CLUSTER)).toMatchObject({ type: 'kubernetes', issuer: 'https://k8s.example', kind: 'service' })
    expect(loadOne(MESH)).toMatchObject({ type: 'spiffe', issuer: 'spiffe://prod.example', kind: 'service' })
  })
})

describe('what cannot be', () => {
  test.each([
    ['another type', OIDC.replace('name', 'type: ldap, name'), 'NOT_ALLOWED'],
    ['a trust domain with its scheme', MESH.replace('prod.example', '"spiffe://prod.example"'), 'NAME_INVALID'],
    ['a trust domain without keys', MESH.replace(/, jwksUri.*/, ''), 'MISSING_KEY'],
    ['a trust domain with an issuer', `${MESH}, issuer: "https://x.example"`, 'UNKNOWN_KEY'],
    ['claims of subjects where the type says them', `${CLUSTER}, subjectClaim: name`, 'UNKNOWN_KEY'],
    ['a claim of groups of a cluster', `${CLUSTER}, groupsClaim: groups`, 'UNKNOWN_KEY'],
    ['a client secret at a trust domain', `${MESH}, clientCredentials: { scope: a }`, 'UNKNOWN_KEY'],
    ['a host with a scheme', `${OIDC}, hosts: ["https://keys.example"]`, 'ADDRESS_INVALID'],
    ['a host with a port', `${OIDC}, hosts: ["keys.example:8443"]`, 'ADDRESS_INVALID'],
    ['a host with a pattern', `${OIDC}, hosts: ["*.example"]`, 'ADDRESS_INVALID'],
    ['an alias that is a pattern', `${OIDC}, groupAliases: { a: "team-*" }`, 'NOT_ALLOWED'],
    ['a claim that may be nothing', `${OIDC}, requiredClaims: { tid: [] }`, 'WRONG_TYPE'],
    ['a claim that is a number', `${OIDC}, requiredClaims: { tid: 7 }`, 'WRONG_TYPE'],
    ['a list where a mapping is', `${OIDC}, requiredClaims: [tid]`, 'WRONG_TYPE'],
    ['ID tokens of nobody', `${OIDC}, idTokens: {}`, 'MISSING_KEY'],
    ['a tolerance of an hour', `${OIDC}, clockToleranceSeconds: 3600`, 'OUT_OF_RANGE'],
    ['an empty list of groups', `${OIDC}, groups: []`, 'WRONG_TYPE'],
  ])('%s', (_name, issuer, code) => {
    expect(problemsOf(issuer)).toEqual([code])
  })

  test('T1: access and ID tokens that nothing tells apart', () => {
    const alike = `${OIDC}, tokenType: JWT, idTokens: { clients: [headgate] }`
    expect(problemsOf(alike)).toEqual(['CONFLICT'])
    expect(problemsOf(alike.replace('JWT', 'at+jwt'))).toEqual([])
  })

  test('T4: two issuers of one trust domain', () => {
    expect(problemsOf(MESH, MESH.replace('mesh', 'mesh-2'))).toEqual(['DUPLICATE'])
  })
})

test('T4: what a policy is told of the issuers: who may assert a group, and who states a claim', () => {
  const stating = 'groupsClaim: groups, groups: [leads, "team-*", "system:serviceaccounts"], claims: { level: lvl }'
  const saml = 'samlIssuers: [{ name: old, entityId: e, certificates: { current: cert.pem }, groupsAttribute: g }]\n'
  const text = folder.sound.replace(
    'tokens:',
    `  - { ${OIDC}, ${stating} }\n  - { ${CLUSTER} }\n  - { ${MESH} }\n${saml}tokens:`,
  )
  const result = loadGatewayConfig(folder.write('told.yaml', text), { environment: { LEDGER_PASSWORD: 'x' } })
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const issuers = policyIssuersOf(result.config)
  const asserting = (group: string): string[] => issuers.flatMap((each) => (each.mayAssert(group) ? each.name : []))
  expect(issuers.map(({ name, claims }) => [name, ...claims])).toEqual([
    ['corp'],
    ['partner', 'level'],
    ['cluster-a'],
    ['mesh'],
    ['old'],
  ])
  expect(asserting('leads')).toEqual(['corp', 'partner', 'old'])
  expect(asserting('steam-a')).toEqual(['corp', 'old'])
  expect(asserting('system:serviceaccounts')).toEqual(['corp', 'partner', 'cluster-a', 'old'])
  expect(asserting('system:serviceaccounts:shop')).toEqual(['corp', 'cluster-a', 'old'])
})
