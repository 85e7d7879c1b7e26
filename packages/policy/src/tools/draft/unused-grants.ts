import type { PolicyDocument, Rule, Scope, SourcePosition } from '../../document/document.ts'
import { LABEL_PREFIX } from '../../document/names.ts'
import { verbOf } from '../../document/verbs.ts'
import { matchesGlob } from '../../glob.ts'
import { CLUSTER_NAME, Operation } from '../../operation.ts'
import type { SeenUse, SeenUses } from './seen-access.ts'

/** Names behind one verb of a rule that nobody was seen to use by it. */
export interface UnusedNames {
  readonly verb: string
  readonly names: readonly string[]
}

/** What of a rule nobody was seen to use. */
export interface UnusedGrant {
  readonly ruleId: string
  readonly source: SourcePosition
  /** Nothing of the rule was used. */
  readonly isWhole: boolean
  readonly unused: readonly UnusedNames[]
  /** Since when it could have been used: the rule was in force, and uses were kept. Absent where it never was in force. */
  readonly sinceUnixMs?: number
  /** When the rule was last used; absent where it never was. */
  readonly lastUnixMs?: number
}

/**
 * Tells what a policy grants and nobody was seen to use: whole rules, and of others the names behind single verbs. Replay and the
 * audit trail are not looked at, since what was seen says nothing of them.
 */
export function unusedGrants(document: PolicyDocument, seen: SeenUses): readonly UnusedGrant[] {
  const { accesses } = seen
  const topicsOf = (label: string): readonly string[] =>
    document.topics.flatMap(({ labels, match }) => (labels.includes(label) ? match : []))
  return document.rules.flatMap((rule): UnusedGrant[] => {
    if (rule.effect === 'deny') return []
    const uses = accesses.filter(({ ruleIds }) => ruleIds.includes(rule.id))
    const scopes = rule.scopes.filter(({ operation }) => operation < Operation.ReadAudit)
    const unused = scopes.flatMap((scope) => unusedNames(scope, uses, topicsOf))
    if (unused.length === 0) return []
    const lastUnixMs = Math.max(...uses.map((use) => use.lastUnixMs))
    return [
      {
        ...headOf(rule),
        isWhole: uses.length === 0 && scopes.length === rule.scopes.length,
        unused,
        ...watchedSince(rule, seen),
        ...(uses.length === 0 ? {} : { lastUnixMs }),
      },
    ]
  })
}

function watchedSince({ id }: Rule, { rules, sinceUnixMs }: SeenUses): Pick<UnusedGrant, 'sinceUnixMs'> {
  if (rules === undefined) return { sinceUnixMs }
  const inForce = rules.find((rule) => rule.id === id)
  return inForce === undefined ? {} : { sinceUnixMs: Math.max(sinceUnixMs, inForce.sinceUnixMs) }
}

function headOf({ id, source }: Rule): Pick<UnusedGrant, 'ruleId' | 'source'> {
  return { ruleId: id, source }
}

function unusedNames(
  { resourceType, operation, names }: Scope,
  uses: readonly SeenUse[],
  topicsOf: (label: string) => readonly string[],
): UnusedNames[] {
  const used = uses.filter((use) => use.resourceType === resourceType && use.operation === operation)
  const isUsed = (selector: string): boolean => {
    const selectors =
      resourceType === 'topic' && selector.startsWith(LABEL_PREFIX)
        ? topicsOf(selector.slice(LABEL_PREFIX.length))
        : [selector]
    return used.some(({ name }) => selectors.some((each) => matchesGlob(each, name)))
  }
  const left = names.filter((name) => !isUsed(name))
  if (left.length === 0) return []
  const verb = verbOf(resourceType, operation) ?? ''
  return [
    left.includes(CLUSTER_NAME) && resourceType === 'cluster'
      ? { verb: 'cluster', names: [verb] }
      : { verb, names: left },
  ]
}
