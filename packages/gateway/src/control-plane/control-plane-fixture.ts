// Test fixture: a control plane on a real port, with a test issuer, real keys and a policy file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, LogFields, LogPort } from '@headgate/core'
import type { GatewayConfig } from '../config/gateway-config.ts'
import type { IssuerConfig } from '../config/issuer-config.ts'
import { policyIssuersOf } from '../config/policy-issuers.ts'
import { createAuthenticator } from '../identity/authenticator.ts'
import { createKeyRings, type KeyRings } from '../identity/key-ring.ts'
import { Sessions } from '../identity/sessions.ts'
import { SubjectTokens } from '../identity/subject-tokens.ts'
import { TestClock, TestIssuer, testGatewayConfig, testIssuerConfig } from '../identity/token-fixture.ts'
import type { RecordSource } from '../record-source.ts'
import { openStore } from '../store/store.ts'
import { Asks } from './asks/asks.ts'
import { BundleWaiters } from './bundle-waiters.ts'
import { type ControlPlaneOptions, createControlPlane } from './control-plane.ts'
import { createPolicySource, type PolicyFileSource } from './policy-source.ts'
import { Revocations } from './revocations.ts'
import { SessionArchive } from './sessions/session-archive.ts'

/** A policy that lets producers write one topic. */
export function testPolicy(topic: string): string {
  return `rules:\n  - id: producers-write\n    who: { groups: [producers] }\n    may: { produce: [${topic}] }\n`
}

/** A log line as it was written. */
export interface LoggedLine extends LogFields {
  readonly level: string
  readonly message: string
}

/** A log port that collects. */
export function collectLog(): { readonly log: LogPort; readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = []
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, message, ...fields })
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}

/** Asks that nobody asks for anything. */
export function idleAsks(clock: Clock = new TestClock()): Asks {
  const openStore = () => Promise.reject(new Error('no store is wanted here'))
  return new Asks({ openStore, sink: async () => {}, log: collectLog().log, clock })
}

/** A running control plane and what is around it. */
export interface TestControlPlane {
  readonly url: string
  readonly clock: TestClock
  readonly issuer: TestIssuer
  readonly config: GatewayConfig
  readonly policySource: PolicyFileSource
  readonly policyPath: string
  /** In memory, and recorded nowhere. */
  readonly asks: Asks
  readonly lines: LoggedLine[]
  /** The requests that wait for another bundle. */
  readonly waiters: BundleWaiters
  readonly keys: KeyRings
  /** Posts a form to `/token`. */
  exchange(
    form: Readonly<Record<string, string>> | string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>
  /** Exchanges a token of the issuer; gives the gateway token. */
  gatewayToken(claims?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

/** The members of a usual exchange. */
export const EXCHANGE: Readonly<Record<string, string>> = Object.freeze({
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
})

function post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const contentType = { 'content-type': 'application/x-www-form-urlencoded' }
  return fetch(`${url}/token`, { method: 'POST', body, headers: { ...contentType, ...headers } })
}

/** What of a control plane's surroundings a test gives itself. */
export type TestSurroundings = Partial<Pick<ControlPlaneOptions, 'archive' | 'records' | 'audit' | 'spent'>> & {
  /** How its issuer is configured. */
  readonly issuer?: Partial<IssuerConfig>
}

/** Brokers that never answer. */
const noRecords: RecordSource = {
  read: async () => ({
    ...{ outcome: 'unreachable', topicId: undefined, logStartOffset: undefined },
    records: Buffer.alloc(0),
  }),
}

/** Starts one. */
export async function startTestControlPlane(
  changes: Partial<GatewayConfig> = {},
  surroundings: TestSurroundings = {},
): Promise<TestControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-control-'))
  const policyPath = join(folder, 'policy.yaml')
  writeFileSync(policyPath, testPolicy('orders'))
  const clock = new TestClock()
  const issuer = await new TestIssuer(clock).start()
  const policy = { path: policyPath, reloadSeconds: 0 }
  const config = testGatewayConfig([testIssuerConfig(issuer, surroundings.issuer)], { policy, ...changes })
  const { log, lines } = collectLog()
  const policySource = createPolicySource({
    policy: config.policy,
    issuers: policyIssuersOf(config),
    log,
    clock,
  })
  const sessions = new Sessions(clock)
  const keys = createKeyRings(config, clock)
  const subjectTokens = new SubjectTokens(clock)
  const revocations = new Revocations({ clock, subjectTokens })
  revocations.subscribe(({ sessionId, untilUnixMs }) => sessions.revoke(sessionId, untilUnixMs))
  const authenticator = createAuthenticator({ config, log, clock, sessions, keys, subjectTokens })
  const asks = new Asks({ openStore: () => openStore({ store: undefined, log }), sink: async () => {}, log, clock })
  const archive = new SessionArchive({
    ...{ index: undefined, log, clock },
    openStore: () => openStore({ store: undefined, log }),
  })
  const waiters = new BundleWaiters(clock)
  const parts = {
    config,
    authenticator,
    policySource,
    asks,
    archive,
    records: noRecords,
    log,
    clock,
    waiters,
    revocations,
    keys,
  }
  const controlPlane = createControlPlane({ ...parts, ...surroundings })
  const close = async (): Promise<void> => {
    await controlPlane.close()
    await authenticator.close()
    await asks.close()
    policySource.close()
    await issuer.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const { port } = await controlPlane.start().catch(async (cause: unknown) => {
    await close()
    throw cause
  })
  const url = `${config.http.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const exchange: TestControlPlane['exchange'] = (form, headers = {}) =>
    post(url, typeof form === 'string' ? form : new URLSearchParams(form).toString(), headers)
  return {
    ...{ url, clock, issuer, config, policySource, policyPath, asks, lines, exchange, waiters, keys },
    gatewayToken: async (claims = {}) => {
      const response = await exchange({ ...EXCHANGE, subject_token: await issuer.sign(claims) })
      return ((await response.json()) as { access_token: string }).access_token
    },
    close,
  }
}
