// Test fixture: an issuer with real keys on a real HTTP server, a clock that stands still, and a config around them.
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock, ClockTimer } from '@headgate/core'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { GatewayConfig, LimitsConfig } from '../config/gateway-config.ts'
import type { IssuerConfig } from '../config/issuer-config.ts'
import { describeSigningKey } from '../config/signing-key.ts'

/** A clock that a test moves; timers fire when the time is moved past them. */
export class TestClock implements Clock {
  #nowMs: number
  #timers: { readonly atMs: number; readonly fire: () => void }[] = []

  constructor(startUnixMs: number = Date.now()) {
    this.#nowMs = startUnixMs
  }

  nowUnixMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, fire: () => void): ClockTimer {
    const timer = { atMs: this.#nowMs + delayMs, fire }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.length
  }

  /** Moves the time forward and fires what is due. */
  advance(deltaMs: number): void {
    this.#nowMs += deltaMs
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { fire } of due) fire()
  }
}

/** What an answer of the test issuer is made of. */
export interface TestAnswer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers a request to the test issuer. */
export type TestResponder = (body: string, request: IncomingMessage) => TestAnswer | Promise<TestAnswer>

/** An issuer whose answers a test can change. */
export class TestIssuer {
  readonly clock: Clock
  /** How often each path was asked. */
  readonly requests: Map<string, number> = new Map()
  /** Answers in place of the usual ones, by path. */
  readonly answers: Map<string, TestResponder> = new Map()
  url = ''
  publicJwk: JWK = {}
  readonly #server: Server
  #privateKey: CryptoKey | undefined

  constructor(clock: Clock) {
    this.clock = clock
    this.#server = createServer((request, response) => void this.#handle(request, response))
  }

  async start(): Promise<this> {
    const pair = await generateKeyPair('ES256', { extractable: true })
    this.#privateKey = pair.privateKey
    this.publicJwk = { ...(await exportJWK(pair.publicKey)), kid: 'issuer-1', alg: 'ES256', use: 'sig' }
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  /** Signs a token as the issuer does; claims and header members given replace the usual ones, `undefined` drops one. */
  async sign(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
    key?: CryptoKey,
  ): Promise<string> {
    const now = Math.floor(this.clock.nowUnixMs() / 1_000)
    const usual = { iss: this.url, aud: 'headgate', sub: 'orders', client_id: 'orders', groups: ['producers'] }
    const payload = { ...usual, iat: now, exp: now + 600, jti: crypto.randomUUID(), ...claims }
    const signer = new SignJWT(payload)
    signer.setProtectedHeader({ alg: 'ES256', kid: 'issuer-1', typ: 'at+jwt', ...header })
    return signer.sign(key ?? (this.#privateKey as CryptoKey))
  }

  requestsTo(path: string): number {
    return this.requests.get(path) ?? 0
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    this.requests.set(path, this.requestsTo(path) + 1)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const answer = await (this.answers.get(path)?.(Buffer.concat(chunks).toString(), request) ?? this.#usual(path))
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}))
  }

  async #usual(path: string): Promise<TestAnswer> {
    const { url } = this
    if (path === '/.well-known/openid-configuration') {
      return { status: 200, body: { issuer: url, jwks_uri: `${url}/jwks`, token_endpoint: `${url}/token` } }
    }
    if (path === '/jwks') return { status: 200, body: { keys: [this.publicJwk] } }
    if (path === '/token') {
      return { status: 200, body: { access_token: await this.sign(), token_type: 'Bearer', expires_in: 600 } }
    }
    return { status: 404 }
  }
}

/** The configuration of an issuer as the tests use it. */
export function testIssuerConfig(issuer: TestIssuer, changes: Partial<IssuerConfig> = {}): IssuerConfig {
  return {
    name: 'corp',
    type: 'oidc',
    issuer: issuer.url,
    audiences: ['headgate'],
    algorithms: ['ES256'],
    tokenType: 'at+jwt',
    clients: undefined,
    idTokenClients: [],
    requiredClaims: new Map(),
    subjectClaim: ['sub'],
    groupsClaim: ['groups'],
    groups: { aliases: new Map(), assertable: undefined },
    kind: undefined,
    claims: {},
    hosts: [],
    isPrivateNetworkAllowed: false,
    keysMaxStaleMs: 3_600_000,
    caPem: undefined,
    jwksUri: undefined,
    clientCredentials: { scope: undefined, resource: undefined },
    login: undefined,
    maxTokenLifetimeSeconds: 86_400,
    clockToleranceSeconds: 10,
    isPlaintextAllowed: true,
    ...changes,
  }
}

const LIMITS: LimitsConfig = {
  maxFrameBytes: 1_048_576,
  maxUnauthenticatedFrameBytes: 131_072,
  authenticationTimeoutMs: 10_000,
  maxConnections: 100,
  maxConnectionsPerAddress: 100,
  maxHttpConnectionsPerAddress: 50,
  idleTimeoutMs: 600_000,
  maxReauthenticationMs: 3_600_000,
  maxConcurrentVerifications: 8,
  maxFailedRequestsPerMinute: 1_000,
  maxTransactionTimeoutMs: 900_000,
}

/** A whole configuration with new keys, in plaintext on loopback. */
export function testGatewayConfig(
  issuers: readonly IssuerConfig[],
  changes: Partial<GatewayConfig> = {},
): GatewayConfig {
  const bootstrap = [{ host: '127.0.0.1', port: 9092 }]
  const tokenKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const bundleKey = generateKeyPairSync('ed25519').privateKey
  return {
    path: '/gateway.yaml',
    files: [],
    cluster: { name: 'orders-prod', bootstrap, tls: undefined, sasl: undefined, credentials: [] },
    listener: {
      host: '127.0.0.1',
      advertisedHost: 'localhost',
      port: 0,
      brokers: { firstPort: 19_100, firstId: 0, lastId: 2 },
      tls: undefined,
    },
    http: { host: '127.0.0.1', port: 0, publicUrl: 'https://gateway.example', tls: undefined },
    issuers,
    tokens: {
      lifetimeSeconds: 300,
      signingKey: describeSigningKey('token', tokenKey),
      revokers: [],
      certificateBound: [],
    },
    bundles: {
      currentKey: describeSigningKey('bundle', bundleKey),
      nextThumbprint: undefined,
      lifetimeSeconds: 900,
      refreshSeconds: 60,
    },
    policy: { path: '/policy.yaml', reloadSeconds: 0 },
    masking: { tokenKeys: [] },
    store: undefined,
    audit: undefined,
    limits: LIMITS,
    ...changes,
  }
}
