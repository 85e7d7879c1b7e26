import { sortedUnique } from '../canonical.ts'
import type { PartitionRange } from '../document/document.ts'
import type { AccessDirection } from '../document/protection.ts'
import { uniteKeepLists } from '../keep-list.ts'
import { kafkaOperations, Operation, operations } from '../operation.ts'
import type { Atom } from './atom.ts'
import type { Decision, DecisionPool, DecisionReason } from './decision.ts'
import { type LiftedDuties, noProtections, type ObligationPool, type ProtectionSet } from './obligation-pool.ts'
import { uniteUnmasks } from './unite-masks.ts'

interface PartitionRun {
  readonly first: number
  readonly decision: Decision
}

// Where each operation's verdict is kept. INVARIANT: what is no operation has no slot, so that 35 never passes for 3.
const slots: readonly (number | undefined)[] = Array.from({ length: Math.max(...operations) + 1 }, (_, code) => {
  const slot = (operations as readonly number[]).indexOf(code)
  return slot < 0 ? undefined : slot
})

const prepared: readonly Operation[] = [Operation.Read, Operation.Write, Operation.Describe]

/** @throws RangeError when the operation is none */
function slotOf(operation: Operation): number {
  const slot = slots[operation]
  if (slot === undefined) throw new RangeError('no operation')
  return slot
}

/** Where the verdicts of a program keep what they share. */
export interface VerdictPools {
  readonly decisions: DecisionPool
  readonly obligations: ObligationPool
}

/** What there is to say of a name. */
export interface NameFacts {
  readonly atoms: readonly Atom[]
  readonly protections: ProtectionSet
  /** Listed, and refused promptly, where it may not be used. */
  readonly discoverable: boolean
}

/** Everything a program has to say of one name; each operation is worked out when it is first asked for. */
export class NameVerdict {
  // What is asked most lies in the object itself, and first: among thousands of names, each object more is one that the
  // processor has to fetch.
  #read: Decision | undefined
  #write: Decision | undefined
  #describe: Decision | undefined
  /** Decisions for runs of partitions, by slot, where a rule tells partitions apart: by first partition, from 0 on, without gaps. */
  #runs: (readonly PartitionRun[] | undefined)[] | undefined
  /** Decisions for the whole on other operations, by slot. */
  #others: (Decision | undefined)[] | undefined
  readonly #atoms: readonly Atom[]
  readonly #protections: ProtectionSet
  readonly #pools: VerdictPools
  #allowed = -1
  /** Listed, and refused promptly, where it may not be used. */
  readonly discoverable: boolean
  /** Why it is denied where no rule says anything. */
  readonly defaultReason: DecisionReason

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
    const whole = this.#known(operation) ?? this.#workOut(operation)
    if (this.#runs === undefined || !(partition >= 0)) return whole
    const runs = this.#runs[slotOf(operation)]
    return runs === undefined ? whole : decisionAt(runs, partition)
  }

  /** Puts in its place what one rule decides by itself, without obligations. */
  prepare(): void {
    for (const operation of prepared) {
      const atom = this.#atomAlone(operation)
      if (atom !== undefined && (atom.denies || this.#isPlain(operation, atom))) this.#keep(operation, atom.alone)
    }
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

  #known(operation: Operation): Decision | undefined {
    if (operation === Operation.Read) return this.#read
    if (operation === Operation.Write) return this.#write
    if (operation === Operation.Describe) return this.#describe
    return this.#others?.[slotOf(operation)]
  }

  #keep(operation: Operation, decision: Decision): void {
    if (operation === Operation.Read) this.#read = decision
    else if (operation === Operation.Write) this.#write = decision
    else if (operation === Operation.Describe) this.#describe = decision
    else {
      this.#others ??= new Array(operations.length).fill(undefined)
      this.#others[slotOf(operation)] = decision
    }
  }

  #workOut(operation: Operation): Decision {
    const atom = this.#atomAlone(operation)
    const decision = atom === undefined ? this.#decideTogether(operation) : this.#decideAlone(operation, atom)
    this.#keep(operation, decision)
    return decision
  }

