import { canonicalJson, sortedUnique } from '../../canonical.ts'
import { matchesGlob } from '../../glob.ts'
import type { ResourceType } from '../../operation.ts'
import { decide } from '../../program/decide.ts'
import type { Decision } from '../../program/decision.ts'
import type { Program } from '../../program/program.ts'
import { type AccessWitness, programOf } from './point.ts'
import type { PolicyExcerpt, PolicyIndex } from './policy-index.ts'
import { accessKey } from './strictness.ts'

/** Two policies as they are at one instant. */
export interface ComparedMoment {
  readonly before: PolicyIndex
  readonly after: PolicyIndex
}

/** What two policies say of one name at an instant, and what they come to for those who were asked about. */
interface NamedMoment {
  readonly before: PolicyExcerpt
  readonly after: PolicyExcerpt
  readonly programs: Map<string, readonly [Program, Program]>
}

/** Whether the change that a witness shows is there at every instant, and with which rules. */
export class InstantCheck {
  readonly #moments: readonly ComparedMoment[]
  readonly #selectorsOf: (resourceType: ResourceType) => readonly string[]
  readonly #named = new Map<string, readonly NamedMoment[]>()

  /**
   * @param moments one for each combination of schedules that comes about
   * @param selectorsOf every selector that rules and protections have at any of them
   */
  constructor(moments: readonly ComparedMoment[], selectorsOf: (resourceType: ResourceType) => readonly string[]) {
    this.#moments = moments
    this.#selectorsOf = selectorsOf
  }

  /**
   * The witness without its instant where the request is decided otherwise in the same way at every instant, with all rules that bring
   * that about at one or another; else the witness as it is.
   */
  withoutIdleInstant(witness: AccessWitness): AccessWitness {
    const { atUnixMs, before, after, ...request } = witness
    if (atUnixMs === undefined) return witness
    const [was, is] = [accessKey(before), accessKey(after)]
    const found: { readonly before: Decision; readonly after: Decision }[] = []
    for (const moment of this.#momentsAt(request.resourceType, request.name)) {
      const [then, now] = programsFor(moment, witness).map((program) =>
        decide(program, request.resourceType, request.operation, request.name, request.partition),
      )
      if (then === undefined || now === undefined || accessKey(then) !== was || accessKey(now) !== is) return witness
      found.push({ before: then, after: now })
    }
    return {
      ...request,
      before: united(
        found.map((each) => each.before),
        before,
      ),
      after: united(
        found.map((each) => each.after),
        after,
      ),
    }
  }

  /** What is said of a name, once for each way in which it is said. */
  #momentsAt(resourceType: ResourceType, name: string): readonly NamedMoment[] {
    const key = `${resourceType} ${name}`
    const known = this.#named.get(key)
    if (known !== undefined) return known
    const matches = sortedUnique(this.#selectorsOf(resourceType)).filter((each) => matchesGlob(each, name))
    const moments = new Map<string, NamedMoment>()
    for (const { before, after } of this.#moments) {
      const [was, is] = [before.excerpt(resourceType, matches), after.excerpt(resourceType, matches)]
      const said = canonicalJson(
        [was, is].map(({ document, meaning }) => [meaning, document.rules.map(({ id }) => id)]),
      )
      if (!moments.has(said)) moments.set(said, { before: was, after: is, programs: new Map() })
    }
    const found = [...moments.values()]
    this.#named.set(key, found)
    return found
  }
}

function programsFor(
  { before, after, programs }: NamedMoment,
  { principal }: AccessWitness,
): readonly [Program, Program] {
  const key = canonicalJson({ ...principal })
  const known = programs.get(key)
  if (known !== undefined) return known
  const both = [programOf(before.document, principal), programOf(after.document, principal)] as const
  programs.set(key, both)
  return both
}

/** Of decisions that give the same access the one that most rules bring about, with the rules of all. */
function united(decisions: readonly Decision[], first: Decision): Decision {
  const [most = first] = decisions.toSorted((a, b) => b.ruleIds.length - a.ruleIds.length)
  return { ...most, ruleIds: sortedUnique(decisions.flatMap(({ ruleIds }) => ruleIds)) }
}
