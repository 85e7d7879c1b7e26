import type { KeepList } from '@headgate/masking'
import { canonicalJson, compareCodeUnits } from '../canonical.ts'
import type { PolicyDocument, Rule, Scope, TopicProtection } from '../document/document.ts'
import { LABEL_PREFIX } from '../document/names.ts'
import type {
  AccessDirection,
  OnUnreadable,
  ProtectionApproval,
  ProtectionMask,
  RecordFormat,
  UnmaskRight,
} from '../document/protection.ts'
import type { Schedule } from '../document/schedule.ts'
import { canonicalModes, type EnforcementModes, enforcesAll, lenientRule } from '../modes.ts'
import { Operation } from '../operation.ts'
import type { Principal } from '../principal.ts'
import { reachOf, type TopicReach } from '../topic-reach.ts'
import { matchWho } from './who.ts'

/** A rule that concerns the principal, with `who` gone. */
export interface ResidualRule {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  /** When the rule applies; absent means always. */
  readonly when?: Schedule
  /** Present on a denial that applies only because the principal's groups are unknown. */
  readonly because?: 'groups-unknown'
  readonly scopes: readonly Scope[]
  readonly unmask?: UnmaskRight
  readonly only?: KeepList
  readonly withoutApproval?: true
}

/** What an entry of `topics` says that rules of this principal need to find their topics, or that lists need. */
export interface ResidualTopic {
  readonly match: readonly string[]
  /** Only labels that one of the principal's rules selects. */
  readonly labels: readonly string[]
  readonly discoverable: boolean
}

/** What a protection asks for of this principal, and only where its grants can meet it. */
export interface ResidualProtection {
  /** Only what a grant of Read, Replay or Write may reach. */
  readonly match: readonly string[]
  readonly format?: RecordFormat
  readonly onUnreadable?: OnUnreadable
  readonly mask: readonly ProtectionMask[]
  /** With the id of the protection. */
  readonly approval?: ProtectionApproval & { readonly protection: string }
  readonly audit: 'standard' | 'required'
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
  readonly topics: readonly ResidualTopic[]
  readonly protections: readonly ResidualProtection[]
  /** A grant may be missing because the principal's groups are unknown. */
  readonly groupsUnknown: boolean
  /** How far all this is in force; absent where it is throughout. */
  readonly modes?: EnforcementModes
}

/** Reduces a policy to what concerns one principal. */
export function residualFor(document: PolicyDocument, principal: Principal): PolicyResidual {
  const matches = document.rules.map((rule) => ({ rule, truth: matchWho(rule.who, principal) }))
  const rules = matches.flatMap(({ rule, truth }): ResidualRule[] => {
    if (truth === 'true') return [keep(rule)]
    return truth === 'unknown' && rule.effect === 'deny' ? [{ ...keep(rule), because: 'groups-unknown' }] : []
  })
  const selected = labelsOf(rules)
  return {
    version: 1,
    rules: rules.sort((a, b) => compareCodeUnits(a.id, b.id)),
    topics: unique(document.topics.flatMap((topic) => reduceTopic(topic, selected))),
    protections: reduceProtections(document.topics, rules),
    groupsUnknown: matches.some(({ rule, truth }) => truth === 'unknown' && rule.effect === 'allow'),
  }
}

/**
 * Reduces a policy to what concerns one principal under modes of the gateway, with the protections that whatever they let
 * pass may meet.
 */
export function residualUnder(document: PolicyDocument, modes: EnforcementModes, principal: Principal): PolicyResidual {
  const residual = residualFor(document, principal)
  if (enforcesAll(modes)) return residual
  const { protections } = residualFor({ ...document, rules: [...document.rules, lenientRule(modes)] }, principal)
  return { ...residual, protections, modes: canonicalModes(modes) }
}

function keep({ id, effect, when, scopes, unmask, only, withoutApproval }: Rule): ResidualRule {
  return {
    id,
    effect,
    ...(when === undefined ? {} : { when }),
    scopes,
    ...(unmask === undefined ? {} : { unmask }),
    ...(only === undefined ? {} : { only }),
    ...(withoutApproval === undefined ? {} : { withoutApproval }),
  }
}

function labelsOf(rules: readonly ResidualRule[]): ReadonlySet<string> {
  const topicNames = rules.flatMap(({ scopes }) =>
    scopes.flatMap(({ resourceType, names }) => (resourceType === 'topic' ? names : [])),
  )
  return new Set(
    topicNames.filter((name) => name.startsWith(LABEL_PREFIX)).map((name) => name.slice(LABEL_PREFIX.length)),
  )
}

function reduceTopic({ match, labels, discoverable }: TopicProtection, selected: ReadonlySet<string>): ResidualTopic[] {
  const relevant = { match, labels: labels.filter((label) => selected.has(label)), discoverable }
  return relevant.labels.length > 0 || discoverable ? [relevant] : []
}

function reduceProtections(
  topics: readonly TopicProtection[],
  rules: readonly ResidualRule[],
): readonly ResidualProtection[] {
  const asking = topics.filter(asksForSomething)
  if (asking.length === 0) return []
  const granted = rules.flatMap(({ effect, scopes }) => (effect === 'allow' ? scopes : []))
  const reading = reachOf(granted, [Operation.Read, Operation.Replay], topics)
  const writing = reachOf(granted, [Operation.Write], topics)
  return unique(asking.flatMap((topic) => reduceProtection(topic, reading, writing)))
}

function asksForSomething(entry: Omit<ResidualProtection, 'match' | 'approval'> & { approval?: object }): boolean {
  const { format, onUnreadable, mask, approval, audit } = entry
  return (format ?? onUnreadable ?? approval) !== undefined || mask.length > 0 || audit === 'required'
}

function reduceProtection(topic: TopicProtection, reading: TopicReach, writing: TopicReach): ResidualProtection[] {
  const [read, written] = [reading, writing].map((reach) => new Set(topic.match.filter((each) => reach.meets(each))))
  const isMet = (on: AccessDirection): boolean => (on === 'consume' ? read : written)?.size !== 0
  const { id: protection, format, onUnreadable, approval, audit } = topic
  const mask = topic.mask.flatMap((each) => onWhatIsMet(each, isMet))
  const [met] = approval === undefined ? [] : onWhatIsMet(approval, isMet)
  const reduced: ResidualProtection = {
    match: topic.match.filter((each) => read?.has(each) === true || written?.has(each) === true),
    ...(format === undefined ? {} : { format }),
    ...(onUnreadable === undefined ? {} : { onUnreadable }),
    mask,
    ...(met === undefined ? {} : { approval: { protection, ...met } }),
    audit,
  }
  return reduced.match.length > 0 && asksForSomething(reduced) ? [reduced] : []
}

/** Narrows what applies `on` reading or writing to what of both is met; nothing where neither is. */
function onWhatIsMet<T extends { readonly on: readonly AccessDirection[] }>(
  entry: T,
  isMet: (on: AccessDirection) => boolean,
): T[] {
  const on = entry.on.filter(isMet)
  return on.length > 0 ? [{ ...entry, on }] : []
}

/** One of each meaning, in one order. */
function unique<T>(entries: readonly T[]): readonly T[] {
  const byMeaning = new Map(entries.map((entry) => [canonicalJson(entry), entry]))
  return [...byMeaning].sort(([a], [b]) => compareCodeUnits(a, b)).map(([, entry]) => entry)
}
