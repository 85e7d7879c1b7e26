import {
  ALL_PARTITIONS,
  allowedOperations,
  canOnAny,
  type Decision,
  decide,
  isDiscoverable,
  Operation,
  type Program,
} from '@headgate/policy'
import { KafkaJSNonRetriableError } from '#kafkajs'
import { HeadgateBundleExpiredError } from '../errors.ts'
import type { Alternative, Ask } from './ask.ts'
import { type Denial, HeadgateDeniedError } from './denied-error.ts'

/** The policy that decides now. */
export interface ActivePolicy {
  readonly program: Program
  readonly revision: number
}

/** What was asked, what was decided on each ask, in the same order, and by which policy. */
export interface Admission {
  readonly asks: readonly Ask[]
  readonly decisions: readonly Decision[]
  /** Nothing where nothing was asked. */
  readonly policy: ActivePolicy | undefined
  /** Whether some decision holds for the partitions that were asked about, and for no others of their topic. */
  readonly isPartial?: boolean
}

const nothingAsked: Admission = Object.freeze({ asks: [], decisions: [], policy: undefined })

/** Where the policy comes from. */
export interface PolicySource {
  /** The policy in force; a closed one, which denies everything, where there is none. */
  current(): ActivePolicy
  /** Whether a verified bundle is in force. */
  isOpen(): boolean
  /**
   * Looks once for a newer policy, because the one in force is about to deny something.
   *
   * @throws what keeps the client from having any policy
   */
  renew(): Promise<void>
}

/** Decides for the facades, before anything is sent. */
export class Gate {
  readonly #source: PolicySource
  readonly #report: (denial: Denial) => void

  constructor(source: PolicySource, report: (denial: Denial) => void) {
    this.#source = source
    this.#report = report
  }

  /**
   * Lets a call pass, or refuses it. Before it refuses, it looks once for a newer policy.
   *
   * Gives the decision on each ask: what they oblige to holds for this call.
   *
   * @throws HeadgateDeniedError `ERR_KAFKAJS_DENIED`
   * @throws HeadgateBundleExpiredError `ERR_KAFKAJS_BUNDLE_EXPIRED`
   */
  async admit(method: string, asks: readonly Ask[]): Promise<Admission> {
    const judged = this.#judge(method, asks)
    if (judged.denial === undefined) return judged
    await this.#source.renew()
    return this.admitNow(method, asks)
  }

  /** As {@link Gate.admit}, for calls that are made for each record: gives nothing where it would have to wait. */
  admitAtOnce(method: string, asks: readonly Ask[]): Admission | undefined {
    const judged = this.#judge(method, asks)
    return judged.denial === undefined ? judged : undefined
  }

  /** Whether an admission would be the same now: the policy that gave it is in force, and no part of it has run out. */
  holds({ policy, decisions }: Admission): boolean {
    if (policy === undefined) return true
    const { program, revision } = this.#source.current()
    if (program !== policy.program || revision !== policy.revision) return false
    return decisions.every(({ validUntilUnixMs }) => validUntilUnixMs === undefined)
  }

