import {
  allowedOperations,
  CLUSTER_NAME,
  canOnAny,
  type Decision,
  decide,
  isDiscoverable,
  Operation,
  operationName,
  type Program,
  type ResourceType,
} from '@headgate/policy'
import { ErrorCode, type RequestHeader } from '@headgate/wire'
import type { BrokerAddresses } from './broker-addresses.ts'
import type { ClientState } from './client-state.ts'
import type { ClusterView } from './cluster-view.ts'
import type { PrincipalPolicy } from './policy-view.ts'
import type { UpstreamAddress } from './upstream.ts'

/** Kafka's value for operations that were not asked for. */
const OPERATIONS_NOT_ASKED = -2147483648

const DENIED_CODES: Readonly<Record<ResourceType, number>> = Object.freeze({
  topic: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  group: ErrorCode.GROUP_AUTHORIZATION_FAILED,
  'transactional-id': ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  cluster: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
})

const PROBED_PARTITIONS: readonly number[] = Object.freeze(Array.from({ length: 64 }, (_, partition) => partition))

/** A refused part of a request. */
export interface Denial {
  readonly resourceType: ResourceType
  readonly resourceName: string
  readonly operation: string
  readonly partition: number | undefined
  readonly decision: Decision
  readonly errorCode: number
}

/** What a call needs of the connection it came on. */
export interface CallContext {
  readonly header: RequestHeader
  readonly policy: PrincipalPolicy
  readonly state: ClientState
  readonly cluster: ClusterView
  readonly addresses: BrokerAddresses
  readonly maxTransactionTimeoutMs: number
  /** Milliseconds that a broker may keep the answer waiting without passing a boundary. */
  readonly waitBudgetMs: number
  readonly report: (denial: Denial) => void
}

/**
 * One request under one policy: what an API asks of the gateway while it decides.
 *
 * `permits` is for what the client asked and reports a denial; `can` and `sees` are for filtering and report nothing.
 */
export class Call {
  readonly #context: CallContext
  readonly #program: Program
  /** The moment at which a decision of this call ends, in milliseconds since the epoch. */
  validUntilUnixMs: number = Number.POSITIVE_INFINITY

  constructor(context: CallContext) {
    this.#context = context
    this.#program = context.policy.program
  }

  get apiVersion(): number {
    return this.#context.header.apiVersion
  }

  get state(): ClientState {
    return this.#context.state
  }

  get cluster(): ClusterView {
    return this.#context.cluster
  }

  get waitBudgetMs(): number {
    return this.#context.waitBudgetMs
  }

  get maxTransactionTimeoutMs(): number {
    return this.#context.maxTransactionTimeoutMs
  }

  /** Whether the principal may do it; a denial is reported. Without `partition` the whole topic is meant. */
  permits(resourceType: ResourceType, operation: Operation, name: string, partition?: number): boolean {
    const decision = decide(this.#program, resourceType, operation, name, partition)
    if (decision.validUntilUnixMs !== undefined)
      this.validUntilUnixMs = Math.min(this.validUntilUnixMs, decision.validUntilUnixMs)
    // A hold needs an approval that nobody can give on this path: it is refused, never let through.
    if (decision.effect === 'allow') return true
    this.#context.report({
      resourceType,
      resourceName: name,
      operation: operationName(operation),
      partition,
      decision,
      errorCode: DENIED_CODES[resourceType],
    })
    return false
  }

  /** Whether the principal may do it; nothing is reported. */
  can(resourceType: ResourceType, operation: Operation, name: string, partition?: number): boolean {
    return decide(this.#program, resourceType, operation, name, partition).effect === 'allow'
  }

  /** Whether the principal may do it on at least one resource of the type. */
  canOnAny(resourceType: ResourceType, operation: Operation): boolean {
    return canOnAny(this.#program, resourceType, operation)
  }

  /** Whether the principal may do it on some partitions of a topic, and not on the topic as a whole. */
  isLimitedToPartitions(resourceType: ResourceType, operation: Operation, name: string): boolean {
    const { effect, reason } = decide(this.#program, resourceType, operation, name)
    if (effect === 'allow') return false
    if (reason === 'partition-not-granted') return true
    // A denial of some partitions has the same reason as one of the whole topic; its first partitions tell them apart.
    const mayBePartial = reason === 'denied-by-rule' || reason === 'groups-unknown'
    return mayBePartial && PROBED_PARTITIONS.some((partition) => this.can(resourceType, operation, name, partition))
  }

  /**
   * Whether a topic may be created: by a grant for its name, or by one for the cluster where no rule speaks of the name.
   * Internal topics need the former.
   */
  canCreate(topicName: string): boolean {
    const { effect, reason } = decide(this.#program, 'topic', Operation.Create, topicName)
    return effect === 'allow' || (reason === 'no-rule' && this.can('cluster', Operation.Create, CLUSTER_NAME))
  }

  /** Whether a listing shows the topic. */
  sees(topicName: string): boolean {
    return this.can('topic', Operation.Describe, topicName) || isDiscoverable(this.#program, topicName)
  }

  /** Kafka's bit field of authorized operations, as far as policy allows it too. */
  authorizedOperations(resourceType: ResourceType, name: string, brokerBits: number): number {
    return brokerBits === OPERATIONS_NOT_ASKED
      ? brokerBits
      : brokerBits & allowedOperations(this.#program, resourceType, name)
  }

  /** The address a client is told for a broker; `undefined` for one that the gateway does not serve. */
  addressOf(brokerId: number): UpstreamAddress | undefined {
    return this.#context.addresses.addressOf(brokerId)
  }
}
