import { sortedUnique } from '../canonical.ts'
import type { PartitionRange } from '../document/document.ts'
import type { AccessDirection } from '../document/protection.ts'
import { kafkaOperations, Operation, operations } from '../operation.ts'
import type { Atom } from './atom.ts'
import type { Decision, DecisionPool, DecisionReason } from './decision.ts'
import type { ObligationPool, Protection } from './obligation-pool.ts'
import { uniteUnmasks } from './unite-masks.ts'

/** The decision for a whole topic, and those for runs of its partitions where a rule tells them apart. */
export interface OperationVerdict {
  readonly whole: Decision
  /** By first partition, from 0 on, without gaps. */
  readonly runs: readonly PartitionRun[] | undefined
}

interface PartitionRun {
  readonly first: number
  readonly decision: Decision
}

// Where each operation's verdict is kept. INVARIANT: what is no operation has no slot, so that 35 never passes for 3.
const slots: readonly (number | undefined)[] = Array.from({ length: Math.max(...operations) + 1 }, (_, code) => {
  const slot = (operations as readonly number[]).indexOf(code)
  return slot < 0 ? undefined : slot
})

/** Where the verdicts of a program keep what they share. */
export interface VerdictPools {
  readonly decisions: DecisionPool
  readonly obligations: ObligationPool
}

/** What there is to say of a name. */
export interface NameFacts {
  readonly atoms: readonly Atom[]
  readonly protections: readonly Protection[]
  /** Listed, and refused promptly, where it may not be used. */
  readonly discoverable: boolean
}

/** Everything a program has to say of one name; each operation is worked out when it is first asked for. */
export class NameVerdict {
  /** Listed, and refused promptly, where it may not be used. */
  readonly discoverable: boolean
  readonly #atoms: readonly Atom[]
  readonly #protections: readonly Protection[]
  /** Why it is denied where no rule says anything. */
  readonly defaultReason: DecisionReason
  readonly #pools: VerdictPools
  readonly #bySlot: (OperationVerdict | undefined)[] = new Array(operations.length).fill(undefined)
  #allowed = -1

  constructor(facts: NameFacts, defaultReason: DecisionReason, pools: VerdictPools) {
    this.discoverable = facts.discoverable
    this.#atoms = facts.atoms
    this.#protections = facts.protections
    this.defaultReason = defaultReason
    this.#pools = pools
  }

  /**
   * Decides an operation on a partition; any negative partition is the whole topic.
   *
   * @throws RangeError when the operation is none
   */
  decide(operation: Operation, partition: number): Decision {
    const slot = slots[operation]
    if (slot === undefined) throw new RangeError('no operation')
    const verdict = this.#bySlot[slot] ?? this.#workOut(operation, slot)
    return verdict.runs === undefined || !(partition >= 0) ? verdict.whole : decisionAt(verdict.runs, partition)
  }

  /** The bits of Kafka's operations that are allowed on the whole. */
  get allowedOperations(): number {
    if (this.#allowed < 0) {
      this.#allowed = kafkaOperations
        .filter((operation) => this.decide(operation, -1).effect === 'allow')
        .reduce((bits, operation) => bits | (1 << operation), 0)
    }
    return this.#allowed
  }

  #workOut(operation: Operation, slot: number): OperationVerdict {
    const atoms = this.#atoms.filter((atom) => (atom.operations & (1 << operation)) !== 0)
    const verdict = {
      // INVARIANT: the whole is denied where any partition is denied, and granted by an unlimited grant only.
      whole: this.#combine(operation, atoms, (atom) => atom.denies || atom.partitions === undefined),
      runs: atoms.some((atom) => atom.partitions !== undefined) ? this.#runs(operation, atoms) : undefined,
    }
    this.#bySlot[slot] = verdict
    return verdict
  }

  #runs(operation: Operation, atoms: readonly Atom[]): readonly PartitionRun[] {
    const firsts = atoms.flatMap((atom) => (atom.partitions ?? []).flatMap(([first, last]) => [first, last + 1]))
    return [...new Set([0, ...firsts])]
      .sort((a, b) => a - b)
      .map((first) => ({
        first,
        decision: this.#combine(operation, atoms, (atom) => includes(atom.partitions, first)),
      }))
  }

  #combine(operation: Operation, atoms: readonly Atom[], applies: (atom: Atom) => boolean): Decision {
    const pool = this.#pools.decisions
    if (atoms.length === 0) return pool.intern('deny', this.defaultReason, [])
    const applying = atoms.filter(applies)
    const denials = applying.filter((atom) => atom.denies)
    if (denials.length > 0) {
      const certain = denials.some((atom) => !atom.groupsUnknown)
      return pool.intern('deny', certain ? 'denied-by-rule' : 'groups-unknown', ruleIdsOf(denials))
    }
    if (applying.length > 0) return this.#grant(operation, applying)
    const elsewhere = atoms.filter((atom) => !atom.denies)
    if (elsewhere.length > 0) return pool.intern('deny', 'partition-not-granted', ruleIdsOf(elsewhere))
    return pool.intern('deny', this.defaultReason, [])
  }

  /** Nobody forbids it: it is allowed under what protections ask for, or waits for their approval. */
  #grant(operation: Operation, grants: readonly Atom[]): Decision {
    const { decisions, obligations: pool } = this.#pools
    const protections = this.#protections
    const direction = directions[operation]
    if (direction === undefined || protections.length === 0)
      return decisions.intern('allow', 'granted', ruleIdsOf(grants))
    const unmask = uniteUnmasks(grants.flatMap((grant) => grant.unmask ?? []))
    const withoutApproval = grants.some((grant) => grant.withoutApproval)
    const obligations = pool.obligationsOf(protections, direction, { unmask, withoutApproval })
    return obligations === undefined || obligations.approvals.length === 0
      ? decisions.intern('allow', 'granted', ruleIdsOf(grants), obligations)
      : decisions.intern('hold', 'approval-needed', ruleIdsOf(grants), obligations)
  }
}

const directions: Readonly<Partial<Record<Operation, AccessDirection>>> = Object.freeze({
  [Operation.Read]: 'consume',
  [Operation.Write]: 'produce',
  // Who looks again at records sees no more of them, and no sooner, than who reads them.
  [Operation.Replay]: 'consume',
})

function includes(partitions: readonly PartitionRange[] | undefined, partition: number): boolean {
  return partitions === undefined || partitions.some(([first, last]) => first <= partition && partition <= last)
}

function ruleIdsOf(atoms: readonly Atom[]): readonly string[] {
  const [first] = atoms
  return first !== undefined && atoms.length === 1 ? [first.ruleId] : sortedUnique(atoms.map((atom) => atom.ruleId))
}

function decisionAt(runs: readonly PartitionRun[], partition: number): Decision {
  let low = 0
  let high = runs.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((runs[middle] as PartitionRun).first <= partition) low = middle
    else high = middle - 1
  }
  return (runs[low] as PartitionRun).decision
}
