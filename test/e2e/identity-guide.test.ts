import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, tokenFile } from '@headgate/kafkajs'
import { type CryptoKey, exportJWK, exportPKCS8, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { watchdog } from '../kafka/watchdog.ts'
import { startWorld, type World } from '../world/start-world.ts'

const GUIDE = join(import.meta.dirname, '../../docs/guides/identity-per-platform.md')

interface IssuerBlock {
  readonly name: string
  readonly type?: string
  readonly issuer?: string
  readonly jwksUri?: string
  readonly algorithms: readonly string[]
}

interface RuleBlock {
  readonly id: string
  readonly may: Readonly<Record<string, readonly string[]>>
}

/** A platform of the guide whose tokens are shown. */
interface Platform {
  readonly title: string
  readonly issuer: IssuerBlock
  readonly rules: readonly RuleBlock[]
  readonly token: Readonly<Record<string, unknown>>
}

let server: Server
let folder: string
let world: World
let platforms: readonly Platform[]
const keys = new Map<string, CryptoKey>()
const jwks: JWK[] = []

const guide = await readFile(GUIDE, 'utf8')
const sections = guide.split(/^## /m).slice(1)
const titled = sections.map((section) => ({ title: section.split('\n', 1)[0] ?? '', section }))

function blockOf(section: string, start: string): string | undefined {
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]
    .map(([, language, text = '']) => ({ language, text }))
    .find(({ language, text }) => (start === 'json' ? language === 'json' : text.startsWith(start)))?.text
}

function readPlatforms(): readonly Platform[] {
  return titled.flatMap(({ title, section }): Platform[] => {
    const [issuer, rules, token] = ['# gateway.yaml', '# policy.yaml', 'json'].map((start) => blockOf(section, start))
    if (issuer === undefined || rules === undefined || token === undefined) return []
    const [block] = parse(issuer) as readonly IssuerBlock[]
    if (block === undefined) throw new Error(`${title}: no issuer`)
    return [{ title, issuer: block, rules: parse(rules) as readonly RuleBlock[], token: JSON.parse(token) }]
  })
}

/** An address of the guide, at the stand-in for all its issuers. */
function local(address: string): string {
  const { port } = server.address() as AddressInfo
  return address.replace('https://', `http://127.0.0.1:${port}/`)
}

function asLocal({ issuer, jwksUri, ...rest }: IssuerBlock): object {
  return {
    ...rest,
    ...(issuer === undefined ? {} : { issuer: local(issuer) }),
    ...(jwksUri === undefined ? {} : { jwksUri: local(jwksUri) }),
    insecure: true,
  }
}

async function startIssuers(): Promise<void> {
  for (const algorithm of ['RS256', 'ES256']) {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
    keys.set(algorithm, privateKey)
    const use = algorithm === 'ES256' ? 'jwt-svid' : 'sig'
    jwks.push({ ...(await exportJWK(publicKey)), kid: algorithm, alg: algorithm, use })
  }
  server = createServer(({ url = '', headers }, response) => {
    const issuer = `http://${headers.host}${url.replace('/.well-known/openid-configuration', '')}`
    const isDiscovery = url.endsWith('/.well-known/openid-configuration')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: jwks }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}

async function sign({ issuer, token }: Platform, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const [algorithm = ''] = issuer.algorithms
  const key = keys.get(algorithm)
  if (key === undefined) throw new Error(`no key for ${algorithm}`)
  const jwt = new SignJWT({ ...token, ...changes })
    .setProtectedHeader({ alg: algorithm, kid: algorithm, ...(issuer.type === undefined ? { typ: 'JWT' } : {}) })
    .setIssuedAt()
    .setExpirationTime('10 minutes')
  return (issuer.issuer === undefined ? jwt : jwt.setIssuer(local(issuer.issuer))).sign(key)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-identity-guide-'))
  watchdog().watchFolder(folder)
  await startIssuers()
  platforms = readPlatforms()
  const rules = titled.flatMap(({ section }) => (parse(blockOf(section, '# policy.yaml') ?? '[]') ?? []) as object[])
  const saml = parse(blockOf(guide, '# samlIssuers') ?? '[]') as readonly object[]
  world = await startWorld({
    clients: [
      { clientId: 'billing', groups: [] },
      { clientId: SIGNING, groups: [], publicJwk: await writeClientKey(join(folder, 'client.pem')) },
    ],
    topics: ['orders', 'invoices', 'carts', 'catalog', 'payments', 'ledgers'].map((topic) => ({
      topic,
      partitions: 1,
    })),
    policy: JSON.stringify({ rules }),
    configure: (config) => ({
      ...config,
      issuers: [corpOf(config), ...platforms.map(({ issuer }) => asLocal(issuer))],
      // Any certificate will do where no assertion is brought.
      samlIssuers: saml.map((issuer) => ({ ...issuer, certificates: { current: certificateOf(config) } })),
    }),
  })
}, 120_000)

afterAll(async () => {
  await world?.close()
  server?.close()
  await rm(folder, { recursive: true, force: true })
  watchdog().forgetFolder(folder)
})

/** The issuer of the first platform, at the world's identity provider. */
function corpOf(config: Readonly<Record<string, unknown>>): object {
  const [{ issuer }] = config['issuers'] as readonly [{ issuer: string }]
  const [corp] = parse(blockOf(guide, '# gateway.yaml') ?? '') as readonly object[]
  return { ...corp, issuer }
}

/** The client that signs for itself; the other platform's has the name of the guide. */
const SIGNING = 'billing-by-key'

async function writeClientKey(path: string): Promise<JWK> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  await writeFile(path, await exportPKCS8(privateKey), { mode: 0o600 })
  return { ...(await exportJWK(publicKey)), kid: SIGNING, alg: 'ES256' }
}