  /** The one atom that speaks of an operation, where it does so of the whole: on most names there is no other. */
  #atomAlone(operation: Operation): Atom | undefined {
    let found: Atom | undefined
    for (const atom of this.#atoms) {
      if ((atom.operations & (1 << operation)) === 0) continue
      if (found !== undefined || atom.partitions !== undefined) return undefined
      found = atom
    }
    return found
  }

  #decideAlone(operation: Operation, atom: Atom): Decision {
    return atom.denies ? atom.alone : this.#grant(operation, [atom])
  }

  #decideTogether(operation: Operation): Decision {
    const slot = slotOf(operation)
    const atoms = this.#atoms.filter((atom) => (atom.operations & (1 << operation)) !== 0)
    if (atoms.some((atom) => atom.partitions !== undefined)) {
      this.#runs ??= new Array(operations.length).fill(undefined)
      this.#runs[slot] = this.#decideRuns(operation, atoms)
    }
    // INVARIANT: the whole is denied where any partition is denied, and granted by an unlimited grant only.
    return this.#combine(operation, atoms, (atom) => atom.denies || atom.partitions === undefined)
  }

  #decideRuns(operation: Operation, atoms: readonly Atom[]): readonly PartitionRun[] {
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
      const alone = aloneOf(denials)
      if (alone !== undefined) return alone
      const certain = denials.some((atom) => !atom.groupsUnknown)
      return pool.intern('deny', certain ? 'denied-by-rule' : 'groups-unknown', ruleIdsOf(denials))
    }
    if (applying.length > 0) return this.#grant(operation, applying)
    const elsewhere = atoms.filter((atom) => !atom.denies)
    if (elsewhere.length > 0) return pool.intern('deny', 'partition-not-granted', ruleIdsOf(elsewhere))
    return pool.intern('deny', this.defaultReason, [])
  }

  /** INVARIANT: what a rule narrows is no plain grant. */
  #isPlain(operation: Operation, { only }: LiftedDuties): boolean {
    return directions[operation] === undefined || (this.#protections === noProtections && only === undefined)
  }

  #plainGrant(grants: readonly Atom[]): Decision {
    return aloneOf(grants) ?? this.#pools.decisions.intern('allow', 'granted', ruleIdsOf(grants))
  }

  /** Nobody forbids it: it is allowed under what protections ask for, or waits for their approval. */
  #grant(operation: Operation, grants: readonly Atom[]): Decision {
    const { decisions, obligations: pool } = this.#pools
    const lifted = liftedBy(grants)
    const direction = directions[operation]
    if (direction === undefined || this.#isPlain(operation, lifted)) return this.#plainGrant(grants)
    const obligations = pool.obligationsOf(this.#protections, direction, lifted)
    if (obligations === undefined) return this.#plainGrant(grants)
    return obligations.approvals.length === 0
      ? decisions.intern('allow', 'granted', ruleIdsOf(grants), obligations)
      : decisions.intern('hold', 'approval-needed', ruleIdsOf(grants), obligations)
  }
}

function liftedBy(grants: readonly Atom[]): LiftedDuties {
  const [first] = grants
  if (first !== undefined && grants.length === 1) return first
  return {
    unmask: uniteUnmasks(grants.flatMap((grant) => grant.unmask ?? [])),
    withoutApproval: grants.some((grant) => grant.withoutApproval),
    only: uniteKeepLists(grants.map((grant) => grant.only)),
  }
}

/** The decision of the one rule that all these are of. */
function aloneOf(atoms: readonly Atom[]): Decision | undefined {
  const [first] = atoms
  return atoms.every(({ alone }) => alone === first?.alone) ? first?.alone : undefined
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
  return first !== undefined && atoms.length === 1
    ? first.alone.ruleIds
    : sortedUnique(atoms.map((atom) => atom.ruleId))
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
