import { type EnforcementMode, type EnforcementModes, lenientRule, modeOf } from '../modes.ts'
import { kafkaOperations, MAX_NAME_LENGTH, type Operation, type ResourceType } from '../operation.ts'
import type { Decision } from './decision.ts'
import { NameMemo } from './name-memo.ts'
import type { PolicyResidual } from './residual.ts'
import type { ResourceTable } from './resource-table.ts'

const MEMO_CAPACITY = 4096

type Tables = Readonly<Record<ResourceType, ResourceTable>>

/** A residual in which nothing is denied, and all is granted that modes may let pass; protections ask what they always do. */
export function relaxResidual(residual: PolicyResidual, modes: EnforcementModes): PolicyResidual {
  const grants = residual.rules.filter(({ effect }) => effect === 'allow')
  const { id, effect, scopes } = lenientRule(modes)
  const { version, topics, protections } = residual
  return { version, topics, protections, rules: [...grants, { id, effect, scopes }], groupsUnknown: false }
}

/**
 * What the modes make of the decisions of a program. A decision that they leave as it is stays the same object.
 *
 * INVARIANT: it only ever speaks of names, and of operations that Kafka knows; a name too long, an internal topic and
 * Headgate's own operations are decided as if there were no modes.
 */
export class Lenience {
  readonly #modes: EnforcementModes
  readonly #relaxed: Tables
  readonly #modeByName: Readonly<Record<ResourceType, NameMemo<EnforcementMode>>>
  /** Decisions made before, by what they were made from. */
  readonly #passed = new WeakMap<Decision, WeakMap<Decision, Decision>>()

  constructor(modes: EnforcementModes, relaxed: Tables) {
    this.#modes = modes
    this.#relaxed = relaxed
    const memo = (): NameMemo<EnforcementMode> => new NameMemo(MEMO_CAPACITY)
    this.#modeByName = { topic: memo(), group: memo(), 'transactional-id': memo(), cluster: memo() }
  }

  /** The decision that takes effect in place of the program's. */
  settle(
    decision: Decision,
    resourceType: ResourceType,
    operation: Operation,
    name: string,
    partition: number,
  ): Decision {
    if (!isKafkas(operation) || name.length > MAX_NAME_LENGTH) return decision
    const mode = this.#modeOf(resourceType, name)
    if (mode === 'enforce' || (mode === 'warn' && decision.effect !== 'deny')) return decision
    if (mode === 'observe' && decision.effect === 'allow' && decision.obligations === undefined) return decision
    const relaxed = this.#relaxed[resourceType].decide(operation, name, partition)
    if (relaxed.effect === 'deny') return decision
    return this.#letPass(mode === 'warn' ? relaxed : decision, decision)
  }

  /** Whether some name may exist on which modes let the operation pass. */
  canOnAny(resourceType: ResourceType, operation: Operation): boolean {
    return isKafkas(operation) && this.#relaxed[resourceType].canOnAny(operation)
  }

  /** Lets pass what was decided: as `grant` asks under `warn`, without any obligation where `grant` is the decision itself. */
  #letPass(grant: Decision, decision: Decision): Decision {
    const known = this.#passed.get(grant)?.get(decision)
    if (known !== undefined) return known
    const isObserved = grant === decision
    const passed: Decision = Object.freeze({
      effect: isObserved ? 'allow' : grant.effect,
      reason: isObserved || grant.effect === 'allow' ? 'not-enforced' : grant.reason,
      ruleIds: decision.effect === 'deny' ? NO_RULES : decision.ruleIds,
      obligations: isObserved ? undefined : grant.obligations,
      validUntilUnixMs: decision.validUntilUnixMs,
      ...(decision.effect === 'allow' ? {} : { wouldBe: decision }),
    })
    const byDecision = this.#passed.get(grant) ?? new WeakMap<Decision, Decision>()
    this.#passed.set(grant, byDecision.set(decision, passed))
    return passed
  }

  #modeOf(resourceType: ResourceType, name: string): EnforcementMode {
    const memo = this.#modeByName[resourceType]
    const known = memo.get(name)
    if (known !== undefined) return known
    const mode = modeOf(this.#modes, resourceType, name)
    memo.set(name, mode)
    return mode
  }
}

const NO_RULES: readonly string[] = Object.freeze([])
const kafkas: ReadonlySet<Operation> = new Set(kafkaOperations)

function isKafkas(operation: Operation): boolean {
  return kafkas.has(operation)
}
