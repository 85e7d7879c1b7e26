import { canonicalJson, sortedUnique } from '../../canonical.ts'
import type { PolicyDocument, Rule, TopicProtection } from '../../document/document.ts'
import type { UnmaskRight } from '../../document/protection.ts'
import { fieldPathsOf } from '../../field-path.ts'
import { keepsNoMore } from '../../keep-list.ts'
import { Operation } from '../../operation.ts'
import type { Principal } from '../../principal.ts'
import { decide } from '../../program/decide.ts'
import type { Decision } from '../../program/decision.ts'
import { matchWho } from '../../program/who.ts'
import { quoted, quotedList } from '../access-words.ts'
import { namesOf } from '../diff/diff-policies.ts'
import { PolicyIndex } from '../diff/policy-index.ts'
import { representativesOf } from '../diff/representatives.ts'
import { seenUnder } from '../diff/strictness.ts'
import { PolicyTooIntricateError } from '../errors.ts'
import { findingAt, type LintFinding } from './finding.ts'
import { grantsAt, programFor } from './grants.ts'

/** What shows records. */
type Showing = typeof Operation.Read | typeof Operation.Replay

/** Names of one kind, the rules that show records there, and what of the policy speaks of them. */
interface Place {
  readonly name: string
  readonly excerpt: PolicyDocument
  readonly rules: ReadonlyMap<Showing, readonly Rule[]>
}

/**
 * Rules that show a part of records, in which something is not as it seems: records that are all withheld, a list that others make
 * idle, masks and rights for what is not shown.
 *
 * @param document without schedules
 * @param scheduled the ids of rules that have one, and so apply at times
 */
export function findPartsShown(document: PolicyDocument, scheduled: ReadonlySet<string>): LintFinding[] {
  if (document.rules.every(({ only }) => only === undefined)) return []
  const places = placesOf(document)
  return [
    ...document.rules.flatMap((rule) =>
      rule.only === undefined
        ? []
        : [...checkFormat(rule, places), ...checkIdle(rule, places, scheduled), ...checkUnmask(rule, places)],
    ),
    ...document.topics.flatMap((topic) => checkMask(topic, places)),
  ]
}

function placesOf(document: PolicyDocument): readonly Place[] {
  const index = new PolicyIndex(document)
  return namesOf([document], 'topic').map(({ name, matches }): Place => {
    const excerpt = index.excerpt('topic', matches).document
    const grants = grantsAt(excerpt, 'topic', name)
    const showing = [Operation.Read, Operation.Replay] as const
    return { name, excerpt, rules: new Map(showing.map((operation) => [operation, grants.get(operation) ?? []])) }
  })
}

const rulesAt = ({ rules }: Place): readonly Rule[] => [...rules.values()].flat()

const isAt = (place: Place, rule: Rule): boolean => rulesAt(place).some(({ id }) => id === rule.id)

function checkFormat(rule: Rule, places: readonly Place[]): LintFinding[] {
  const odd = places.find((place) => {
    const formats = new Set(place.excerpt.topics.flatMap(({ format }) => format ?? []))
    return isAt(place, rule) && (formats.size !== 1 || !formats.has('json'))
  })
  if (odd === undefined) return []
  const message = `${quoted(rule.id)} shows a part of ${quoted(odd.name)}, which is not declared to be json, so that its records are withheld`
  const mend = 'add an entry of `topics` with `format: json` for it, or leave it out of the rule'
  return [findingAt(rule.source, 'part-of-no-json', message, mend)]
}

/** Where everybody whom the rule concerns is shown more by others, its list says what is not so. */
function checkIdle(rule: Rule, places: readonly Place[], scheduled: ReadonlySet<string>): LintFinding[] {
  for (const place of places) {
    for (const operation of place.rules.keys()) {
      if (place.rules.get(operation)?.some(({ id }) => id === rule.id) !== true) continue
      const others = place.excerpt.rules.filter(({ id }) => id !== rule.id && !scheduled.has(id))
      const seen = seenBy(rule, { ...place, excerpt: { ...place.excerpt, rules: others } }, operation)
      const [first] = seen
      if (first === undefined || !seen.every((decision) => showsMore(decision, rule))) continue
      const by = `${quotedList(first.ruleIds)} ${first.ruleIds.length === 1 ? 'shows' : 'show'}`
      const message = `${quoted(rule.id)} shows a part of ${quoted(place.name)}, and ${by} more of it to all whom it concerns`
      return [findingAt(rule.source, 'idle-only', message, 'remove `only`, or narrow the other rules')]
    }
  }
  return []
}

