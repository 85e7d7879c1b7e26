import type { PolicyDocument, Rule, Scope, SourcePosition } from '../../document/document.ts'
import { LABEL_PREFIX } from '../../document/names.ts'
import { verbOf } from '../../document/verbs.ts'
import { matchesGlob } from '../../glob.ts'
import { CLUSTER_NAME, Operation, type ResourceType } from '../../operation.ts'
import type { SeenUse } from '../../seen-access.ts'
import type { SeenUses } from './seen-access.ts'
import { rightUses } from './unused-rights.ts'

/** Names behind one verb of a rule, or what one of its rights lifts; nothing behind `without-approval`. */
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

/** What of a rule may be used or not: what was seen does not tell. */
export interface UntoldGrant {
  readonly ruleId: string
  readonly source: SourcePosition
  readonly untold: readonly UnusedNames[]
  /** `not-kept`: what was seen says nothing of it. `shown`: it was shown to who read the topics, whether they looked at it or not. */
  readonly why: 'not-kept' | 'shown'
  /** The topics that were read with it shown. */
  readonly topics: readonly string[]
}

/**
 * Tells what a policy grants and nobody was seen to use: whole rules, and of others the names behind single verbs, the items of `unmask`
 * that lifted nothing of what was read, and `without-approval` where nothing was done that wants one. {@link untoldGrants} has the rest.
 */
export function unusedGrants(document: PolicyDocument, seen: SeenUses): readonly UnusedGrant[] {
  const { accesses } = seen
  const topicsOf = (label: string): readonly string[] =>
    document.topics.flatMap(({ labels, match }) => (labels.includes(label) ? match : []))
  return document.rules.flatMap((rule): UnusedGrant[] => {
    if (rule.effect === 'deny') return []
    const uses = accesses.filter(({ ruleIds }) => ruleIds.includes(rule.id))
    const scopes = rule.scopes.filter(({ operation }) => operation < Operation.ReadAudit)
    const isWhole = uses.length === 0 && scopes.length === rule.scopes.length
    const unusedScopes = scopes.flatMap((scope) => unusedNames(scope, uses, topicsOf))
    // The rights of a rule that is not used go with it.
    const unused = isWhole ? unusedScopes : [...unusedScopes, ...unusedRights(document, rule, uses)]
    if (unused.length === 0) return []
    const lastUnixMs = Math.max(...uses.map((use) => use.lastUnixMs))
    return [
      {
        ...headOf(rule),
        isWhole,
        unused,
        ...watchedSince(rule, seen),
        ...(uses.length === 0 ? {} : { lastUnixMs }),
      },
    ]
  })
}

function unusedRights(document: PolicyDocument, rule: Rule, uses: readonly SeenUse[]): UnusedNames[] {
  const { unusedUnmasks, isWithoutApprovalUnused } = rightUses(document, rule, uses)
  return [
    ...(unusedUnmasks.length === 0 ? [] : [{ verb: 'unmask', names: unusedUnmasks }]),
    ...(isWithoutApprovalUnused ? [{ verb: 'without-approval', names: [] }] : []),
  ]
}

/**
 * Tells of what it cannot be told whether it is used: replay and the audit trail, of which what was seen says nothing, and fields that
 * were shown to who read them.
 */
export function untoldGrants(document: PolicyDocument, { accesses }: SeenUses): readonly UntoldGrant[] {
  return document.rules.flatMap((rule): UntoldGrant[] => {
    if (rule.effect === 'deny') return []
    const uses = accesses.filter(({ ruleIds }) => ruleIds.includes(rule.id))
    const { shownUnmasks, shownTopics } = rightUses(document, rule, uses)
    const scopes = rule.scopes.filter(({ operation }) => operation >= Operation.ReadAudit)
    const notKept = scopes.map(({ resourceType, operation, names }) => namesOf(resourceType, operation, names))
    const shown = [{ verb: 'unmask', names: shownUnmasks }]
    return [
      ...(notKept.length === 0 ? [] : [{ ...headOf(rule), untold: notKept, why: 'not-kept', topics: [] } as const]),
      ...(shownUnmasks.length === 0
        ? []
        : [{ ...headOf(rule), untold: shown, why: 'shown', topics: shownTopics } as const]),
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
  return left.length === 0 ? [] : [namesOf(resourceType, operation, left)]
}

function namesOf(resourceType: ResourceType, operation: Operation, names: readonly string[]): UnusedNames {
  const verb = verbOf(resourceType, operation) ?? ''
  return names.includes(CLUSTER_NAME) && resourceType === 'cluster'
    ? { verb: 'cluster', names: [verb] }
    : { verb, names }
}
