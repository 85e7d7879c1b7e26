import { canonicalJson } from '../../canonical.ts'
import type { PolicyDocument, Rule, TopicProtection } from '../../document/document.ts'
import { LABEL_PREFIX } from '../../document/names.ts'
import type { ResourceType } from '../../operation.ts'

/** What of a policy speaks of some names: a policy in itself, which decides there as the whole one does. */
export interface PolicyExcerpt {
  readonly document: PolicyDocument
  /** What it means, without ids of rules and places: excerpts of equal meaning grant alike. */
  readonly meaning: string
}

/** Finds what of a policy speaks of names by the selectors that match them. */
export class PolicyIndex {
  readonly #rules = new Map<string, Rule[]>()
  readonly #topics = new Map<string, TopicProtection[]>()
  readonly #meanings = new Map<object, string>()

  constructor({ rules, topics }: PolicyDocument) {
    for (const topic of topics) for (const selector of topic.match) listIn(this.#topics, selector).push(topic)
    for (const rule of rules) {
      for (const { resourceType, names } of rule.scopes) {
        for (const name of names) {
          const list = listIn(this.#rules, `${resourceType} ${name}`)
          if (list.at(-1) !== rule) list.push(rule)
        }
      }
    }
  }

  /** What speaks of the names of a type that these selectors, and no others, match. */
  excerpt(resourceType: ResourceType, matches: readonly string[]): PolicyExcerpt {
    const topics = resourceType === 'topic' ? unique(matches.flatMap((each) => this.#topics.get(each) ?? [])) : []
    const labels = topics.flatMap((topic) => topic.labels.map((label) => `${LABEL_PREFIX}${label}`))
    const names = resourceType === 'topic' ? [...matches, ...labels] : matches
    const rules = unique(names.flatMap((name) => this.#rules.get(`${resourceType} ${name}`) ?? []))
    const meanings = [...rules, ...topics].map((each) => this.#meaningOf(each)).sort()
    return { document: { version: 1, topics, rules, owners: [] }, meaning: meanings.join('\n') }
  }

  #meaningOf(entry: Rule | TopicProtection): string {
    const known = this.#meanings.get(entry)
    if (known !== undefined) return known
    const meaning =
      'who' in entry
        ? canonicalJson({ ...entry, id: undefined, description: undefined, source: undefined })
        : canonicalJson({ ...entry, source: undefined })
    this.#meanings.set(entry, meaning)
    return meaning
  }
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const known = lists.get(key)
  if (known !== undefined) return known
  const list: T[] = []
  lists.set(key, list)
  return list
}

const unique = <T>(entries: readonly T[]): T[] => [...new Set(entries)]
