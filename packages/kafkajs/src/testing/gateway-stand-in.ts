import {
  type BundleClaims,
  type BundleKey,
  compileProgram,
  createBundleKey,
  createCanaries,
  demandsOf,
  type PolicyResidual,
  signBundle,
} from '@headgate/policy'
import { type HttpStandIn, type StandInAnswer, startHttpStandIn } from './http-stand-in.ts'
import { policyOf } from './policy.ts'

/** A gateway's HTTP side on this machine, with real keys and real bundles; a test changes what it says. */
export interface GatewayStandIn {
  readonly http: HttpStandIn
  readonly key: BundleKey
  /** Served at the bundle keys' address. */
  keys: unknown[]
  /** The rules that the next bundle carries, as YAML, and its revision. */
  policy: string
  revision: number
  /** Changed over the claims before they are signed. */
  claims: Partial<BundleClaims>
  /** What signs. */
  signingKey: BundleKey
  /** Answered instead of what would be answered, by path. */
  readonly instead: Map<string, StandInAnswer>
  readonly metadata: Record<string, unknown>
  /** The life of tokens, and how many were given out. */
  tokenSeconds: number
  tokens: number
  /** How often each path was asked for. */
  count(path: string): number
  /** Whether requests may wait for another bundle, and what answers those that do. */
  pushes: boolean
  wake(): void
  /** How many wait. */
  waiting: number
  /** Told to those who wait: differs after a step of an ask. */
  askStep: string
  now: () => number
}

const LIFE_MS = 120_000
const REFRESH_MS = 60_000
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function claimsOf(gateway: GatewayStandIn): BundleClaims {
  const { program } = policyOf(gateway.policy, gateway.revision)
  const residual: PolicyResidual = program.residual
  const now = gateway.now()
  return {
    version: 1,
    issuer: gateway.http.origin,
    audience: 'orders',
    subject: { issuer: 'corp', subject: 'orders' },
    cluster: 'test',
    revision: gateway.revision,
    issuedAtUnixMs: now,
    refreshAfterUnixMs: now + REFRESH_MS,
    expiresAtUnixMs: now + LIFE_MS,
    onStale: 'deny',
    mustUnderstand: demandsOf(residual),
    canaries: createCanaries(program),
    residual,
    programDigest: compileProgram(residual).digest,
    ...gateway.claims,
  }
}

/** As a gateway does: the same bundle until something of it changes, or it is to be renewed. */
function issueTags(gateway: GatewayStandIn): () => string {
  let [basis, issuedAt] = ['', 0]
  return () => {
    const { revision, policy, signingKey, claims } = gateway
    const next = JSON.stringify([revision, policy, signingKey.thumbprint, claims])
    if (next !== basis || gateway.now() >= issuedAt + REFRESH_MS) [basis, issuedAt] = [next, gateway.now()]
    return `"${revision}-${issuedAt}-${Buffer.from(basis).toString('base64url').slice(-20)}"`
  }
}

/** Starts a stand-in gateway whose Kafka listener is said to be on this port. */
export async function startGatewayStandIn(kafkaPort = 9092): Promise<GatewayStandIn> {
  const http = await startHttpStandIn()
  const key = await createBundleKey()
  const waiters: (() => void)[] = []
  const gateway: GatewayStandIn = {
    http,
    key,
    keys: [key.publicJwk],
    policy: 'rules: [{ id: r, who: everyone, may: { produce: [orders] } }]',
    revision: 1,
    claims: {},
    signingKey: key,
    instead: new Map(),
    metadata: {
      issuer: http.origin,
      token_endpoint: `${http.origin}/token`,
      headgate_bundle_endpoint: `${http.origin}/v1/bundle`,
      headgate_bundle_keys_uri: `${http.origin}/keys`,
      headgate_kafka_bootstrap: [`127.0.0.1:${kafkaPort}`],
      headgate_kafka_tls: false,
      headgate_cluster: 'test',
    },
    tokenSeconds: 300,
    tokens: 0,
    count: (path) => http.seen.filter((request) => request.path === path).length,
    now: Date.now,
    pushes: false,
    wake: () => {
      for (const answer of waiters.splice(0)) answer()
    },
    waiting: 0,
    askStep: '0',
  }
  const serve = (path: string, answer: () => StandInAnswer | Promise<StandInAnswer>): void =>
    void http.routes.set(path, () => gateway.instead.get(path) ?? answer())
  serve('/.well-known/oauth-authorization-server', () => ({ json: gateway.metadata }))
  serve('/keys', () => ({ json: { keys: gateway.keys } }))
  serve('/token', () => {
    const claims = encode({ client_id: 'orders', rev: 1, n: ++gateway.tokens })
    return { json: { access_token: `e30.${claims}.sig`, expires_in: gateway.tokenSeconds, token_type: 'Bearer' } }
  })
  const etagOf = issueTags(gateway)
  const wait = async (): Promise<void> => {
    gateway.waiting += 1
    await new Promise<void>((resolve) => waiters.push(resolve))
    gateway.waiting -= 1
  }
  http.routes.set('/v1/bundle', async ({ headers }) => {
    const isWait = gateway.pushes && headers['prefer'] !== undefined
    const isNews = (): boolean =>
      headers['if-none-match'] !== etagOf() || (headers['headgate-asks'] ?? gateway.askStep) !== gateway.askStep
    if (isWait && !gateway.instead.has('/v1/bundle') && !isNews()) await wait()
    const instead = gateway.instead.get('/v1/bundle')
    if (instead !== undefined) return instead
    const answered = {
      etag: etagOf(),
      ...(isWait && { 'preference-applied': 'wait', 'headgate-asks': gateway.askStep }),
    }
    if (headers['if-none-match'] === etagOf()) return { status: 304, headers: answered }
    const text = await signBundle(claimsOf(gateway), gateway.signingKey)
    return { headers: { ...answered, 'content-type': 'application/jose' }, text }
  })
  return gateway
}