  /** As {@link Gate.admit}, by the policy in force, for calls that cannot wait. */
  admitNow(method: string, asks: readonly Ask[]): Admission {
    const judged = this.#judge(method, asks)
    const { denial } = judged
    if (denial === undefined) return judged
    if (!this.#source.isOpen()) throw expired(method)
    this.#report(denial)
    throw new HeadgateDeniedError(denial)
  }

  /** What is decided on one ask, and by which policy; nothing is reported. Before it is a denial, it looks for a newer policy. */
  async consider(ask: Ask): Promise<{ readonly decision: Decision; readonly policy: ActivePolicy }> {
    const considered = (): { readonly decision: Decision; readonly policy: ActivePolicy } => {
      const policy = this.#source.current()
      return { decision: decideAsk(policy.program, ask).decision, policy }
    }
    const first = considered()
    if (first.decision.effect !== 'deny') return first
    await this.#source.renew()
    return considered()
  }

  /** Whether the policy in force allows it; nothing is reported. */
  allows(ask: Ask): boolean {
    return decideAsk(this.#source.current().program, ask).decision.effect !== 'deny'
  }

  /** Whether a topic appears in lists: it may be described, or the policy shows it to everybody. */
  shows(topic: string): boolean {
    const { program } = this.#source.current()
    const operations = allowedOperations(program, 'topic', topic)
    return (operations & (1 << Operation.Describe)) !== 0 || isDiscoverable(program, topic)
  }

  #judge(method: string, asks: readonly Ask[]): Admission & { readonly denial?: Denial } {
    if (asks.length === 0) return nothingAsked
    const policy = this.#source.current()
    const { program, revision } = policy
    const decisions: Decision[] = []
    let isPartial = false
    for (const ask of asks) {
      const { decision, partition } = decideAsk(program, ask)
      decisions.push(decision)
      if (partition !== undefined) isPartial = true
      // A hold is announced and never enforced here: the gateway holds.
      if (decision.effect !== 'deny') continue
      const { resourceType, name: resourceName, operation } = ask
      const place = { resourceType, resourceName, operation, ...(partition !== undefined && { partition }) }
      const by = { decision, policyRevision: revision, programDigest: program.digest }
      return { asks, decisions, policy, denial: Object.freeze({ method, ...place, ...by }) }
    }
    return { asks, decisions, policy, isPartial }
  }
}

function expired(method: string): HeadgateBundleExpiredError {
  return new HeadgateBundleExpiredError({
    message: `${method}: the policy of this service has expired and the gateway gave no newer one: see whether the gateway can be reached`,
    details: { method },
  })
}

interface Decided {
  readonly decision: Decision
  /** Where one partition decided. */
  readonly partition?: number
}

function decideAsk(program: Program, ask: Ask): Decided {
  // A name that is no text would be compared as one thing here and sent as another.
  if (typeof ask.name !== 'string') throw new KafkaJSNonRetriableError(`Invalid ${ask.resourceType} name`)
  const whole = decide(program, ask.resourceType, ask.operation, ask.name, ALL_PARTITIONS)
  if (whole.effect !== 'deny') return decideOn(program, ask, whole)
  const decided = (ask.partitions?.() ?? []).map((partition) => ({
    decision: decide(program, ask.resourceType, ask.operation, ask.name, partition),
    partition,
  }))
  const byPartition = decided.find(({ decision }) => decision.effect === 'deny') ?? decided[0]
  if (byPartition !== undefined) return byPartition
  if (ask.inPart) return { decision: decideInPart(program, ask, whole) }
  return { decision: (ask.or && decideAlternative(program, ask.or)) ?? whole }
}

/** As the gateway decides, where it is known which partition is meant. */
function decideOn(program: Program, { resourceType, operation, name, partition }: Ask, whole: Decision): Decided {
  const decision = partition === undefined ? whole : decide(program, resourceType, operation, name, partition)
  return decision === whole || partition === undefined ? { decision: whole } : { decision, partition }
}

/** Reasons for which a whole topic is denied where a part of it may be granted. */
const PARTIAL: ReadonlySet<string> = new Set(['partition-not-granted', 'denied-by-rule', 'groups-unknown'])
const PROBED_PARTITIONS = 64

function decideInPart(program: Program, { resourceType, operation, name }: Ask, whole: Decision): Decision {
  if (!PARTIAL.has(whole.reason)) return whole
  for (let partition = 0; partition < PROBED_PARTITIONS; partition += 1) {
    const decision = decide(program, resourceType, operation, name, partition)
    if (decision.effect !== 'deny') return decision
  }
  return whole
}

function decideAlternative(program: Program, other: Alternative): Decision | undefined {
  if ('onAny' in other) return canOnAny(program, other.onAny, other.operation) ? grantedOnAny : undefined
  const decision = decide(program, other.resourceType, other.operation, other.name)
  return decision.effect === 'deny' ? undefined : decision
}

const grantedOnAny: Decision = Object.freeze({
  effect: 'allow',
  reason: 'granted',
  ruleIds: Object.freeze([]),
  obligations: undefined,
  validUntilUnixMs: undefined,
})
