import { canonicalJson, compareCodeUnits } from '../canonical.ts'
import type { PolicyDocument, Rule, Scope, TopicProtection } from '../document/document.ts'
import { LABEL_PREFIX } from '../document/names.ts'
import type { Principal } from '../principal.ts'
import { matchWho } from './who.ts'

/** A rule that concerns the principal, with `who` gone. */
export interface ResidualRule {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  /** Present on a denial that applies only because the principal's groups are unknown. */
  readonly because?: 'groups-unknown'
  readonly scopes: readonly Scope[]
}

/** What a topic protection says that matters to this principal. */
export interface ResidualProtection {
  readonly match: readonly string[]
  /** Only labels that one of the principal's rules selects. */
  readonly labels: readonly string[]
  readonly discoverable: boolean
}

/**
 * A policy seen from one principal: only the rules that concern it and only the protections that those need.
 *
 * Plain JSON in one canonical order, so that equal rights have equal digests.
 */
export interface PolicyResidual {
  readonly version: 1
  /** By id. */
  readonly rules: readonly ResidualRule[]
  readonly topics: readonly ResidualProtection[]
  /** A grant may be missing because the principal's groups are unknown. */
  readonly groupsUnknown: boolean
}

/** Reduces a policy to what concerns one principal. */
export function residualFor(document: PolicyDocument, principal: Principal): PolicyResidual {
  const matches = document.rules.map((rule) => ({ rule, truth: matchWho(rule.who, principal) }))
  const rules = matches.flatMap(({ rule, truth }): ResidualRule[] => {
    if (truth === 'true') return [keep(rule)]
    return truth === 'unknown' && rule.effect === 'deny' ? [{ ...keep(rule), because: 'groups-unknown' }] : []
  })
  return {
    version: 1,
    rules: rules.sort((a, b) => compareCodeUnits(a.id, b.id)),
    topics: relevantProtections(document.topics, labelsOf(rules)),
    groupsUnknown: matches.some(({ rule, truth }) => truth === 'unknown' && rule.effect === 'allow'),
  }
}

function keep({ id, effect, scopes }: Rule): ResidualRule {
  return { id, effect, scopes }
}

function labelsOf(rules: readonly ResidualRule[]): ReadonlySet<string> {
  const topicNames = rules.flatMap(({ scopes }) =>
    scopes.flatMap(({ resourceType, names }) => (resourceType === 'topic' ? names : [])),
  )
  return new Set(
    topicNames.filter((name) => name.startsWith(LABEL_PREFIX)).map((name) => name.slice(LABEL_PREFIX.length)),
  )
}

function relevantProtections(
  topics: readonly TopicProtection[],
  selected: ReadonlySet<string>,
): readonly ResidualProtection[] {
  const byMeaning = new Map<string, ResidualProtection>()
  for (const { match, labels, discoverable } of topics) {
    const relevant = { match, labels: labels.filter((label) => selected.has(label)), discoverable }
    if (relevant.labels.length > 0 || discoverable) byMeaning.set(canonicalJson(relevant), relevant)
  }
  return [...byMeaning].sort(([a], [b]) => compareCodeUnits(a, b)).map(([, protection]) => protection)
}
