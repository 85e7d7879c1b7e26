import type { PolicyDocument, PrincipalMatch, Rule, Scope, SourcePosition, Who } from '../../document/document.ts'
import { LABEL_PREFIX } from '../../document/names.ts'
import { scheduleText } from '../../document/schedule.ts'
import { isGlob, matchesGlob } from '../../glob.ts'
import { INTERNAL_TOPIC_PREFIX, impliedOperations } from '../../operation.ts'
import type { Principal } from '../../principal.ts'
import type { DecidedRequest } from '../../program/reason-text.ts'
import { rulesInForce } from '../../program/rules-in-force.ts'
import { matchWho } from '../../program/who.ts'
import { actionOf, quoted, quotedList } from '../access-words.ts'
import { shownPart } from './shown-part.ts'

/** The first condition of a rule that a request does not meet. */
export type FailedCondition = 'who' | 'when' | 'operation' | 'name' | 'partition' | 'internal-topic'

/** A rule that would have spoken, had one thing been otherwise. */
export interface NearMiss {
  readonly ruleId: string
  readonly effect: 'allow' | 'deny'
  readonly source: SourcePosition
  readonly failed: FailedCondition
  /** What the rule wants and what there is. */
  readonly because: string
  /** All that the rule would show of records, in the words of `only`, where that is not everything. */
  readonly only?: readonly string[]
}

type Failure = Pick<NearMiss, 'failed' | 'because'>

const ORDER: readonly FailedCondition[] = ['when', 'who', 'partition', 'internal-topic', 'operation', 'name']

/** The rules that fail by one condition alone, those nearest to the request first. */
export function nearMissesOf(
  document: PolicyDocument,
  principal: Principal,
  request: DecidedRequest,
  atUnixMs?: number,
): readonly NearMiss[] {
  return document.rules
    .flatMap((rule): NearMiss[] => {
      const failures = [
        whoFailure(rule, principal),
        whenFailure(rule, atUnixMs),
        scopeFailure(rule, document, request),
      ].flatMap((each) => each ?? [])
      const [failure] = failures
      if (failure === undefined || failures.length !== 1 || failure === farOff) return []
      return [{ ruleId: rule.id, effect: rule.effect, source: rule.source, ...failure, ...shownPart(rule, request) }]
    })
    .sort((a, b) => ORDER.indexOf(a.failed) - ORDER.indexOf(b.failed))
}

function whoFailure({ who, effect }: Rule, principal: Principal): Failure | undefined {
  const truth = matchWho(who, principal)
  if (truth === 'true' || (truth === 'unknown' && effect === 'deny')) return undefined
  return { failed: 'who', because: whoWords(who, principal) }
}

function whenFailure(rule: Rule, atUnixMs: number | undefined): Failure | undefined {
  const { when } = rule
  if (when === undefined || rulesInForce([rule], atUnixMs).rules.length > 0) return undefined
  const now = atUnixMs === undefined ? 'no time was told' : `it is ${new Date(atUnixMs).toISOString()}`
  return { failed: 'when', because: `\`when\` wants ${scheduleText(when)}, and ${now}` }
}

function whoWords(who: Who, principal: Principal): string {
  if (who === 'everyone') return ''
  const unmet = firstUnmet(who, principal)
  if (unmet !== undefined) return unmet
  const { not = {} } = who
  const { claims = {}, ...lists } = not
  const keys = Object.entries({ ...lists, ...claims }).map(([key, names]) => `\`${key}\` ${quotedList(names)}`)
  const isUnknown = not.groups !== undefined && principal.groups === undefined
  const known = isUnknown ? ', and the groups are unknown' : ''
  return `\`not\` leaves out ${keys.join(' with ')}${known}`
}