function certificateOf(config: Readonly<Record<string, unknown>>): string {
  return (config['http'] as { tls: { cert: string } }).tls.cert
}

function kafkaOf(path: string): Kafka {
  return new Kafka({
    clientId: 'guide',
    logLevel: 0,
    headgate: {
      gateway: world.httpUrl,
      bundleKeys: [world.files.bundleKeyThumbprint],
      ca: world.ca.path,
      identity: tokenFile(path),
    },
  })
}

async function connect(path: string): Promise<Kafka> {
  const kafka = kafkaOf(path)
  const admin = kafka.admin()
  await admin.connect()
  await admin.disconnect()
  return kafka
}

test('the guide shows the tokens of five platforms', () => {
  expect(platforms.map(({ title }) => title)).toEqual([
    'Kubernetes',
    'SPIFFE',
    'GitHub Actions',
    'GitLab CI',
    'Microsoft Entra',
  ])
})

test.each(titled.filter(({ section }) => section.includes('```json')).map(({ title }) => title))(
  '%s: with a token like the one that is shown, the service gets what the rules say [guide-identity]',
  async (title) => {
    const platform = platforms.find((each) => each.title === title)
    if (platform === undefined) throw new Error(title)
    const path = join(folder, `${platform.issuer.name}.jwt`)
    await writeFile(path, await sign(platform))
    const kafka = await connect(path)
    for (const { may } of platform.rules) {
      for (const [verb, operation] of [
        ['produce', 'produce'],
        ['consume', 'consume'],
      ] as const) {
        for (const topic of may[verb] ?? []) {
          expect(await kafka.access().can(operation, topic)).toBe(true)
        }
      }
    }
    expect(await kafka.access().can('produce', 'ledgers')).toBe(false)
  },
  60_000,
)

/** What a section has its service set, with what stands for it here. */
function environmentOf(start: string, replaced: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const section = titled.find(({ title }) => title.endsWith(start))?.section ?? ''
  const set = [...section.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [
    name,
    replaced[name] ?? value,
  ])
  return {
    ...Object.fromEntries(set),
    HEADGATE_GATEWAY: world.httpUrl,
    HEADGATE_BUNDLE_KEYS: world.files.bundleKeyThumbprint,
    HEADGATE_CA: world.ca.path,
  }
}

