import { type Clock, type Secret, systemClock } from '@headgate/core'
import type { Program, VerifiedBundle } from '@headgate/policy'
import { Kafka as KafkajsKafka, logLevel } from '#kafkajs'
import type { Environment } from '../config/environment.ts'
import type { HeadgateOptions, ResolvedOptions } from '../config/options.ts'
import { resolveOptions } from '../config/resolve-options.ts'
import { explainConnectFailure } from '../connection/connect-failure.ts'
import { createInnerConfig } from '../connection/inner-config.ts'
import { parseJsonObject, textMember } from '../http/json.ts'
import { createCluster, type DirectCluster } from '../kafkajs/internals.cjs'
import { BundleSource } from '../session/bundle-source.ts'
import { type GatewayLink, openGatewayLink } from '../session/gateway-link.ts'
import { GatewaySession } from '../session/gateway-session.ts'
import { type DiagnosisStep, type DiagnosisStepName, type StepOutcome, takeStep } from './diagnosis-step.ts'
import { describeTopics, fetchFirst, type GrantedTopics, listGrantedTopics } from './kafka-steps.ts'

/** What {@link diagnose} is given. */
export interface DiagnosisOptions {
  /** As in the service's code; the rest comes from the environment. */
  readonly headgate?: HeadgateOptions
  /** `process.env` when absent. */
  readonly environment?: Environment
  readonly clientId?: string
}

const RETRY = { retries: 1, initialRetryTime: 100 }
const SILENT = { policyChanged: () => {}, renewalFailed: () => {} }

function claimsOf(token: Secret<string>): {
  readonly subject: string
  readonly issuer: string
  readonly groups: unknown
} {
  const [, payload = ''] = token.reveal().split('.')
  const claims = parseJsonObject(Buffer.from(payload, 'base64url'))
  const issuer = textMember(claims, 'idp') ?? textMember(claims, 'iss') ?? ''
  return { subject: textMember(claims, 'sub') ?? '', issuer, groups: claims?.['groups'] }
}

function describeConfiguration({ gateway, bundleKeys, identity, ca }: ResolvedOptions): StepOutcome {
  const facts = {
    gateway: gateway.origin,
    bundleKeys,
    identity: identity.kind,
    ca: ca === undefined ? 'system' : 'given',
  }
  return { message: `gateway \`${gateway.origin}\`, identity by ${identity.kind}`, facts }
}

function describeGateway({ metadata: { kafka } }: GatewayLink): StepOutcome {
  const { cluster, bootstrap, isTls } = kafka
  return { message: `it answers, for cluster \`${cluster}\``, facts: { cluster, bootstrap, isTls } }
}

function describePrincipal(token: Secret<string>): StepOutcome {
  const { subject, issuer, groups } = claimsOf(token)
  const known = Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : undefined
  const words = known === undefined ? 'groups unknown' : known.length === 0 ? 'no groups' : `groups ${known.join(', ')}`
  const message = `the gateway takes this service for \`${subject}\` of issuer \`${issuer}\`, ${words}`
  return { message, facts: { subject, issuer, ...(known && { groups: known }) } }
}

function describeBundle({ claims }: VerifiedBundle): StepOutcome {
  const { revision, expiresAtUnixMs } = claims
  return {
    message: `signed by a configured key, revision ${revision}`,
    facts: { revision, expires: new Date(expiresAtUnixMs).toISOString() },
  }
}

/** One run of the steps, each of which uses what those before it found. */
class Diagnosis {
  readonly #options: DiagnosisOptions
  readonly #clock: Clock
  readonly #session: GatewaySession
  #resolved: ResolvedOptions | undefined
  #link: GatewayLink | undefined
  #cluster: DirectCluster | undefined
  #topics: GrantedTopics | undefined

  constructor(options: DiagnosisOptions) {
    this.#options = options
    this.#clock = options.headgate?.clock ?? systemClock
    this.#session = new GatewaySession({ resolve: () => this.#known(), clock: this.#clock, observer: SILENT })
  }

