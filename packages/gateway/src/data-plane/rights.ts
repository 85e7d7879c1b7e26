import {
  type ApprovalObligation,
  allowedOperations,
  CLUSTER_NAME,
  canOnAny,
  type Decision,
  decide,
  isDiscoverable,
  Operation,
  type Principal,
  type Program,
  type ResourceType,
} from '@headgate/policy'
import type { AskScope, AskStatus } from '../control-port.ts'
import type { AskView } from './ask-view.ts'
import { type Judgement, settleHold } from './judgement.ts'

/** Kafka's value for operations that were not asked for. */
const OPERATIONS_NOT_ASKED = -2147483648

const PROBED_PARTITIONS: readonly number[] = Object.freeze(Array.from({ length: 64 }, (_, partition) => partition))

/** By what somebody's rights are told. */
export interface RightsOptions {
  readonly program: Program
  readonly principal: Principal
  readonly asks: AskView
  readonly nowUnixMs: () => number
}

/**
 * What one principal may do, by its program and its asks. Nothing is reported and no ask is opened. A held topic is a
 * permitted one here: its consumers stay in their group, and commit.
 */
export class Rights {
  readonly #options: RightsOptions
  readonly #program: Program

  constructor(options: RightsOptions) {
    this.#options = options
    this.#program = options.program
  }

  /** Whether the principal may do it, or may once it is approved; nothing is reported. */
  can(resourceType: ResourceType, operation: Operation, name: string, partition?: number): boolean {
    return this.settle(resourceType, operation, name, partition).effect !== 'deny'
  }

  /** Whether the principal may do it on at least one resource of the type. */
  canOnAny(resourceType: ResourceType, operation: Operation): boolean {
    return canOnAny(this.#program, resourceType, operation)
  }

  /** Whether the principal may do it on some partitions of a topic, and not on the topic as a whole. */
  isLimitedToPartitions(resourceType: ResourceType, operation: Operation, name: string): boolean {
    const { effect, reason } = decide(this.#program, resourceType, operation, name)
    if (effect !== 'deny') return false
    if (reason === 'partition-not-granted') return true
    // A denial of some partitions has the same reason as one of the whole topic; its first partitions tell them apart.
    const mayBePartial = reason === 'denied-by-rule' || reason === 'groups-unknown'
    return mayBePartial && PROBED_PARTITIONS.some((partition) => this.can(resourceType, operation, name, partition))
  }

  /**
   * Whether a topic may be created: by a grant for its name, or by one for the cluster where no rule speaks of the name.
   * Internal topics need the former. A mode of the cluster gives no grant: it says nothing of a topic that is enforced.
   */
  canCreate(topicName: string): boolean {
    const byName = decide(this.#program, 'topic', Operation.Create, topicName)
    if (byName.effect === 'allow' || byName.reason !== 'no-rule') return byName.effect === 'allow'
    const byCluster = decide(this.#program, 'cluster', Operation.Create, CLUSTER_NAME)
    return byCluster.effect === 'allow' && byCluster.wouldBe === undefined
  }

  /**
   * Whether a listing shows the topic. One that may only be asked for is shown to whoever names it, and in no listing: a
   * tool that reads what is listed would ask by accident.
   */
  sees(topicName: string): boolean {
    if (isDiscoverable(this.#program, topicName)) return true
    return this.can('topic', Operation.Describe, topicName) && !this.#isOnlyAskable(topicName)
  }

  /** Whether the topic is shown to someone who names it. */
  knows(topicName: string): boolean {
    return isDiscoverable(this.#program, topicName) || this.can('topic', Operation.Describe, topicName)
  }

  /** Kafka's bit field of authorized operations, as far as policy allows it too. */
  authorizedOperations(resourceType: ResourceType, name: string, brokerBits: number): number {
    return brokerBits === OPERATIONS_NOT_ASKED
      ? brokerBits
      : brokerBits & allowedOperations(this.#program, resourceType, name)
  }

  /**
   * Decides, and settles a hold by the newest asks.
   *
   * @param opens whether the ask of a scope that has none is made
   */
  protected settle(
    resourceType: ResourceType,
    operation: Operation,
    name: string,
    partition: number | undefined,
    opens = false,
  ): Judgement {
    const decision = decide(this.#program, resourceType, operation, name, partition)
    if (decision.effect !== 'hold') return decision
    const { issuer, subject } = this.#options.principal
    const words = operation === Operation.Write ? 'produce' : 'consume'
    return settleHold(
      decision,
      (approval) => {
        const scope = { issuer, subject, protection: approval.protection, topic: name, operation: words } as const
        return this.#options.asks.find(scope) ?? (opens ? this.openAsk(scope, approval, decision) : undefined)
      },
      this.#options.nowUnixMs(),
    )
  }

  /** Makes the ask of a scope that has none; here none is made. */
  protected openAsk(_scope: AskScope, _approval: ApprovalObligation, _decision: Decision): AskStatus | undefined {
    return undefined
  }

  #isOnlyAskable(topicName: string): boolean {
    const read = decide(this.#program, 'topic', Operation.Read, topicName).effect
    const write = decide(this.#program, 'topic', Operation.Write, topicName).effect
    if (read === 'allow' || write === 'allow' || (read === 'deny' && write === 'deny')) return false
    const isGiven = (operation: typeof Operation.Read | typeof Operation.Write): boolean =>
      this.settle('topic', operation, topicName, undefined).effect === 'allow'
    return !isGiven(Operation.Read) && !isGiven(Operation.Write)
  }
}
