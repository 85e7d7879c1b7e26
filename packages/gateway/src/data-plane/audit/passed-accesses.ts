import type { Operation, Principal, ResourceType } from '@headgate/policy'
import { isBrokersPrincipal } from '../../principal-residual.ts'
import { type BrokerRefusal, brokerRefusals } from './broker-refusals.ts'
import type { SeenAccesses } from './seen-accesses.ts'

/** Something that was let pass. */
interface PassedAccess {
  readonly resourceType: ResourceType
  readonly operation: Operation
  readonly name: string
  readonly partition: number | undefined
  readonly ruleIds: readonly string[]
}

/** Who is let pass, and where that is kept. */
export interface PassedAccessesOptions {
  readonly principal: Principal
  readonly clientId: string | null
  readonly seen: SeenAccesses
}

/**
 * What one request was let do, on its way to what is seen. Brokers refuse a client for reasons of their own where it brings its
 * own credential: what it was let do waits for their answer then, so that nothing counts as used that they refused.
 */
export class PassedAccesses {
  readonly #options: PassedAccessesOptions
  readonly #waits: boolean
  #waiting: PassedAccess[] | undefined

  constructor(options: PassedAccessesOptions) {
    this.#options = options
    this.#waits = isBrokersPrincipal(options.principal)
  }

  /** Whether something waits for the answer. */
  get areWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /** Something is let pass. */
  add(
    resourceType: ResourceType,
    operation: Operation,
    name: string,
    partition: number | undefined,
    ruleIds: readonly string[],
  ): void {
    if (!this.#waits) {
      this.took(resourceType, operation, name, partition, ruleIds)
      return
    }
    this.#waiting ??= []
    this.#waiting.push({ resourceType, operation, name, partition, ruleIds })
  }

  /** Something took place. */
  took(
    resourceType: ResourceType,
    operation: Operation,
    name: string,
    partition: number | undefined,
    ruleIds: readonly string[],
  ): void {
    const { principal, clientId, seen } = this.#options
    seen.note(principal, clientId, resourceType, operation, name, partition, ruleIds)
  }

  /** The broker has answered, or is not going to. */
  confirm(response: unknown, topicOf: (topicId: string) => string | undefined): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    const refusals = brokerRefusals(response, topicOf)
    for (const access of waiting)
      if (!refusals.some((refusal) => isRefused(access, refusal, waiting)))
        this.took(access.resourceType, access.operation, access.name, access.partition, access.ruleIds)
  }
}

/** Where a refusal names nothing of what was let pass, all of its kind is taken for refused. */
function isRefused(
  access: PassedAccess,
  { resourceType, names }: BrokerRefusal,
  all: readonly PassedAccess[],
): boolean {
  const ofKind = all.filter((each) => resourceType === undefined || each.resourceType === resourceType)
  const named = ofKind.filter(({ name }) => names.includes(name))
  return (named.length > 0 ? named : ofKind).includes(access)
}