function showsMore({ effect, obligations }: Decision, { only }: Rule): boolean {
  const other = obligations?.mask?.only
  return effect !== 'deny' && keepsNoMore(only, other) && !keepsNoMore(other, only)
}

function checkUnmask(rule: Rule, places: readonly Place[]): LintFinding[] {
  if (rule.unmask === undefined) return []
  const decisions = places
    .filter((place) => place.rules.get(Operation.Read)?.some(({ id }) => id === rule.id))
    .flatMap((place) => seenBy(rule, place, Operation.Read))
  const idle = wordsOf(rule.unmask).filter((word) =>
    decisions.every(({ obligations }) => !seenUnder(obligations?.mask?.only)(word)),
  )
  if (decisions.length === 0 || idle.length === 0) return []
  const message = `${quoted(rule.id)} unmasks ${quotedList(idle)}, which is shown to nobody whom it concerns`
  return [findingAt(rule.source, 'part-not-shown', message, 'add it to `only`, or remove it from `unmask`')]
}

/** What `anywhere` and `detect` hide may be in whatever is shown. */
function checkMask(topic: TopicProtection, places: readonly Place[]): LintFinding[] {
  const rules = places.filter(({ excerpt }) => excerpt.topics.includes(topic)).flatMap(rulesAt)
  if (rules.length === 0) return []
  const words = topic.mask
    .filter(({ on }) => !on.includes('produce'))
    .flatMap(({ fields, headers, key }) =>
      wordsOf({ ...(fields && { fields: [fields] }), ...(headers && { headers }), ...(key && { key }) }),
    )
  const idle = sortedUnique(words).filter((word) => rules.every(({ only }) => !seenUnder(only)(word)))
  if (idle.length === 0) return []
  const message = `${quoted(topic.id)} masks ${quotedList(idle)}, which no rule shows: \`only\` leaves it out of all of them`
  return [
    findingAt(
      topic.source,
      'part-not-shown',
      message,
      'show it, or remove the mask unless it is there for rules to come',
    ),
  ]
}

function wordsOf({ fields = [], anywhere = [], detect = [], headers = [], key }: UnmaskRight): readonly string[] {
  return [
    ...fields.flatMap(fieldPathsOf),
    ...anywhere.map((name) => `anywhere:${name}`),
    ...detect.map((name) => `detect:${name}`),
    ...headers.map((name) => `header:${name}`),
    ...(key === true ? ['key'] : []),
  ]
}

/** What each kind of principal whom a rule concerns is let do on the whole of a topic, but for those who are denied it with the rule. */
function seenBy(rule: Rule, { name, excerpt }: Place, operation: Showing): readonly Decision[] {
  const whole = { ...rule, scopes: rule.scopes.map(({ partitions: _partitions, ...scope }) => scope) }
  const withRule = { ...excerpt, rules: [...excerpt.rules.filter(({ id }) => id !== rule.id), whole] }
  return concernedBy(rule, excerpt.rules).flatMap((principal) => {
    const [alone, all] = [excerpt, withRule].map((document) =>
      decide(programFor(document, principal), 'topic', operation, name),
    )
    return alone === undefined || all === undefined || all.effect === 'deny' ? [] : [alone]
  })
}

function concernedBy(rule: Rule, others: readonly Rule[]): readonly Principal[] {
  const conditions = [rule, ...others].map(({ who, only, effect }) => ({
    who,
    mark: canonicalJson([effect, only ?? '']),
  }))
  try {
    return representativesOf(conditions).filter(
      (principal) => principal.groups !== undefined && matchWho(rule.who, principal) === 'true',
    )
  } catch (error) {
    // What cannot be looked at whole is no finding.
    if (error instanceof PolicyTooIntricateError) return []
    throw error
  }
}
