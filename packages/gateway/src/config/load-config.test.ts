import { statSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { formatSourceProblem } from '@headgate/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConfigFolder, createConfigFolder, createTestCertificate } from './config-fixture.ts'
import type { GatewayConfig } from './gateway-config.ts'
import { createKeyFile } from './key-file.ts'
import { brokerPort } from './listener-section.ts'
import { loadGatewayConfig } from './load-config.ts'
import { upstreamCredentialFor } from './upstream-credential.ts'

const environment = { LEDGER_PASSWORD: 'ledger-canary' }
let folder: ConfigFolder

beforeAll(async () => {
  folder = await createConfigFolder()
})
afterAll(() => folder.remove())

function loadSound(): GatewayConfig {
  const result = loadGatewayConfig(folder.configPath, { environment })
  if (!result.ok) throw new Error(result.problems.map(formatSourceProblem).join('\n'))
  return result.config
}

function problemsOf(text: string): string[] {
  const result = loadGatewayConfig(folder.write('wrong.yaml', text), {
    environment,
  })
  return result.ok ? [] : result.problems.map(({ line, column, code }) => `${line}:${column} ${code}`)
}

function problemsOfChange(from: string, to: string): string[] {
  expect(folder.sound).toContain(from)
  return problemsOf(folder.sound.replace(from, to)).map((problem) => problem.replace('ERR_GATEWAY_CONFIG_', ''))
}

test('a sound config is read with its files, its defaults and absolute paths', () => {
  const { cluster, listener, http, issuers, tokens, bundles, policy, limits } = loadSound()

  expect(cluster.bootstrap).toEqual([
    { host: '127.0.0.1', port: 9092 },
    { host: '::1', port: 9093 },
  ])
  expect(cluster.sasl).toMatchObject({
    mechanism: 'SCRAM-SHA-512',
    username: 'gateway',
  })
  expect(cluster.sasl?.password.reveal()).toBe('hunter2')
  expect(cluster.tls).toMatchObject({
    serverName: 'kafka.internal',
    certPem: undefined,
  })
  expect(listener).toMatchObject({
    port: 19092,
    brokers: { firstPort: 19100, firstId: 0, lastId: 2 },
  })
  expect(http).toMatchObject({
    host: '127.0.0.1',
    publicUrl: 'https://localhost:18080',
  })
  expect(issuers[0]).toMatchObject({
    name: 'corp',
    tokenType: 'at+jwt',
    isPlaintextAllowed: false,
  })
  expect(tokens).toMatchObject({
    lifetimeSeconds: 300,
    signingKey: { algorithm: 'ES256' },
  })
  expect(bundles).toMatchObject({
    lifetimeSeconds: 900,
    refreshSeconds: 60,
    currentKey: { algorithm: 'Ed25519' },
  })
  expect(policy).toEqual({
    path: join(folder.path, 'policy.yaml'),
    reloadSeconds: 10,
  })
  expect(limits).toMatchObject({
    maxUnauthenticatedFrameBytes: 131_072,
    authenticationTimeoutMs: 10_000,
  })
})

test('where people sign in has a client and scopes', () => {
  const withLogin = (login: string): string => folder.sound.replace('clientCredentials: { scope: kafka }', login)
  folder.write('login.yaml', withLogin('login: { clientId: headgate-cli }'))
  const result = loadGatewayConfig(join(folder.path, 'login.yaml'), { environment: { LEDGER_PASSWORD: 'x' } })

  expect(result.ok && result.config.issuers[0]?.login).toEqual({
    clientId: 'headgate-cli',
    scopes: ['openid', 'offline_access'],
    resource: undefined,
  })
  const wrong = withLogin('login: { client-id: a, scopes: kafka }')
  expect(problemsOf(wrong).map((problem) => problem.replace('ERR_GATEWAY_CONFIG_', ''))).toEqual([
    '27:5 MISSING_KEY',
    '27:14 UNKNOWN_KEY',
    '27:36 WRONG_TYPE',
  ])
})

test('a store is a file of the config’s folder, and there is none unless it is asked for', () => {
  expect(loadSound().store).toBeUndefined()
  const path = folder.write('stored.yaml', `${folder.sound}store: { path: state/gateway.db }\n`)
  const stored = { ok: true, config: { store: { path: join(folder.path, 'state/gateway.db') } } }
  expect(loadGatewayConfig(path, { environment })).toMatchObject(stored)
  expect(problemsOf(`${folder.sound}store: { file: gateway.db }\n`)).toHaveLength(2)
})

test('a trail has a folder, a key and a stated retention, and there is none unless it is asked for', () => {
  expect(loadSound().audit).toBeUndefined()
  const { thumbprint } = createKeyFile('audit', join(folder.path, 'audit-key.jwk.json'))
  const section =
    'audit: { folder: trail, gateway: gate-1, checkpointKey: { file: audit-key.jwk.json }, retentionDays: 400 }\n'
  const path = folder.write('audited.yaml', folder.sound + section)
  const result = loadGatewayConfig(path, { environment })

  expect(result.ok && result.config.audit).toMatchObject({
    folder: join(folder.path, 'trail'),
    gateway: 'gate-1',
    checkpointKey: { thumbprint },
    checkpointCopy: undefined,
    retentionMs: 400 * 86_400_000,
  })
  expect(problemsOf(`${folder.sound}audit: { folder: trail }\n`)).toHaveLength(2)
})

test('a config prints neither its secrets nor its keys', () => {
  const config = loadSound()
  const printed = `${inspect(config, { depth: 20, showHidden: true })} ${JSON.stringify(config)}`
  expect(printed).not.toMatch(/hunter2|ledger-canary|PRIVATE KEY|"d":/)
})

const WRONG = `cluster:
  name: orders prod
  bootstraps: [127.0.0.1:9092]
  sasl: { mechanism: scram-sha-1, username: gateway, password: hunter2 }
  credentials:
    - match: { issuer: elsewhere, subject: a, group: b }
      sasl: { mechanism: plain, username: 7, password: { env: NOWHERE } }
listener:
  host: 0.0.0.0
  port: 19101
  brokers: { firstPort: 19100, ids: 2-0 }
  insecure: true
  tls: { cert: nowhere.pem, key: cert.pem }
http:
  port: 70000
  publicUrl: http://gateway.example/path
issuers:
  - name: corp
    issuer: https://idp.example
    audiences: []
    algorithms: [HS256, ES256]
    clientCredentials: { scope: kafka }
  - name: corp
    issuer: http://idp.example
    audiences: [headgate]
    algorithms: [ES256]
    groupclaim: groups
    clientCredentials:
tokens: { lifetimeSeconds: 3600, signingKey: { file: bundle-key.jwk.json } }
bundles: { currentKey: { file: token-key.jwk.json, env: A }, nextThumbprint: short }
limits: { maxFrameBytes: 1 }
extra: true
`

test('every problem comes at once, with its place, what is wrong and the mend [config-problems-at-once]', () => {
  const result = loadGatewayConfig(folder.write('wrong.yaml', WRONG), {
    environment,
  })
  const lines = result.ok ? [] : result.problems.map(formatSourceProblem)
  const shown = lines.map((line) => line.replaceAll(`${folder.path}/`, ''))

  expect(shown).toMatchInlineSnapshot(`
    [
      "wrong.yaml:1:1: \`cluster.bootstrap\` is missing; add \`bootstrap:\` with a list (ERR_GATEWAY_CONFIG_MISSING_KEY)",
      "wrong.yaml:1:1: \`cluster.tls\` is missing; add \`tls:\`, or \`insecure: true\` where plaintext is meant (ERR_GATEWAY_CONFIG_INSECURE)",
      "wrong.yaml:1:1: \`policy\` is missing; add \`policy:\` with a text (ERR_GATEWAY_CONFIG_MISSING_KEY)",
      "wrong.yaml:2:9: \`cluster.name\` is no name; use up to 100 letters, digits, \`.\`, \`_\` and \`-\` (ERR_GATEWAY_CONFIG_NAME_INVALID)",
      "wrong.yaml:3:3: \`cluster.bootstraps\` is not known; did you mean \`bootstrap\`? (ERR_GATEWAY_CONFIG_UNKNOWN_KEY)",
      "wrong.yaml:4:22: \`cluster.sasl.mechanism\` is none of the allowed words; write one of \`PLAIN\`, \`SCRAM-SHA-256\`, \`SCRAM-SHA-512\` (ERR_GATEWAY_CONFIG_NOT_ALLOWED)",
      "wrong.yaml:4:64: \`cluster.sasl.password\` stands in the config itself; put it in a file and write \`{ file: … }\`, or in the environment and write \`{ env: NAME }\` (ERR_GATEWAY_CONFIG_SECRET_INLINE)",
      "wrong.yaml:6:7: \`cluster.credentials[0].match.subject\` or \`group\`: one is wanted; give exactly one of them (ERR_GATEWAY_CONFIG_CONFLICT)",
      "wrong.yaml:6:24: issuer \`elsewhere\` is not configured; name one of \`issuers\` (ERR_GATEWAY_CONFIG_ISSUER_UNKNOWN)",
      "wrong.yaml:7:43: \`cluster.credentials[0].sasl.username\` is no text; put it in quotes (ERR_GATEWAY_CONFIG_WRONG_TYPE)",
      "wrong.yaml:7:63: variable \`NOWHERE\` is not set; set it where the gateway starts (ERR_GATEWAY_CONFIG_SECRET_EMPTY)",
      "wrong.yaml:9:9: \`listener.advertisedHost\` is missing; add \`advertisedHost:\` with the name that clients reach the gateway by (ERR_GATEWAY_CONFIG_MISSING_KEY)",
      "wrong.yaml:11:37: \`listener.brokers.ids\` is no range of broker ids; write one id, or the first and the last as in \`0-2\`; at most 1000 (ERR_GATEWAY_CONFIG_OUT_OF_RANGE)",
      "wrong.yaml:12:13: \`listener.insecure\` contradicts \`tls\`; keep \`tls\` alone (ERR_GATEWAY_CONFIG_CONFLICT)",
      "wrong.yaml:13:16: file \`nowhere.pem\` cannot be read (ENOENT); put it at \`nowhere.pem\`, readable by the gateway, or name another (ERR_GATEWAY_CONFIG_FILE_UNREADABLE)",
      "wrong.yaml:13:34: file \`cert.pem\` holds no PEM private key without a passphrase; name the PEM key of the certificate (ERR_GATEWAY_CONFIG_PEM_INVALID)",
      "wrong.yaml:14:1: \`http.tls\` is missing; add \`tls:\`, or \`insecure: true\` where plaintext is meant (ERR_GATEWAY_CONFIG_INSECURE)",
      "wrong.yaml:15:9: \`http.port\` is out of range; write a whole number, 0 to 65535 (ERR_GATEWAY_CONFIG_OUT_OF_RANGE)",
      "wrong.yaml:16:14: \`http.publicUrl\` cannot be used; leave the path out (ERR_GATEWAY_CONFIG_URL_INVALID)",
      "wrong.yaml:20:16: \`issuers[0].audiences\` is empty; write a list with at least one member (ERR_GATEWAY_CONFIG_WRONG_TYPE)",
      "wrong.yaml:21:18: \`issuers[0].algorithms\` is none of the allowed words; write one of \`ES256\`, \`ES384\`, \`ES512\`, \`RS256\`, \`RS384\`, \`RS512\`, \`PS256\`, \`PS384\`, \`PS512\`, \`Ed25519\`, \`EdDSA\` (ERR_GATEWAY_CONFIG_NOT_ALLOWED)",
      "wrong.yaml:23:11: \`corp\` stands here twice; keep one of the two (ERR_GATEWAY_CONFIG_DUPLICATE)",
      "wrong.yaml:24:13: \`issuers[1].issuer\` is plaintext to another machine; use https, or say \`insecure: true\` beside it (ERR_GATEWAY_CONFIG_INSECURE)",
      "wrong.yaml:27:5: \`issuers[1].groupclaim\` is not known; did you mean \`groupsClaim\`? (ERR_GATEWAY_CONFIG_UNKNOWN_KEY)",
      "wrong.yaml:28:23: \`issuers[1].clientCredentials\` is no mapping; write its keys below it, indented (ERR_GATEWAY_CONFIG_WRONG_TYPE)",
      "wrong.yaml:28:23: a second issuer has \`clientCredentials\`; keep them at one issuer (ERR_GATEWAY_CONFIG_CONFLICT)",
      "wrong.yaml:29:28: \`tokens.lifetimeSeconds\` is out of range; write a whole number, 10 to 300 (ERR_GATEWAY_CONFIG_OUT_OF_RANGE)",
      "wrong.yaml:29:54: \`bundle-key.jwk.json\` holds no token key: it is not an EC P-256 key; make one: headgate keys create --type token --out <file> (ERR_GATEWAY_CONFIG_KEY_INVALID)",
      "wrong.yaml:30:12: \`bundles.currentKey\` wants one of \`file\` and \`env\`; put it in a file and write \`{ file: … }\`, or in the environment and write \`{ env: NAME }\` (ERR_GATEWAY_CONFIG_CONFLICT)",
      "wrong.yaml:30:32: \`token-key.jwk.json\` holds no bundle key: it is not an Ed25519 key; make one: headgate keys create --type bundle --out <file> (ERR_GATEWAY_CONFIG_KEY_INVALID)",
      "wrong.yaml:30:78: \`bundles.nextThumbprint\` is no thumbprint; write the 43 characters that \`headgate keys create\` printed (ERR_GATEWAY_CONFIG_KEY_INVALID)",
      "wrong.yaml:31:26: \`limits.maxFrameBytes\` is out of range; write a whole number, 65536 to 2146435072 (ERR_GATEWAY_CONFIG_OUT_OF_RANGE)",
      "wrong.yaml:32:1: \`extra\` is not known; remove it; known here: \`cluster\`, \`listener\`, \`http\`, \`issuers\`, \`samlIssuers\`, \`tokens\`, \`bundles\`, \`policy\`, \`policyReloadSeconds\`, \`modes\`, \`masking\`, \`store\`, \`audit\`, \`limits\` (ERR_GATEWAY_CONFIG_UNKNOWN_KEY)",
    ]
  `)
  expect(shown.join('\n')).not.toMatch(/hunter2|canary/)
})

test('a file that cannot be read, is no YAML, or holds no mapping is a problem with a place [config-problems-at-once]', () => {
  const missing = loadGatewayConfig(join(folder.path, 'nowhere.yaml'))
  expect(missing).toMatchObject({
    ok: false,
    problems: [{ line: 1, column: 1, code: 'ERR_GATEWAY_CONFIG_FILE_UNREADABLE' }],
  })
  expect(problemsOf('- a\n- b\n')).toEqual(['1:1 ERR_GATEWAY_CONFIG_WRONG_TYPE'])
  expect(problemsOf('')).toEqual(['1:1 ERR_GATEWAY_CONFIG_WRONG_TYPE'])
  expect(problemsOf('cluster: {\n')).toContain('2:1 ERR_GATEWAY_CONFIG_YAML')
})

describe('YAML that says two things, or hides one', () => {
  test.each([
    ['a key twice', 'listener:\n', 'policy: other.yaml\nlistener:\n', 'YAML'],
    ['an alias', 'policy: policy.yaml', 'policy: &p policy.yaml\npolicyReloadSeconds: *p', 'YAML'],
    ['a tag', 'policy: policy.yaml', 'policy: !!js/function policy.yaml', 'YAML'],
    ['a second document', 'policy: policy.yaml', 'policy: policy.yaml\n---\ncluster: {}', 'YAML'],
  ])('%s', (_name, from, to, code) => {
    expect(problemsOfChange(from, to).join()).toContain(code)
  })

  test('a syntax error quotes nothing of the text', () => {
    const text = folder.sound.replace('{ file: gateway.password }', '"canary" canary2 canary3')
    const result = loadGatewayConfig(folder.write('wrong.yaml', text), { environment })
    expect(result.ok).toBe(false)
    expect(JSON.stringify(result)).not.toContain('canary')
  })
})

describe('security is explicit', () => {
  test.each([
    ['a listener without TLS', '  tls: { cert: cert.pem, key: key.pem }\nhttp:', 'http:', ['11:1 INSECURE']],
    ['brokers without TLS', '  tls: { ca: cert.pem, serverName: kafka.internal }\n', '', ['1:1 INSECURE']],
    [
      'TLS and its absence',
      '  tls: { ca: cert.pem, serverName: kafka.internal }',
      '  insecure: true\n  tls: {}',
      ['4:13 CONFLICT'],
    ],
    ['an issuer in plaintext', 'issuer: https://idp.example', 'issuer: http://idp.example', ['23:13 INSECURE']],
    [
      'a public address with a path',
      'publicUrl: https://localhost:18080',
      'publicUrl: https://localhost:18080/x',
      ['19:14 URL_INVALID'],
    ],
    [
      'a public address in another form',
      'publicUrl: https://localhost:18080',
      'publicUrl: https://LOCALHOST:18080/',
      ['19:14 URL_INVALID'],
    ],
    [
      'a public address without the TLS that there is',
      'publicUrl: https://localhost:18080',
      'publicUrl: http://localhost:18080',
      ['19:14 CONFLICT'],
    ],
    [
      'one elsewhere without the TLS that there is',
      'publicUrl: https://localhost:18080',
      'publicUrl: http://gateway.example',
      ['19:14 CONFLICT'],
    ],
    ['a symmetric algorithm', 'algorithms: [ES256]', 'algorithms: [HS256]', ['25:18 NOT_ALLOWED']],
    ['no algorithm', 'algorithms: [ES256]', 'algorithms: [none]', ['25:18 NOT_ALLOWED']],
    ['no token key', 'tokens: { signingKey: { file: token-key.jwk.json } }', 'tokens: {}', ['28:1 MISSING_KEY']],
    ['a bundle key for tokens', 'file: token-key.jwk.json', 'file: bundle-key.jwk.json', ['28:31 KEY_INVALID']],
    ['the gateway as its issuer', 'issuer: https://idp.example', 'issuer: https://localhost:18080', ['23:13 CONFLICT']],
  ])('%s', (_name, from, to, problems) => {
    expect(problemsOfChange(from, to)).toEqual(problems)
  })

  test.each([
    [
      'TLS that ends before the gateway',
      '  tls: { cert: cert.pem, key: key.pem }\nissuers',
      '  insecure: true\nissuers',
    ],
    ['an issuer in plaintext on loopback', 'issuer: https://idp.example', 'issuer: http://127.0.0.1:4000'],
    ['an issuer said to be insecure', 'issuer: https://idp.example', 'issuer: http://idp.example\n    insecure: true'],
    [
      'a gateway said to be insecure',
      'publicUrl: https://localhost:18080\n  tls: { cert: cert.pem, key: key.pem }',
      'publicUrl: http://gateway.example\n  insecure: true',
    ],
    ['brokers said to be insecure', '  tls: { ca: cert.pem, serverName: kafka.internal }', '  insecure: true'],
  ])('%s is taken', (_name, from, to) => {
    expect(problemsOfChange(from, to)).toEqual([])
  })

  test('of a list of certificates each one is looked at: a file that is half written is no shorter list', async () => {
    const [first, second] = [await createTestCertificate(), await createTestCertificate()]
    const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    const half = second.certPem.slice(0, second.certPem.length / 2)
    const problemsOf = (text: string): string[] => {
      folder.write('list.pem', text)
      folder.write('list-key.pem', first.keyPem)
      return [
        ...problemsOfChange('ca: cert.pem', 'ca: list.pem'),
        ...problemsOfChange('key: key.pem }\nhttp', 'key: key.pem, clientCa: list.pem }\nhttp'),
        ...problemsOfChange('ca: cert.pem', 'cert: list.pem, key: list-key.pem'),
      ]
    }
    expect(problemsOf(`words\n${first.certPem}\n${second.certPem}`)).toEqual([])
    const all = ['4:14 PEM_INVALID', '16:50 PEM_INVALID', '4:16 PEM_INVALID']
    for (const rest of [half, damaged, `${damaged}${second.certPem}`, '-----BEGIN CERTIFICATE-----\n'])
      expect(problemsOf(`${first.certPem}\n${rest}`)).toEqual(all)
  })

  test('the key of another certificate is a problem', async () => {
    folder.write('other.pem', (await createTestCertificate()).keyPem)
    expect(problemsOfChange('key: key.pem }\nhttp', 'key: other.pem }\nhttp')).toEqual(['16:31 PEM_INVALID'])
  })
})

describe('ports', () => {
  test.each([
    ['the bootstrap port among those of brokers', 'port: 19092', 'port: 19102', ['14:9 PORT_OVERLAP']],
    ['the HTTP port among those of brokers', 'port: 18080', 'port: 19100', ['18:9 PORT_OVERLAP']],
    ['one port for both', 'port: 18080', 'port: 19092', ['18:9 PORT_OVERLAP']],
    ['a broker past the last port', 'firstPort: 19100, ids: 0-2', 'firstPort: 65534, ids: 0-2', ['15:25 OUT_OF_RANGE']],
    ['no ids', 'firstPort: 19100, ids: 0-2', 'firstPort: 19100', ['15:3 MISSING_KEY']],
    ['names for brokers, which TLS tells apart', 'firstPort: 19100, ids: 0-2', 'domain: kafka.example', []],
    ['a domain that is none', 'firstPort: 19100, ids: 0-2', 'domain: "*.kafka"', ['15:22 OUT_OF_RANGE']],
    [
      'every address, and none to tell clients',
      '  host: 127.0.0.1\n  advertisedHost: localhost',
      '  host: 0.0.0.0',
      ['12:9 MISSING_KEY'],
    ],
  ])('%s', (_name, from, to, problems) => {
    expect(problemsOfChange(from, to)).toEqual(problems)
  })

  test('the port of a broker is a function of its id, and an undeclared id has none', () => {
    const { brokers } = loadSound().listener
    if ('domain' in brokers) throw new TypeError('ports are wanted')
    expect([0, 1, 2, 3, -1].map((id) => brokerPort(brokers, id))).toEqual([19100, 19101, 19102, undefined, undefined])
  })
})

test('a principal signs in to the brokers with its own credential, else with that of the cluster', () => {
  const { cluster } = loadSound()
  const userOf = (issuer: string, subject: string, groups: readonly string[] | undefined): string | undefined =>
    upstreamCredentialFor(cluster, { issuer, subject, groups })?.username

  expect(userOf('corp', 'ledger', undefined)).toBe('ledger')
  expect(userOf('corp', 'report', ['analytics'])).toBe('analytics')
  expect(userOf('corp', 'report', undefined)).toBe('gateway')
  expect(userOf('partner', 'ledger', ['analytics'])).toBe('gateway')
})

test('a key file is new, readable by its owner only, and never overwritten', () => {
  const path = join(folder.path, 'new-key.jwk.json')
  const key = createKeyFile('bundle', path)

  expect(key.thumbprint).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(() => createKeyFile('bundle', path)).toThrow(expect.objectContaining({ code: 'ERR_GATEWAY_KEY_FILE_EXISTS' }))
})
