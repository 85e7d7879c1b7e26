import { coversGlob } from '../glob.ts'
import { INTERNAL_TOPIC_PREFIX, MAX_NAME_LENGTH, type Operation } from '../operation.ts'
import type { Atom } from './atom.ts'
import { createDecision, type Decision, type DecisionReason } from './decision.ts'
import { type NameEntry, NameIndex, type PatternBranch } from './name-index.ts'
import { NameMemo } from './name-memo.ts'
import { type NameFacts, NameVerdict, type VerdictPools } from './name-verdict.ts'
import type { Protection } from './obligation-pool.ts'
import { SharedVerdicts } from './shared-verdicts.ts'

/** What hangs on a selector: rules that name it, and for topics what protections say of it. */
export interface SelectorFacts {
  readonly atoms: Atom[]
  /** The atoms of labels that a protection with this selector gives; the lists are shared. */
  readonly labelled: (readonly Atom[])[]
  readonly protections: Protection[]
  discoverable: boolean
  /** Of a literal: the verdict of its name. */
  verdict: NameVerdict | undefined
}

/** With the verdict of names that the branch matches, and of patterns else those alone that it begins with. */
type Branch = PatternBranch<SelectorFacts, NameVerdict>

type MatchedEntry = NameEntry<SelectorFacts>

const MEMO_CAPACITY = 4096
const noFacts: NameFacts = Object.freeze({ atoms: [], protections: [], discoverable: false })
const tooLong: Decision = createDecision('deny', 'name-too-long')
const UNDERSCORE = INTERNAL_TOPIC_PREFIX.charCodeAt(0)

/** The rules for one type of resource, found by name. */
export class ResourceTable {
  readonly index: NameIndex<SelectorFacts, NameVerdict> = new NameIndex(() => ({
    atoms: [],
    labelled: [],
    protections: [],
    discoverable: false,
    verdict: undefined,
  }))
  readonly #isTopic: boolean
  readonly #pools: VerdictPools
  readonly #memo = new NameMemo<NameVerdict>(MEMO_CAPACITY)
  readonly #shared = new SharedVerdicts()
  readonly #sharedInternal = new SharedVerdicts()
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

  /** Works out beforehand what single patterns say, once everything hangs on its selector: the first look at a name finds it made. */
  prepare(): void {
    for (const branch of this.index.branches()) {
      const { open, suffixLengths } = branch.value
      if (branch.outer !== undefined || open === undefined || suffixLengths.length > 0) continue
      branch.made = this.#combine([open], false)
      branch.made.prepare()
    }
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
    const isInternal = this.#isTopic && name.charCodeAt(0) === UNDERSCORE && name.startsWith(INTERNAL_TOPIC_PREFIX)
    const literal = this.index.literalOf(name)
    if (literal !== undefined) {
      literal.value.verdict ??= this.#combine(this.#matching(name), isInternal)
      return literal.value.verdict
    }
    const branch = this.index.branchOf(name)
    if (branch === undefined) return isInternal ? this.#nothingInternal : this.#nothing
    if (!isInternal) {
      if (branch.made !== undefined) return branch.made
      if (isOpen(branch)) {
        branch.made = this.#combine(this.#matching(name), false)
        return branch.made
      }
    }
    const entries = this.#matching(name)
    const shared = isInternal ? this.#sharedInternal : this.#shared
    return shared.of(entries, () => this.#combine(entries, isInternal))
  }

  #matching(name: string): MatchedEntry[] {
    const entries: MatchedEntry[] = []
    this.index.match(name, (entry) => entries.push(entry))
    return entries
  }

  #combine(entries: readonly MatchedEntry[], isInternal: boolean): NameVerdict {
    const atoms: Atom[] = []
    let protections: Protection[] | undefined
    let discoverable = false
    for (const entry of entries) {
      collect(entry, isInternal, atoms)
      // INVARIANT: a protection reaches whatever its selector matches, internal topics too, and counts once.
      for (const each of entry.value.protections) {
        protections ??= []
        if (!protections.includes(each)) protections.push(each)
      }
      discoverable ||= entry.value.discoverable && (entry.isLiteral || !isInternal)
    }
    const nothing = isInternal ? this.#nothingInternal : this.#nothing
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

/** Whether a branch, and those that it begins with, match a name whatever stands behind them. */
function isOpen(branch: Branch): boolean {
  for (let each: Branch | undefined = branch; each !== undefined; each = each.outer)
    if (each.value.suffixLengths.length > 0) return false
  return true
}
