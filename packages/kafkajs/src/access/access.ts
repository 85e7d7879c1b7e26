import type { Clock } from '@headgate/core'
import { type ApprovalObligation, type Decision, type Effect, keepWords, reasonText } from '@headgate/policy'
import type { ApprovalAsk } from '../approvals/approval-ask.ts'
import type { Approvals } from '../approvals/approvals.ts'
import type { ConsumerHealth } from '../consumption/consumer-health.ts'
import { HeadgateConfigurationError } from '../errors.ts'
import type { TopicMasks } from '../masking/topic-mask.ts'
import type { AskWish } from '../session/gateway-asks.ts'
import { type AccessScope, type AccessVerb, readQuestion } from './access-question.ts'
import type { Ask } from './ask.ts'
import type { Gate } from './gate.ts'

/** What the policy says to one question. */
export interface AccessExplanation {
  /** `hold` wants an approval first; whether it was given is for the gateway to say. */
  readonly effect: Effect
  readonly reason: Decision['reason']
  /** One English sentence: what was decided and by which rule, and after a denial the smallest mend. */
  readonly text: string
  readonly ruleIds: readonly string[]
  /** What of each record is masked, by the policy's own names: `customer/ssn`, `header:x-user`, `key`; `only` where something is left out. */
  readonly masks: readonly string[]
  /** All that is shown of each record, in the words of the policy's `only`; absent where everything is. */
  readonly only?: readonly string[]
  /** The approvals that it wants; empty unless the effect is `hold`. */
  readonly approvals: readonly ApprovalObligation[]
  readonly policyRevision: number
  /** SHA-256 of the program that decided. */
  readonly programDigest: string
}

/** How a client is, for a readiness probe. */
export interface AccessHealth {
  /** A policy is in force, and no consumer was ended by anything but the application. */
  readonly isReady: boolean
  /** `none` before the first one; `stale` if it could not be renewed when it was due, and `expired` when it counts no more. */
  readonly policy: 'none' | 'in-force' | 'stale' | 'expired'
  /** -1 before the first one. */
  readonly policyRevision: number
  readonly policyExpiresAtUnixMs?: number
  /** Those that run, or that would if they could. */
  readonly consumers: readonly ConsumerHealth[]
}

/** The policy of a session, as far as an access tells of it. */
export interface AccessSession {
  open(): Promise<void>
  current(): { readonly revision: number }
  isOpen(): boolean
  readonly policyTimes: { readonly refreshAfterUnixMs: number; readonly expiresAtUnixMs: number } | undefined
  openAsk(wish: AskWish): Promise<readonly ApprovalAsk[]>
}

/** What an access is made of. */
export interface AccessParts {
  readonly session: AccessSession
  readonly gate: Gate
  readonly masks: TopicMasks
  readonly approvals: Approvals
  readonly consumptions: ReadonlySet<{ readonly health: ConsumerHealth }>
  readonly clock: Clock
}

// A renewal that is due takes a while, and is spread over the clients.
const RENEWAL_GRACE_MS = 30_000

/** What a service may do, why, and how it is. Made by `Kafka.access()`. */
export class Access {
  readonly #parts: AccessParts

  /** @internal */
  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  /**
   * Whether the policy lets this service do it. `true` also where an approval is wanted first: it may ask then.
   *
   * Opens the session where none is, and looks once for a newer policy before it says no. Nothing is reported as a denial.
   *
   * @throws what keeps the client from having a policy
   */
  async can(verb: AccessVerb, name: string, scope: AccessScope = {}): Promise<boolean> {
    return (await this.explain(verb, name, scope)).effect !== 'deny'
  }

  /**
   * What the policy says to it, and why.
   *
   * @throws what keeps the client from having a policy
   */
  async explain(verb: AccessVerb, name: string, scope: AccessScope = {}): Promise<AccessExplanation> {
    const ask = question(verb, name, scope)
    await this.#parts.session.open()
    const { decision, policy } = await this.#parts.gate.consider(ask)
    const { effect, reason, ruleIds, obligations } = decision
    const only = obligations?.mask?.only
    return Object.freeze({
      effect,
      reason,
      text: reasonText(decision, { ...ask, ...scope }),
      ruleIds,
      masks: this.#parts.masks.of(decision)?.names ?? [],
      ...(only === undefined ? {} : { only: keepWords(only) }),
      approvals: obligations?.approvals ?? [],
      policyRevision: policy.revision,
      programDigest: policy.program.digest,
    })
  }

  /**
   * Asks people to approve that this service consumes or produces a topic, and watches what becomes of it: the events
   * `headgate.approval-…` tell. Gives every ask that has to be approved.
   *
   * @throws HeadgateDeniedError `ERR_KAFKAJS_DENIED` where the policy does not allow it at all
   * @throws HeadgateAskRefusedError `ERR_KAFKAJS_ASK_REFUSED` where none is needed or one is under way
   */
  async request(
    operation: 'consume' | 'produce',
    topic: string,
    options: Omit<AskWish, 'topic' | 'operation'> = {},
  ): Promise<readonly ApprovalAsk[]> {
    const { session, gate, approvals } = this.#parts
    const ask = question(operation, topic, {})
    await session.open()
    const admission = await gate.admit('access.request', [ask])
    const { reason, durationMs, startsAtUnixMs } = options
    const opened = await session.openAsk({
      topic,
      operation,
      ...(reason !== undefined && { reason }),
      ...(durationMs !== undefined && { durationMs }),
      ...(startsAtUnixMs !== undefined && { startsAtUnixMs }),
    })
    approvals.announce(admission, true)
    return opened
  }

  /** How this client is now; asks nobody, and throws nothing. */
  health(): AccessHealth {
    const { session, consumptions } = this.#parts
    const consumers = [...consumptions].map(({ health }) => health)
    const isWhole = consumers.every(({ state }) => state === 'running' || state === 'restarting')
    const expiresAt = session.policyTimes?.expiresAtUnixMs
    return Object.freeze({
      isReady: session.isOpen() && isWhole,
      policy: this.#policyState(),
      policyRevision: session.current().revision,
      ...(expiresAt !== undefined && { policyExpiresAtUnixMs: expiresAt }),
      consumers: Object.freeze(consumers),
    })
  }

  #policyState(): AccessHealth['policy'] {
    const { session, clock } = this.#parts
    const times = session.policyTimes
    if (times === undefined) return 'none'
    if (!session.isOpen()) return 'expired'
    return clock.nowUnixMs() > times.refreshAfterUnixMs + RENEWAL_GRACE_MS ? 'stale' : 'in-force'
  }
}

function question(verb: AccessVerb, name: string, scope: AccessScope): Ask {
  const ask = readQuestion(verb, name, scope)
  if (ask !== undefined) return ask
  throw new HeadgateConfigurationError({
    message: `\`${String(verb).slice(0, 50)}\` is no verb: use \`consume\`, \`produce\`, \`as\` or \`transact-as\``,
  })
}
