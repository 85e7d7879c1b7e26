import type { PolicyDocument, Rule, SourcePosition } from '../../document/document.ts'
import { type ResourceType, resourceTypes } from '../../operation.ts'
import { documentAt } from '../../program/rules-in-force.ts'
import { matchWho } from '../../program/who.ts'
import { quoted } from '../access-words.ts'
import { namesOf } from '../diff/diff-policies.ts'
import type { NameClass } from '../diff/name-classes.ts'
import { type AccessWitness, witnessesAt } from '../diff/point.ts'
import { type PolicyExcerpt, PolicyIndex } from '../diff/policy-index.ts'
import { representativesOf } from '../diff/representatives.ts'
import { PolicyTooIntricateError } from '../errors.ts'
import { momentsOf } from '../moments.ts'
import { findingAt, type LintFinding } from './finding.ts'

interface Place {
  readonly resourceType: ResourceType
  readonly name: NameClass
  readonly document: PolicyDocument
}

/** Rules that make no difference at any time: neither now, nor when other rules begin or end to apply. */
export function findDeadRulesInTime(document: PolicyDocument, nowUnixMs: number | undefined): LintFinding[] {
  const always = { ...document, rules: document.rules.map(({ when: _when, ...rule }) => rule) }
  if (nowUnixMs === undefined) return findDeadRules(always)
  const moments = momentsOf([document], nowUnixMs).map((atUnixMs) => documentAt(document, atUnixMs))
  const found = moments.map((moment) => ({
    moment,
    findings: new Map(findDeadRules(moment).map((each) => [keyOf(each), each])),
  }))
  return document.rules.flatMap(({ id, source, when }): LintFinding[] => {
    const inForce = found.filter(({ moment }) => moment.rules.some((rule) => rule.id === id))
    if (when?.untilUnixMs !== undefined && when.untilUnixMs <= nowUnixMs) {
      const message = `${quoted(id)} has ended: \`until\` is over`
      return [findingAt(source, 'impossible-condition', message, 'remove the rule, or set another `until`')]
    }
    if (inForce.length === 0) {
      const message = `${quoted(id)} never applies in the coming year: its \`when\` is never met`
      return [findingAt(source, 'impossible-condition', message, 'mend `when`, or remove the rule')]
    }
    const dead = inForce.map(({ findings }) => findings.get(keyOf(source)))
    return dead[0] !== undefined && dead.every((finding) => finding !== undefined) ? [dead[0]] : []
  })
}

const keyOf = ({ path, line, column }: SourcePosition): string => `${path}:${line}:${column}`

/** Rules that make no difference: to what is granted, or for a denial, to what it could ever take away. */
function findDeadRules(document: PolicyDocument): LintFinding[] {
  const index = new PolicyIndex(document)
  const places = new Map<Rule, Place[]>()
  for (const resourceType of resourceTypes) {
    for (const name of namesOf([document], resourceType)) {
      const excerpt = index.excerpt(resourceType, name.matches).document
      for (const rule of excerpt.rules) {
        const list = places.get(rule) ?? []
        places.set(rule, list)
        list.push({ resourceType, name, document: excerpt })
      }
    }
  }
  // Of two rules that say the same the later is told, and only that one: without both something would be missing.
  const dead = new Set<Rule>()
  return document.rules.toReversed().flatMap((rule) => {
    const living = (places.get(rule) ?? []).map((place) => ({ ...place, document: withoutDead(place.document, dead) }))
    const findings = checkRule(rule, living)
    if (findings.length > 0) dead.add(rule)
    return findings
  })
}

function withoutDead(document: PolicyDocument, dead: ReadonlySet<Rule>): PolicyDocument {
  return dead.size === 0 ? document : { ...document, rules: document.rules.filter((rule) => !dead.has(rule)) }
}

function checkRule(rule: Rule, places: readonly Place[]): LintFinding[] {
  const { id, source, effect } = rule
  if (!isPossible(rule)) {
    const message = `nobody is concerned by ${quoted(id)}: its \`not\` leaves out all that it names`
    return [findingAt(source, 'impossible-condition', message, 'mend `who`, or remove the rule')]
  }
  const isDenial = effect === 'deny'
  if (places.some((place) => (isDenial ? takesSomething(rule, place) : givesSomething(rule, place)))) return []
  if (!isDenial && !places.some((place) => isLeftByDenials(rule, place))) {
    const message = `${quoted(id)} grants nothing: denials take all of it away`
    return [findingAt(source, 'unreachable-rule', message, 'narrow the denial, or remove the rule')]
  }
  const message = `${quoted(id)} changes nothing: other rules ${isDenial ? 'deny' : 'grant'} all that it does`
  return [findingAt(source, 'shadowed-rule', message, 'remove it, or narrow the other rules')]
}

function isPossible({ who, effect }: Rule): boolean {
  return representativesOf([{ who, mark: '' }]).some((principal) => {
    const truth = matchWho(who, principal)
    return truth === 'true' || (truth === 'unknown' && effect === 'deny')
  })
}

function givesSomething(rule: Rule, place: Place): boolean {
  return differ(rule, place, without(place.document.rules, rule), place.document.rules)
}

function isLeftByDenials(rule: Rule, place: Place): boolean {
  const denials = place.document.rules.filter(({ effect }) => effect === 'deny')
  return differ(rule, place, denials, [...denials, rule])
}

/** A denial may guard what nobody is granted yet: it is held against a grant of everything that it names. */
function takesSomething(rule: Rule, place: Place): boolean {
  const { name, document } = place
  const scopes = rule.scopes.map(({ resourceType, operation }) => ({ resourceType, operation, names: [name.name] }))
  const grant: Rule = { id: 'everything', who: 'everyone', effect: 'allow', scopes, source: rule.source }
  const denials = document.rules.filter(({ effect }) => effect === 'deny')
  return differ(rule, place, [...without(denials, rule), grant], [...denials, grant])
}

const without = (rules: readonly Rule[], rule: Rule): readonly Rule[] => rules.filter((each) => each !== rule)

/** Whether what the rule names is decided otherwise; what that implies does not count. */
function differ(
  rule: Rule,
  { resourceType, name, document }: Place,
  before: readonly Rule[],
  after: readonly Rule[],
): boolean {
  const excerpt = (rules: readonly Rule[]): PolicyExcerpt => ({ document: { ...document, rules }, meaning: '' })
  const point = { resourceType, name, before: excerpt(before), after: excerpt(after) }
  const isOwn = ({ operation }: AccessWitness): boolean =>
    rule.scopes.some((scope) => scope.resourceType === resourceType && scope.operation === operation)
  // Most rules show what they do with somebody whom they alone concern.
  if (witnessesAt(point, representativesOf([{ who: rule.who, mark: '' }])).some(isOwn)) return true
  try {
    return witnessesAt(point).some(isOwn)
  } catch (error) {
    // What cannot be looked at whole is no finding.
    if (error instanceof PolicyTooIntricateError) return true
    throw error
  }
}
