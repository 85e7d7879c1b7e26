import type { Scope, TopicProtection } from './document/document.ts'
import { LABEL_PREFIX } from './document/names.ts'
import { INTERNAL_TOPIC_PREFIX, type Operation } from './operation.ts'
import { SelectorIndex } from './selector-index.ts'

/** The topics that some grants can reach. It may say yes too often, never no. */
export class TopicReach {
  readonly #index: SelectorIndex

  constructor(selectors: readonly string[]) {
    this.#index = new SelectorIndex(selectors)
  }

  /** Whether a topic that the selector matches may be among them. */
  meets(selector: string): boolean {
    if (this.#index.hasLiteralIn(selector)) return true
    // Internal topics are reached by name alone.
    return !isInternal(selector) && this.#index.hasGlobAcross(selector)
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
  const granted = scopes
    .filter(({ resourceType, operation }) => resourceType === 'topic' && operations.includes(operation))
    .flatMap(({ names }) => names)
  const labels = new Set(granted.filter((name) => name.startsWith(LABEL_PREFIX)))
  const labelled = topics
    .filter((topic) => topic.labels.some((label) => labels.has(`${LABEL_PREFIX}${label}`)))
    // A label reaches no internal topic.
    .flatMap(({ match }) => match.filter((selector) => !isInternal(selector)))
  return new TopicReach([...new Set([...granted.filter((name) => !labels.has(name)), ...labelled])])
}
