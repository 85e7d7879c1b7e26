import { compareCodeUnits, sortedUnique } from '../../canonical.ts'
import { checkExactName, checkOpaqueSelector, checkTopicPattern } from '../../document/names.ts'
import { type ClusterVerb, type Verb, verbOf, verbs } from '../../document/verbs.ts'
import { isGlob } from '../../glob.ts'
import { impliedOperations, Operation, operations, type ResourceType } from '../../operation.ts'
import type { SeenUse } from '../../seen-access.ts'
import { mergeNames } from './merge-names.ts'
import type { SeenUses } from './seen-access.ts'

/** What one principal was seen to do, as the rule that grants it and nothing else. */
export interface DraftRule {
  readonly id: string
  readonly issuer: string
  readonly subject: string
  /** Names by verb, in the order of the language. */
  readonly names: ReadonlyMap<Verb, readonly string[]>
  readonly cluster: readonly ClusterVerb[]
  readonly clientIds: readonly string[]
  readonly firstUnixMs: number
  readonly lastUnixMs: number
}

/** Something that was seen and that no rule can grant, or not by its name alone. */
export interface LeftOut {
  readonly use: SeenUse
  readonly why: string
}

/** A policy's rules, made from what was seen. */
export interface PolicyDraft {
  readonly rules: readonly DraftRule[]
  readonly leftOut: readonly LeftOut[]
}

/** How {@link draftRules} drafts. */
export interface DraftOptions {
  /** So many siblings that are used are worth a pattern; 5 unless told. */
  readonly siblings?: number
}

const DEFAULT_SIBLINGS = 5
const MAX_ID_PART = 40

/**
 * Makes the smallest rules under which everything that was seen is granted: one for each principal, literal names, what Kafka
 * implies left out, and a pattern only in the place of enough siblings where it reaches nothing else that there is.
 */
export function draftRules(seen: SeenUses, { siblings = DEFAULT_SIBLINGS }: DraftOptions = {}): PolicyDraft {
  const leftOut: LeftOut[] = []
  const expressible = seen.accesses.filter((use) => {
    const why = objection(use)
    if (why !== undefined) leftOut.push({ use, why })
    return why === undefined
  })
  const byPrincipal = groupBy(expressible, ({ issuer, subject }) => JSON.stringify([issuer, subject]))
  const taken = new Set<string>()
  const rules = [...byPrincipal.values()]
    .sort(([a], [b]) => compareUses(a, b))
    .flatMap((uses): DraftRule[] => {
      const rule = ruleOf(uses, { seen, siblings, taken })
      return rule === undefined ? [] : [rule]
    })
  return { rules, leftOut }
}

function objection({ issuer, subject, resourceType, operation, name }: SeenUse): string | undefined {
  if (checkExactName(issuer) !== undefined || checkExactName(subject) !== undefined)
    return 'no rule can name the principal'
  if (verbOf(resourceType, operation) === undefined) return 'the language has no word for it'
  if (resourceType === 'cluster') return undefined
  if (isGlob(name)) return 'a rule would take the name for a pattern'
  const check = resourceType === 'topic' ? checkTopicPattern : checkOpaqueSelector
  return check(name) === undefined ? undefined : 'no rule can name it'
}

interface RuleContext {
  readonly seen: SeenUses
  readonly siblings: number
  readonly taken: Set<string>
}

function ruleOf(uses: readonly SeenUse[], context: RuleContext): DraftRule | undefined {
  const [first] = uses
  if (first === undefined) return undefined
  const { issuer, subject } = first
  const needed = withoutImplied(uses)
  const names = new Map<Verb, readonly string[]>()
  for (const [verb, { resourceType, operation }] of verbs) {
    const used = sortedUnique(
      needed.filter((use) => use.resourceType === resourceType && use.operation === operation).map(({ name }) => name),
    )
    if (used.length === 0) continue
    const existing = existingNames(context.seen, resourceType)
    names.set(verb, mergeNames(used, { siblings: context.siblings, existing }))
  }
  const cluster = operations.flatMap((operation) => {
    const isUsed = needed.some((use) => use.resourceType === 'cluster' && use.operation === operation)
    return isUsed ? [verbOf('cluster', operation) as ClusterVerb] : []
  })
  if (names.size === 0 && cluster.length === 0) return undefined
  return {
    id: idOf(issuer, subject, context.taken),
    issuer,
    subject,
    names,
    cluster,
    clientIds: sortedUnique(uses.map(({ clientId }) => clientId)),
    firstUnixMs: Math.min(...uses.map(({ firstUnixMs }) => firstUnixMs)),
    lastUnixMs: Math.max(...uses.map(({ lastUnixMs }) => lastUnixMs)),
  }
}

/** What other uses of the same principal do not grant by themselves. */
function withoutImplied(uses: readonly SeenUse[]): readonly SeenUse[] {
  const writesTopics = uses.some(
    ({ resourceType, operation }) => resourceType === 'topic' && operation === Operation.Write,
  )
  const implied = new Map<string, number>()
  const keyOf = ({ resourceType, name }: SeenUse): string => `${resourceType} ${name}`
  for (const use of uses) implied.set(keyOf(use), (implied.get(keyOf(use)) ?? 0) | impliedOperations(use.operation))
  return uses.filter((use) => {
    if (((implied.get(keyOf(use)) ?? 0) & (1 << use.operation)) !== 0) return false
    if (use.resourceType !== 'cluster') return true
    // Topics are created by name; and who may write to a topic may have an idempotent producer.
    return use.operation !== Operation.Create && !(use.operation === Operation.IdempotentWrite && writesTopics)
  })
}

/** What there is of a kind, as far as it is known: all topics, or the groups and ids that anybody was seen to use. */
function existingNames({ accesses, topics }: SeenUses, resourceType: ResourceType): readonly string[] | undefined {
  if (resourceType === 'topic') return topics
  return accesses.filter((use) => use.resourceType === resourceType).map(({ name }) => name)
}

function idOf(issuer: string, subject: string, taken: Set<string>): string {
  const part = (text: string): string => text.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, MAX_ID_PART)
  const wanted = `seen-${part(issuer)}-${part(subject)}`
  let id = wanted
  for (let count = 2; taken.has(id); count += 1) id = `${wanted}-${count}`
  taken.add(id)
  return id
}

function compareUses(a: SeenUse | undefined, b: SeenUse | undefined): number {
  const keyOf = (use: SeenUse | undefined): string => JSON.stringify([use?.issuer, use?.subject])
  return compareCodeUnits(keyOf(a), keyOf(b))
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}
