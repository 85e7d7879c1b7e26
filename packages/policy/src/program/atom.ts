import type { KeepList } from '@headgate/masking'
import type { PartitionRange, Scope } from '../document/document.ts'
import type { UnmaskRight } from '../document/protection.ts'
import { impliedOperations, Operation } from '../operation.ts'
import { createDecision, type Decision } from './decision.ts'
import type { ResidualRule } from './residual.ts'

/** What one rule says of one name: the smallest thing that can grant or deny. */
export interface Atom {
  readonly ruleId: string
  readonly denies: boolean
  /** The denial applies only because groups are unknown. */
  readonly groupsUnknown: boolean
  /** Bits of `1 << operation`, with what a grant implies. */
  readonly operations: number
  /** `undefined` = every partition. */
  readonly partitions: readonly PartitionRange[] | undefined
  /** What it lifts of the masks on reading what it grants. */
  readonly unmask: UnmaskRight | undefined
  /** All that it shows of the records that it lets read; `undefined` = everything. */
  readonly only: KeepList | undefined
  readonly withoutApproval: boolean
  /** The decision where the rule alone brings it about, and nothing is asked for. */
  readonly alone: Decision
}

/** The decision that a rule brings about by itself: one object for all its scopes. */
export function decisionAlone({ id, effect, because }: ResidualRule): Decision {
  return effect === 'allow'
    ? createDecision('allow', 'granted', [id])
    : createDecision('deny', because ?? 'denied-by-rule', [id])
}

/** The atoms of one scope. A limit to partitions limits the operation itself, never the Describe it implies. */
export function compileScope(rule: ResidualRule, scope: Scope, alone: Decision): readonly Atom[] {
  const denies = rule.effect === 'deny'
  const implied = denies ? 0 : impliedOperations(scope.operation)
  const isTopic = scope.resourceType === 'topic'
  const unmask = isTopic && scope.operation === Operation.Read ? rule.unmask : undefined
  const showsRecords = scope.operation === Operation.Read || scope.operation === Operation.Replay
  const only = isTopic && showsRecords ? rule.only : undefined
  const movesRecords = scope.operation === Operation.Read || scope.operation === Operation.Write
  const withoutApproval = isTopic && movesRecords && rule.withoutApproval === true
  const atom = (operations: number, partitions?: readonly PartitionRange[]): Atom => ({
    ruleId: rule.id,
    denies,
    groupsUnknown: rule.because !== undefined,
    operations,
    partitions,
    unmask,
    only,
    withoutApproval,
    alone,
  })
  const own = 1 << scope.operation
  if (scope.partitions === undefined) return [atom(own | implied)]
  return implied === 0 ? [atom(own, scope.partitions)] : [atom(own, scope.partitions), atom(implied)]
}
