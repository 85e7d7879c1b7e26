import { compareCodeUnits } from './canonical.ts'
import type { Rule, Scope } from './document/document.ts'
import { coversGlob, matchesGlob } from './glob.ts'
import { CLUSTER_NAME, INTERNAL_TOPIC_PREFIX, kafkaOperations, type Operation, type ResourceType } from './operation.ts'

/**
 * How far a policy is in force for a resource.
 *
 * - `enforce`: as it is written.
 * - `warn`: masks and approvals are; what would be denied is let pass.
 * - `observe`: nothing is.
 */
export type EnforcementMode = 'enforce' | 'warn' | 'observe'

/** The modes, the strictest first. */
export const enforcementModes: readonly EnforcementMode[] = Object.freeze(['enforce', 'warn', 'observe'])

/** The mode of the names that one of the selectors matches: literal names and `*` patterns. */
export interface ModeEntry {
  readonly match: readonly string[]
  readonly mode: EnforcementMode
}

/**
 * Which mode governs what. Of several entries that match a name the strictest counts; what no entry matches is under
 * `default`. Internal topics and Headgate's own operations are always enforced.
 */
export interface EnforcementModes {
  readonly default: EnforcementMode
  readonly topics: readonly ModeEntry[]
  readonly groups: readonly ModeEntry[]
  readonly transactionalIds: readonly ModeEntry[]
  readonly cluster: EnforcementMode
}

/** Everything is enforced: what holds where nothing is said. */
export const ENFORCED: EnforcementModes = Object.freeze({
  default: 'enforce',
  topics: Object.freeze([]),
  groups: Object.freeze([]),
  transactionalIds: Object.freeze([]),
  cluster: 'enforce',
})

/** Tells whether the modes let nothing pass that policy denies. */
export function enforcesAll(modes: EnforcementModes): boolean {
  return allModes(modes).every((mode) => mode === 'enforce')
}

/** Tells whether something is under `observe`. */
export function observesAny(modes: EnforcementModes): boolean {
  return allModes(modes).includes('observe')
}

function allModes(modes: EnforcementModes): EnforcementMode[] {
  const entries = [...modes.topics, ...modes.groups, ...modes.transactionalIds]
  return [modes.default, modes.cluster, ...entries.map(({ mode }) => mode)]
}

/** The mode that governs a name. */
export function modeOf(modes: EnforcementModes, resourceType: ResourceType, name: string): EnforcementMode {
  if (resourceType === 'cluster') return modes.cluster
  // INVARIANT: no mode reaches an internal topic.
  if (resourceType === 'topic' && name.startsWith(INTERNAL_TOPIC_PREFIX)) return 'enforce'
  const matching = entriesOf(modes, resourceType).filter(({ match }) => match.some((each) => matchesGlob(each, name)))
  const found = enforcementModes.find((mode) => matching.some((entry) => entry.mode === mode))
  return found ?? modes.default
}

/** The same modes in one canonical order, so that equal ones have equal digests. */
export function canonicalModes(modes: EnforcementModes): EnforcementModes {
  const sorted = (entries: readonly ModeEntry[]): ModeEntry[] =>
    enforcementModes.flatMap((mode) => {
      const match = entries.filter((entry) => entry.mode === mode).flatMap((entry) => entry.match)
      return match.length === 0 ? [] : [{ match: [...new Set(match)].sort(compareCodeUnits), mode }]
    })
  return {
    default: modes.default,
    topics: sorted(modes.topics),
    groups: sorted(modes.groups),
    transactionalIds: sorted(modes.transactionalIds),
    cluster: modes.cluster,
  }
}

function entriesOf(modes: EnforcementModes, resourceType: Exclude<ResourceType, 'cluster'>): readonly ModeEntry[] {
  if (resourceType === 'topic') return modes.topics
  return resourceType === 'group' ? modes.groups : modes.transactionalIds
}

/** The id that stands for a grant which no rule gives. No rule can have it: identifiers start with a letter or a digit. */
const LENIENT_RULE = '-lenient'

/**
 * A grant of all that may be under `warn` or `observe`: what protections ask of it is what they ask of everybody. It never
 * reaches internal topics, since it is made of patterns, and holds no operation of Headgate's own.
 */
export function lenientRule(modes: EnforcementModes): Rule {
  const scopes = (['topic', 'group', 'transactional-id'] as const).flatMap((resourceType) =>
    scopesOf(resourceType, lenientNames(modes, resourceType)),
  )
  const cluster = modes.cluster === 'enforce' ? [] : scopesOf('cluster', [CLUSTER_NAME])
  const source = { path: '', line: 1, column: 1 }
  return { id: LENIENT_RULE, who: 'everyone', effect: 'allow', scopes: [...scopes, ...cluster], source }
}

function lenientNames(modes: EnforcementModes, resourceType: Exclude<ResourceType, 'cluster'>): readonly string[] {
  const entries = entriesOf(modes, resourceType)
  const enforced = entries.flatMap(({ match, mode }) => (mode === 'enforce' ? match : []))
  const lenient = entries.flatMap(({ match, mode }) => (mode === 'enforce' ? [] : match))
  const names = modes.default === 'enforce' ? lenient : ['*', ...lenient]
  return names.filter((name) => !enforced.some((selector) => coversGlob(selector, name)))
}

function scopesOf(resourceType: ResourceType, names: readonly string[]): Scope[] {
  if (names.length === 0) return []
  return kafkaOperations.map((operation: Operation) => ({ resourceType, operation, names }))
}
