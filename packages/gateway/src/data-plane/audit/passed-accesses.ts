import { type Operation, type Principal, type ResourceType, resourceTypes, type SeenAccess } from '@headgate/policy'
import { isBrokersPrincipal } from '../../principal-residual.ts'
import { type BrokerRefusal, brokerRefusals } from './broker-refusals.ts'
import type { SeenAccesses } from './seen-accesses.ts'

/** Something that was let pass. */
interface PassedAccess extends Pick<SeenAccess, 'resourceType' | 'operation' | 'name' | 'ruleIds'> {
  readonly partition: number | undefined
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
    if (waiting.length === 0) return
    const isRefused = refusedAmong(waiting, brokerRefusals(response, topicOf))
    for (const access of waiting)
      if (!isRefused(access))
        this.took(access.resourceType, access.operation, access.name, access.partition, access.ruleIds)
  }
}

/**
 * Tells what of it all was refused. Where a refusal names nothing of what was let pass, all of its kind is taken for refused.
 *
 * INVARIANT: it takes no longer than what was asked for and answered is long; a client chooses how many names it asks for.
 */
function refusedAmong(
  all: readonly PassedAccess[],
  refusals: readonly BrokerRefusal[],
): (access: PassedAccess) => boolean {
  const known = new Set(all.map(({ resourceType, name }) => keyOf(resourceType, name)))
  const refused = new Set<string>()
  const wholeKinds = new Set<ResourceType>()
  for (const { resourceType, names } of refusals) {
    const kinds = resourceType === undefined ? resourceTypes : [resourceType]
    const named = kinds.flatMap((kind) => names.map((name) => keyOf(kind, name)).filter((key) => known.has(key)))
    for (const key of named) refused.add(key)
    if (named.length === 0) for (const kind of kinds) wholeKinds.add(kind)
  }
  return ({ resourceType, name }) => wholeKinds.has(resourceType) || refused.has(keyOf(resourceType, name))
}

/** No type has a space in it. */
function keyOf(resourceType: ResourceType, name: string): string {
  return `${resourceType} ${name}`
}