  readonly steps: Readonly<Record<DiagnosisStepName, () => Promise<StepOutcome>>> = {
    configuration: async () => {
      const { headgate, environment = process.env } = this.#options
      this.#resolved = resolveOptions(headgate, environment)
      return describeConfiguration(this.#resolved)
    },
    gateway: async () => {
      this.#link = await openGatewayLink(this.#known(), this.#clock)
      return describeGateway(this.#link)
    },
    identity: async () => {
      const { identity, options } = this.#linked()
      const { token } = await identity.getToken({ clock: this.#clock, insecure: options.insecure })
      const { subject, issuer } = claimsOf(token)
      // A token that is no JWT tells nobody whose it is.
      const words = subject === '' ? 'a token was had' : `a token of \`${issuer}\` for \`${subject}\` was had`
      return { message: words, facts: { kind: identity.kind, ...(subject !== '' && { subject, issuer }) } }
    },
    exchange: async () => describePrincipal((await this.#linked().tokens.get()).token),
    bundle: async () => {
      const bundle = await new BundleSource(this.#linked(), this.#clock).fetch(undefined)
      // The session finds a policy that has no rule for this service.
      await this.#session.open()
      return bundle === undefined ? { message: 'unchanged' } : describeBundle(bundle)
    },
    'sign-in': () => this.#signIn(),
    metadata: async () => {
      this.#topics = await listGrantedTopics(this.#connected(), this.#program)
      return describeTopics(this.#topics)
    },
    fetch: () => fetchFirst(this.#connected(), this.#topics ?? NO_TOPICS),
  }

  async close(): Promise<void> {
    await this.#cluster?.disconnect().catch(() => {})
  }

  async #signIn(): Promise<StepOutcome> {
    const { clientId } = this.#options
    const own = { retry: RETRY, logLevel: logLevel.NOTHING, ...(clientId !== undefined && { clientId }) }
    const cluster = createCluster(new KafkajsKafka(createInnerConfig(own, this.#session)))
    const { bootstrap = [], isTls = true } = this.#session.target?.kafka ?? {}
    await cluster.connect().catch((error: unknown) => {
      throw explainConnectFailure(error, bootstrap)
    })
    this.#cluster = cluster
    const words = isTls ? 'TLS and SASL/OAUTHBEARER' : 'SASL/OAUTHBEARER, without TLS'
    return { message: `signed in at \`${bootstrap.join(', ')}\` by ${words}`, facts: { bootstrap, isTls } }
  }

  get #program(): Program {
    return this.#session.current().program
  }

  #known(): ResolvedOptions {
    return present(this.#resolved)
  }

  #linked(): GatewayLink {
    return present(this.#link)
  }

  #connected(): DirectCluster {
    return present(this.#cluster)
  }
}

const NO_TOPICS: GrantedTopics = { consume: [], produce: [], held: [], missing: [], groups: [] }

/** INVARIANT: a step is taken only after those before it went well. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a step was taken before its turn')
  return value
}

/**
 * Goes the way of a client, from its configuration to a first fetch, by the code that a client of this package uses, and tells
 * how each step went; the first that fails is the last. It joins no consumer group, reads no record, writes nothing and asks for no
 * approval.
 *
 * @example
 * ```ts
 * import { diagnose } from '@headgate/kafkajs'
 *
 * for await (const { name, status, message } of diagnose()) console.log(name, status, message)
 * ```
 */
export async function* diagnose(options: DiagnosisOptions = {}): AsyncGenerator<DiagnosisStep, void, void> {
  const diagnosis = new Diagnosis(options)
  try {
    for (const [name, take] of Object.entries(diagnosis.steps)) {
      const step = await takeStep(name as DiagnosisStepName, take)
      yield step
      if (step.status === 'failed') return
    }
  } finally {
    await diagnosis.close()
  }
}
