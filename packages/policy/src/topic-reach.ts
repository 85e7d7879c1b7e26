import type { Scope, TopicProtection } from './document/document.ts'
import { LABEL_PREFIX } from './document/names.ts'
import { isGlob, matchesGlob, mayOverlap } from './glob.ts'
import { INTERNAL_TOPIC_PREFIX, type Operation } from './operation.ts'

/** The topics that some selectors of grants can reach. It may say yes too often, never no. */
export class TopicReach {
  readonly #literals = new Set<string>()
  readonly #globs = new Set<string>()

  /** Adds what a grant names. A label stands for all that `matchOf` gives for it. */
  add(selector: string, matchOf: (label: string) => readonly string[]): void {
    if (!selector.startsWith(LABEL_PREFIX)) this.#addName(selector)
    // A label reaches no internal topic.
    else for (const each of matchOf(selector.slice(LABEL_PREFIX.length))) if (!isInternal(each)) this.#addName(each)
  }

  /** Whether a topic that the selector matches may be among them. */
  meets(selector: string): boolean {
    if (this.#literals.has(selector)) return true
    if (isGlob(selector)) for (const literal of this.#literals) if (matchesGlob(selector, literal)) return true
    // Internal topics are reached by name alone.
    if (isInternal(selector)) return false
    for (const glob of this.#globs) if (mayOverlap(glob, selector)) return true
    return false
  }

  #addName(selector: string): void {
    ;(isGlob(selector) ? this.#globs : this.#literals).add(selector)
  }
}

function isInternal(selector: string): boolean {
  return selector.startsWith(INTERNAL_TOPIC_PREFIX)
}

/**
 * The topics on which scopes of grants grant one of the operations.
 *
 * @param topics the entries that give labels
 */
export function reachOf(
  scopes: readonly Scope[],
  operations: readonly Operation[],
  topics: readonly Pick<TopicProtection, 'match' | 'labels'>[],
): TopicReach {
  const matchOf = (label: string): readonly string[] =>
    topics.flatMap(({ labels, match }) => (labels.includes(label) ? match : []))
  const reach = new TopicReach()
  for (const { resourceType, operation: granted, names } of scopes) {
    if (resourceType === 'topic' && operations.includes(granted)) for (const name of names) reach.add(name, matchOf)
  }
  return reach
}
