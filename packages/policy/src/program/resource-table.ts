import { coversGlob } from '../glob.ts'
import { INTERNAL_TOPIC_PREFIX, MAX_NAME_LENGTH, type Operation } from '../operation.ts'
import type { Atom } from './atom.ts'
import { createDecision, type Decision, type DecisionReason } from './decision.ts'
import { type NameEntry, NameIndex, NO_SPOT } from './name-index.ts'
import { NameMemo } from './name-memo.ts'
import { type NameFacts, NameVerdict, type VerdictPools } from './name-verdict.ts'
import { noProtections, type Protection } from './obligation-pool.ts'
import { SharedVerdicts } from './shared-verdicts.ts'

/** What hangs on a selector: rules that name it, and for topics what protections say of it. */
export interface SelectorFacts {
  readonly atoms: Atom[]
  /** The atoms of labels that a protection with this selector gives; the lists are shared. */
  readonly labelled: (readonly Atom[])[]
  readonly protections: Protection[]
  discoverable: boolean
}

type MatchedEntry = NameEntry<SelectorFacts>

const MEMO_CAPACITY = 4096
const MAX_SPOTS = 8192
const noFacts: NameFacts = Object.freeze({ atoms: [], protections: noProtections, discoverable: false })
const createFacts = (): SelectorFacts => ({ atoms: [], labelled: [], protections: [], discoverable: false })
const tooLong: Decision = createDecision('deny', 'name-too-long')

/** The rules for one type of resource, found by name. */
export class ResourceTable {
  readonly index: NameIndex<SelectorFacts>
  readonly #isTopic: boolean
  readonly #pools: VerdictPools
  /** By spot, up to the number of places. */
  #verdicts: readonly (NameVerdict | undefined)[] = []
  /** By the spots that come after those. */
  readonly #bySpot = new Map<number, NameVerdict>()
  /** By name, for names without a spot. */
  readonly #memo = new NameMemo<NameVerdict>(MEMO_CAPACITY)
  readonly #shared = new SharedVerdicts()
  readonly #sharedInternal = new SharedVerdicts()
  readonly #nothing: NameVerdict
  readonly #nothingInternal: NameVerdict
  readonly #canOnAny = new Map<Operation, boolean>()

  constructor(isTopic: boolean, defaultReason: DecisionReason, pools: VerdictPools) {
    // Internal topics have places of their own, since what a pattern grants does not reach them.
    this.index = new NameIndex(createFacts, isTopic ? [INTERNAL_TOPIC_PREFIX] : [])
    this.#isTopic = isTopic
    this.#pools = pools
    this.#nothing = new NameVerdict(noFacts, defaultReason, pools)
    const isOpen = defaultReason === 'no-rule' || defaultReason === 'groups-unknown'
    this.#nothingInternal = new NameVerdict(noFacts, isOpen ? 'internal-topic' : defaultReason, pools)
  }

  /** Works out what names of a place have in common, once everything hangs on its selector: the first look at one finds it made. */
  prepare(): void {
    this.#verdicts = this.index.places.map((place) => {
      const entries = this.index.entriesAt(place)
      return entries === undefined ? undefined : this.#combine(entries, this.#isInternal(place.text))
    })
    for (const verdict of this.#verdicts) verdict?.prepare()
  }

  /** Decides one request. */
  decide(operation: Operation, name: string, partition: number): Decision {
    return name.length > MAX_NAME_LENGTH ? tooLong : this.#of(name).decide(operation, partition)
  }

  /** What there is to say of a name. */
  verdictOf(name: string): NameVerdict {
    return name.length > MAX_NAME_LENGTH ? this.#nothing : this.#of(name)
  }

  /** Whether some name exists on which the operation is allowed, for all that single denials tell. */
  canOnAny(operation: Operation): boolean {
    const known = this.#canOnAny.get(operation)
    if (known !== undefined) return known
    const found = this.#findAny(1 << operation)
    this.#canOnAny.set(operation, found)
    return found
  }

  #of(name: string): NameVerdict {
    const spot = this.index.spotOf(name)
    const verdict = spot >= 0 && spot < this.#verdicts.length ? this.#verdicts[spot] : undefined
    return verdict ?? this.#recall(spot, name)
  }

  #recall(spot: number, name: string): NameVerdict {
    if (spot === NO_SPOT) return this.#memo.get(name) ?? this.#remember(name)
    return this.#bySpot.get(spot) ?? this.#rememberAt(spot, name)
  }

  #remember(name: string): NameVerdict {
    const verdict = this.#workOut(name)
    this.#memo.set(name, verdict)
    return verdict
  }

  #rememberAt(spot: number, name: string): NameVerdict {
    const verdict = this.#workOut(name)
    if (this.#bySpot.size >= MAX_SPOTS) this.#bySpot.clear()
    this.#bySpot.set(spot, verdict)
    return verdict
  }

  #workOut(name: string): NameVerdict {
    const isInternal = this.#isInternal(name)
    const entries = this.index.entriesFor(name)
    const shared = isInternal ? this.#sharedInternal : this.#shared
    return shared.of(entries, () => this.#combine(entries, isInternal))
  }

  #isInternal(name: string): boolean {
    return this.#isTopic && name.startsWith(INTERNAL_TOPIC_PREFIX)
  }

  #combine(entries: readonly MatchedEntry[], isInternal: boolean): NameVerdict {
    const atoms: Atom[] = []
    const protections: Protection[] = []
    let discoverable = false
    for (const entry of entries) {
      collect(entry, isInternal, atoms)
      // INVARIANT: a protection reaches whatever its selector matches, internal topics too, and counts once.
      protections.push(...entry.value.protections)
      discoverable ||= entry.value.discoverable && (entry.isLiteral || !isInternal)
    }
    const nothing = isInternal ? this.#nothingInternal : this.#nothing
    if (atoms.length === 0 && !discoverable) return nothing
    const facts = { atoms, protections: this.#pools.obligations.setOf(protections), discoverable }
    return new NameVerdict(facts, nothing.defaultReason, this.#pools)
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
