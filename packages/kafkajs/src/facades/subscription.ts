import type { ConsumerSubscribeTopic, ConsumerSubscribeTopics } from '#kafkajs'

/** What a consumer subscribes to, with each expression narrowed to what policy allows. */
export interface Subscription {
  readonly topics: (string | RegExp)[]
  readonly fromBeginning: boolean
  /** The topics that were subscribed to; complete once kafkajs has resolved the expressions. */
  readonly names: ReadonlySet<string>
}

/**
 * An expression that matches only topics that are allowed, and remembers those that it matched.
 *
 * kafkajs tests each topic of the cluster with it and subscribes to the names that match.
 */
class PolicyExpression extends RegExp {
  readonly #isAllowed: (topic: string) => boolean
  readonly #matched: (topic: string) => void

  constructor(expression: RegExp, isAllowed: (topic: string) => boolean, matched: (topic: string) => void) {
    // `g` and `y` would make the answer depend on the question before.
    super(expression.source, expression.flags.replace(/[gy]/g, ''))
    this.#isAllowed = isAllowed
    this.#matched = matched
  }

  override test(topic: string): boolean {
    const isMatch = super.test(topic) && this.#isAllowed(topic)
    if (isMatch) this.#matched(topic)
    return isMatch
  }
}

/** Reads a subscription as the application gives it. What is neither text nor expression is left for kafkajs to refuse. */
export function readSubscription(
  given: ConsumerSubscribeTopics | ConsumerSubscribeTopic,
  isAllowed: (topic: string) => boolean,
): Subscription {
  const { topics, topic, fromBeginning = false } = given as Partial<ConsumerSubscribeTopics & ConsumerSubscribeTopic>
  // kafkajs itself refuses what is no list, and nothing at all.
  const isUnreadable = topics == null ? !topic : !Array.isArray(topics)
  if (isUnreadable) return { topics: topics as (string | RegExp)[], fromBeginning, names: new Set() }
  const wanted = topics == null ? [topic as string | RegExp] : [...topics]
  const names = new Set(wanted.filter((item) => typeof item === 'string'))
  const narrowed = wanted.map((item) =>
    item instanceof RegExp ? new PolicyExpression(item, isAllowed, (name) => names.add(name)) : item,
  )
  return { topics: narrowed, fromBeginning, names }
}

/** The topics that a subscription comes to, of all that there are. */
export function matchTopics(
  { topics }: Subscription,
  all: readonly string[],
  isAllowed: (topic: string) => boolean,
): readonly string[] {
  return topics.flatMap((wanted) => {
    if (typeof wanted === 'string') return wanted
    // A subscription's own expressions ask the policy by themselves; a plain copy of one does not.
    const plain = new RegExp(wanted.source, wanted.flags)
    return all.filter((topic) => plain.test(topic) && isAllowed(topic))
  })
}