test('a client and a secret: what is set is all that the service needs', async () => {
  const secretPath = join(folder, 'secret')
  await writeFile(secretPath, world.secretOf('billing'))
  const environment = environmentOf('a client and a secret', {
    HEADGATE_ISSUER: world.identity.issuer,
    HEADGATE_CLIENT_SECRET_FILE: secretPath,
  })
  for (const [name, value] of Object.entries({ ...environment, HEADGATE_INSECURE: 'true' })) vi.stubEnv(name, value)
  const producer = new Kafka({ clientId: 'billing', logLevel: 0 }).producer()
  try {
    await producer.connect()
    await producer.send({ topic: 'invoices', messages: [{ value: 'one' }] })
    await expect(producer.send({ topic: 'orders', messages: [{ value: 'one' }] })).rejects.toMatchObject({
      code: 'ERR_KAFKAJS_DENIED',
    })
  } finally {
    await producer.disconnect()
    vi.unstubAllEnvs()
  }
}, 60_000)

test('a key instead of a secret: the service signs for itself', async () => {
  const environment = environmentOf('a key instead of a secret', {
    HEADGATE_ISSUER: world.identity.issuer,
    HEADGATE_CLIENT_ID: SIGNING,
    HEADGATE_CLIENT_PRIVATE_KEY: join(folder, 'client.pem'),
  })
  const changed = { ...environment, HEADGATE_CLIENT_ID: SIGNING, HEADGATE_INSECURE: 'true' }
  for (const [name, value] of Object.entries(changed)) vi.stubEnv(name, value)
  try {
    // It is known, and no rule names it.
    await expect(new Kafka({ clientId: SIGNING, logLevel: 0 }).producer().connect()).rejects.toMatchObject({
      code: 'ERR_KAFKAJS_NO_RULE',
      message: expect.stringContaining(SIGNING),
    })
  } finally {
    vi.unstubAllEnvs()
  }
}, 60_000)

test('a token of somebody else is refused: other owner, other tenant, other audience', async () => {
  for (const [title, changes] of [
    ['GitHub Actions', { repository_owner_id: '7654321' }],
    ['GitLab CI', { ref_protected: 'false' }],
    ['Microsoft Entra', { tid: '00000000-0000-4000-8000-000000000000' }],
    ['Kubernetes', { aud: ['vault'] }],
    ['SPIFFE', { sub: 'spiffe://other.example/ns/finance/sa/ledger' }],
  ] as const) {
    const platform = platforms.find((each) => each.title === title)
    if (platform === undefined) throw new Error(title)
    const path = join(folder, `${platform.issuer.name}-other.jwt`)
    await writeFile(path, await sign(platform, changes))
    await expect(connect(path)).rejects.toMatchObject({ code: 'ERR_KAFKAJS_IDENTITY_REFUSED' })
  }
}, 120_000)

test('the pod mounts its token where its variable points, for the audience that the gateway takes', () => {
  const pod = parse(blockOf(guide, '# pod.yaml') ?? '') as {
    spec: {
      containers: [{ env: [{ value: string }]; volumeMounts: [{ name: string; mountPath: string }] }]
      volumes: [{ name: string; projected: { sources: [{ serviceAccountToken: { path: string; audience: string } }] } }]
    }
  }
  const [{ env, volumeMounts }] = pod.spec.containers
  const [{ name, projected }] = pod.spec.volumes
  const [{ serviceAccountToken }] = projected.sources
  expect(volumeMounts[0].name).toBe(name)
  expect(env[0].value).toBe(`${volumeMounts[0].mountPath}/${serviceAccountToken.path}`)
  expect(serviceAccountToken.audience).toBe('headgate')
  expect(guide).toContain(`export HEADGATE_TOKEN_FILE=${env[0].value}\n`)
})
