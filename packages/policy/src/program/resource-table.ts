import { coversGlob } from '../glob.ts'
import { INTERNAL_TOPIC_PREFIX, MAX_NAME_LENGTH, type Operation } from '../operation.ts'
import type { Atom } from './atom.ts'
import { createDecision, type Decision, type DecisionReason } from './decision.ts'
import { type NameEntry, NameIndex } from './name-index.ts'
import { NameMemo } from './name-memo.ts'
import { type NameFacts, NameVerdict, type VerdictPools } from './name-verdict.ts'
import type { Protection } from './obligation-pool.ts'

/** What hangs on a selector: rules that name it, and for topics what protections say of it. */
export interface SelectorFacts {
  readonly atoms: Atom[]
  /** The atoms of labels that a protection with this selector gives; the lists are shared. */
  readonly labelled: (readonly Atom[])[]
  readonly protections: Protection[]
  discoverable: boolean
}

const MEMO_CAPACITY = 4096
const noFacts: NameFacts = Object.freeze({ atoms: [], protections: [], discoverable: false })
const tooLong: Decision = createDecision('deny', 'name-too-long')

/** The rules for one type of resource, found by name. */
export class ResourceTable {
  readonly index: NameIndex<SelectorFacts> = new NameIndex(() => ({
    atoms: [],
    labelled: [],
    protections: [],
    discoverable: false,
  }))
  readonly #isTopic: boolean
  readonly #pools: VerdictPools
  readonly #memo = new NameMemo<NameVerdict>(MEMO_CAPACITY)
  readonly #nothing: NameVerdict
  readonly #nothingInternal: NameVerdict
  readonly #canOnAny = new Map<Operation, boolean>()

  constructor(isTopic: boolean, defaultReason: DecisionReason, pools: VerdictPools) {
    this.#isTopic = isTopic
    this.#pools = pools
    this.#nothing = new NameVerdict(noFacts, defaultReason, pools)
    const isOpen = defaultReason === 'no-rule' || defaultReason === 'groups-unknown'
    this.#nothingInternal = new NameVerdict(noFacts, isOpen ? 'internal-topic' : defaultReason, pools)
  }

  /** Decides one request. */
  decide(operation: Operation, name: string, partition: number): Decision {
    if (name.length > MAX_NAME_LENGTH) return tooLong
    return (this.#memo.get(name) ?? this.#remember(name)).decide(operation, partition)
  }

  /** What there is to say of a name. */
  verdictOf(name: string): NameVerdict {
    return name.length > MAX_NAME_LENGTH ? this.#nothing : (this.#memo.get(name) ?? this.#remember(name))
  }

  /** Whether some name exists on which the operation is allowed, for all that single denials tell. */
  canOnAny(operation: Operation): boolean {
    const known = this.#canOnAny.get(operation)
    if (known !== undefined) return known
    const found = this.#findAny(1 << operation)
    this.#canOnAny.set(operation, found)
    return found
  }

  #remember(name: string): NameVerdict {
    const verdict = this.#workOut(name)
    this.#memo.set(name, verdict)
    return verdict
  }

  #workOut(name: string): NameVerdict {
    const internal = this.#isTopic && name.startsWith(INTERNAL_TOPIC_PREFIX)
    const atoms: Atom[] = []
    let protections: Protection[] | undefined
    let discoverable = false
    this.index.match(name, (entry) => {
      collect(entry, internal, atoms)
      // INVARIANT: a protection reaches whatever its selector matches, internal topics too, and counts once.
      for (const each of entry.value.protections) {
        protections ??= []
        if (!protections.includes(each)) protections.push(each)
      }
      discoverable ||= entry.value.discoverable && (entry.isLiteral || !internal)
    })
    const nothing = internal ? this.#nothingInternal : this.#nothing
    if (atoms.length === 0 && !discoverable) return nothing
    return new NameVerdict(
      { atoms, protections: protections ?? noFacts.protections, discoverable },
      nothing.defaultReason,
      this.#pools,
    )
  }

  #findAny(bit: number): boolean {
    const entries = [...this.index.entries()].map((entry) => ({ entry, atoms: this.#atomsOf(entry) }))
    const denials = entries.filter(({ atoms }) =>
      atoms.some((atom) => atom.denies && atom.partitions === undefined && (atom.operations & bit) !== 0),
    )
    return entries.some(
      ({ entry, atoms }) =>
        atoms.some((atom) => !atom.denies && (atom.operations & bit) !== 0) &&
        !denials.some((denial) => coversGlob(denial.entry.selector, entry.selector)),
    )
  }

  #atomsOf(entry: NameEntry<SelectorFacts>): Atom[] {
    const atoms: Atom[] = []
    collect(entry, this.#isTopic && entry.selector.startsWith(INTERNAL_TOPIC_PREFIX), atoms)
    return atoms
  }
}

/** INVARIANT: an internal topic is granted by a rule that names it in full, by nothing else; denials reach it always. */
function collect({ isLiteral, value }: NameEntry<SelectorFacts>, internal: boolean, into: Atom[]): void {
  for (const atom of value.atoms) if (!internal || isLiteral || atom.denies) into.push(atom)
  for (const atoms of value.labelled) for (const atom of atoms) if (!internal || atom.denies) into.push(atom)
}
