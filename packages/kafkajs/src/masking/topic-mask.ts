import {
  compileRecordPlan,
  foldKey,
  parseSelector,
  type RecordPlan,
  selectedPaths,
  type Unmask,
} from '@headgate/masking'
import type { Decision, MaskObligation } from '@headgate/policy'

/** How the records of a topic are masked in one direction. */
export interface TopicMask {
  /** Nothing where none could be made: then every record is withheld. */
  readonly plan: RecordPlan | undefined
  /** Whether a placeholder stands for what is withheld. */
  readonly showsPlaceholder: boolean
  /**
   * What is masked, by the policy's own names: `customer/ssn`, `anywhere:password`, `detect:email`, `header:x-user`, `key`; and
   * `only` where what the policy does not name is not there.
   */
  readonly names: readonly string[]
}

/** Makes an obligation ready once; equal obligations are one object. */
export class TopicMasks {
  readonly #known = new WeakMap<MaskObligation, TopicMask>()

  /** The mask that a decision obliges to; nothing where it obliges to none. */
  of(decision: Decision | undefined): TopicMask | undefined {
    const obligation = decision?.obligations?.mask
    if (obligation === undefined) return undefined
    const known = this.#known.get(obligation)
    if (known !== undefined) return known
    const plan = compile(obligation)
    const showsPlaceholder = obligation.onUnreadable === 'placeholder'
    const mask = { plan, showsPlaceholder, names: Object.freeze(namesOf(obligation)) }
    this.#known.set(obligation, mask)
    return mask
  }
}

// INVARIANT: no keys for tokens. The gateway has them; here a token passes by its form, and clear text does not.
function compile(obligation: MaskObligation): RecordPlan | undefined {
  try {
    return compileRecordPlan(obligation)
  } catch {
    // The policy was checked before it was signed, so that this is a fault; nothing is seen because of it.
    return undefined
  }
}

function namesOf({ value, headers, key, unmask, only }: MaskObligation): string[] {
  const isLifted = liftedBy(unmask)
  const targets = value.flatMap(({ fields, anywhere = [], detect = [] }) => [
    ...(fields === undefined ? [] : pathsOf(fields)),
    ...wordsOf(anywhere, detect),
  ])
  const names = targets.filter((target) => !isLifted(target))
  for (const { name } of headers) names.push(`header:${name}`)
  if (key !== undefined) names.push('key')
  if (only !== undefined) names.push('only')
  return [...new Set(names)].sort()
}

const wordsOf = (anywhere: readonly string[], detect: readonly string[]): string[] => [
  ...anywhere.map((name) => `anywhere:${foldKey(name)}`),
  ...detect.map((name) => `detect:${name}`),
]

const pathsOf = (selector: string): readonly string[] => {
  const parsed = parseSelector(selector)
  return parsed.ok ? selectedPaths(parsed.selector.root) : []
}

// A `/` in a name is written with `\\` before it.
const namesIn = (path: string): readonly string[] => path.split(/(?<!\\)\//)

/** Tells of a target of a mask whether this principal sees it in clear. */
function liftedBy({ fields = [], anywhere = [], detect = [] }: Unmask): (target: string) => boolean {
  const words = new Set(wordsOf(anywhere, detect))
  const shown = fields.flatMap(pathsOf).map(namesIn)
  const isBelow = (path: readonly string[], above: readonly string[]): boolean =>
    above.length <= path.length && above.every((name, at) => name === '*' || name === path[at])
  return (target) => words.has(target) || shown.some((above) => isBelow(namesIn(target), above))
}
