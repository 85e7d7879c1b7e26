import { sortedUnique } from '../canonical.ts'
import type { PartitionRange } from '../document/document.ts'
import { kafkaOperations, type Operation, operations } from '../operation.ts'
import type { Atom } from './atom.ts'
import type { Decision, DecisionPool, DecisionReason } from './decision.ts'

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

/** Everything a program has to say of one name; each operation is worked out when it is first asked for. */
export class NameVerdict {
  /** Listed, and refused promptly, where it may not be used. */
  readonly discoverable: boolean
  readonly #atoms: readonly Atom[]
  /** Why it is denied where no rule says anything. */
  readonly defaultReason: DecisionReason
  readonly #pool: DecisionPool
  readonly #bySlot: (OperationVerdict | undefined)[] = new Array(operations.length).fill(undefined)
  #allowed = -1

  constructor(atoms: readonly Atom[], defaultReason: DecisionReason, pool: DecisionPool, discoverable: boolean) {
    this.#atoms = atoms
    this.defaultReason = defaultReason
    this.#pool = pool
    this.discoverable = discoverable
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
      whole: this.#combine(atoms, (atom) => atom.denies || atom.partitions === undefined),
      runs: atoms.some((atom) => atom.partitions !== undefined) ? this.#runs(atoms) : undefined,
    }
    this.#bySlot[slot] = verdict
    return verdict
  }

  #runs(atoms: readonly Atom[]): readonly PartitionRun[] {
    const firsts = atoms.flatMap((atom) => (atom.partitions ?? []).flatMap(([first, last]) => [first, last + 1]))
    return [...new Set([0, ...firsts])]
      .sort((a, b) => a - b)
      .map((first) => ({ first, decision: this.#combine(atoms, (atom) => includes(atom.partitions, first)) }))
  }

  #combine(atoms: readonly Atom[], applies: (atom: Atom) => boolean): Decision {
    if (atoms.length === 0) return this.#pool.intern('deny', this.defaultReason, [])
    const applying = atoms.filter(applies)
    const denials = applying.filter((atom) => atom.denies)
    if (denials.length > 0) {
      const certain = denials.some((atom) => !atom.groupsUnknown)
      return this.#pool.intern('deny', certain ? 'denied-by-rule' : 'groups-unknown', ruleIdsOf(denials))
    }
    if (applying.length > 0) return this.#pool.intern('allow', 'granted', ruleIdsOf(applying))
    const elsewhere = atoms.filter((atom) => !atom.denies)
    if (elsewhere.length > 0) return this.#pool.intern('deny', 'partition-not-granted', ruleIdsOf(elsewhere))
    return this.#pool.intern('deny', this.defaultReason, [])
  }
}

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