function firstUnmet(
  { issuers, subjects, groups, kinds, claims = {} }: PrincipalMatch,
  principal: Principal,
): string | undefined {
  const wants = (key: string, names: readonly string[], is: string): string =>
    `\`${key}\` wants ${names.length > 1 ? 'one of ' : ''}${quotedList(names)}, and it is ${is}`
  if (issuers?.includes(principal.issuer) === false) return wants('issuers', issuers, quoted(principal.issuer))
  if (subjects?.includes(principal.subject) === false) return wants('subjects', subjects, quoted(principal.subject))
  const { kind } = principal
  if (kinds !== undefined && (kind === undefined || !kinds.includes(kind)))
    return wants('kinds', kinds, kind === undefined ? 'not known' : quoted(kind))
  const isUnmet = (names: readonly string[], actual: readonly string[] | undefined): boolean =>
    actual?.some((each) => names.includes(each)) !== true
  const is = (actual: readonly string[] | undefined): string =>
    actual === undefined ? 'not known which there are' : actual.length === 0 ? 'in none' : `in ${quotedList(actual)}`
  if (groups !== undefined && isUnmet(groups, principal.groups)) return wants('groups', groups, is(principal.groups))
  const stated = principal.claims ?? {}
  const claim = Object.keys(claims).find((name) =>
    isUnmet(claims[name] ?? [], Object.hasOwn(stated, name) ? stated[name] : undefined),
  )
  if (claim === undefined) return undefined
  const actual = Object.hasOwn(stated, claim) ? (stated[claim] ?? []) : undefined
  return wants(claim, claims[claim] ?? [], actual === undefined ? 'not known' : quotedList(actual) || 'nothing')
}

function scopeFailure(rule: Rule, document: PolicyDocument, request: DecidedRequest): Failure | undefined {
  const { resourceType, operation, name, partition = -1 } = request
  const scopes = rule.scopes.filter((scope) => scope.resourceType === resourceType)
  const isSpokenOf = (scope: Scope): boolean =>
    scope.operation === operation ||
    (rule.effect === 'allow' && (impliedOperations(scope.operation) & (1 << operation)) !== 0)
  const spoken = scopes.filter(isSpokenOf)
  if (spoken.length === 0) {
    const others = scopes.filter((scope) => reaches(scope, document, name))
    const words = others.map((scope) => `\`${actionOf(resourceType, scope.operation)}\``)
    // A rule on other things altogether fails twice.
    const because = `it speaks of ${words.join(', ')} there`
    return others.length === 0 ? farOff : { failed: 'operation', because }
  }
  const reaching = spoken.filter((scope) => reaches(scope, document, name))
  if (reaching.length === 0) {
    return { failed: 'name', because: `it names ${quotedList([...new Set(spoken.flatMap(({ names }) => names))])}` }
  }
  if (rule.effect === 'allow' && resourceType === 'topic' && name.startsWith(INTERNAL_TOPIC_PREFIX)) {
    const isLiteral = reaching.some(({ names }) => names.includes(name))
    if (!isLiteral) return { failed: 'internal-topic', because: 'no pattern and no label grants an internal topic' }
  }
  return reaching.some((scope) => holdsPartition(scope, rule.effect, operation, partition))
    ? undefined
    : { failed: 'partition', because: partitionWords(reaching) }
}

const farOff: Failure = { failed: 'name', because: '' }

function reaches({ names }: Scope, { topics }: PolicyDocument, name: string): boolean {
  return names.some((selector) => {
    if (!selector.startsWith(LABEL_PREFIX)) return isGlob(selector) ? matchesGlob(selector, name) : selector === name
    const label = selector.slice(LABEL_PREFIX.length)
    return topics.some(({ labels, match }) => labels.includes(label) && match.some((each) => matchesGlob(each, name)))
  })
}

function holdsPartition(scope: Scope, effect: Rule['effect'], operation: number, partition: number): boolean {
  if (scope.partitions === undefined || scope.operation !== operation) return true
  if (partition < 0) return effect === 'deny'
  return scope.partitions.some(([first, last]) => first <= partition && partition <= last)
}

function partitionWords(scopes: readonly Scope[]): string {
  const runs = scopes.flatMap(({ partitions = [] }) => partitions)
  return `it has \`partitions\` ${runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')}`
}
