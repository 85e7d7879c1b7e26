import type { PolicyDocument, Rule, SourcePosition, TopicProtection } from '../../document/document.ts'
import { checkExactName, checkOpaqueSelector, checkTopicPattern } from '../../document/names.ts'
import { verbOf } from '../../document/verbs.ts'
import { isGlob, matchesGlob } from '../../glob.ts'
import { Operation } from '../../operation.ts'
import type { Principal } from '../../principal.ts'
import { decide } from '../../program/decide.ts'
import type { Decision } from '../../program/decision.ts'
import { compileProgram } from '../../program/program.ts'
import { type DecidedRequest, reasonText } from '../../program/reason-text.ts'
import { residualFor } from '../../program/residual.ts'
import { documentAt } from '../../program/rules-in-force.ts'
import { matchWho } from '../../program/who.ts'
import { approvalWords, quoted, strategyWord } from '../access-words.ts'
import { type NearMiss, nearMissesOf } from './near-miss.ts'
import { shownPart } from './shown-part.ts'

/** A rule that speaks of a request. */
export interface SpeakingRule {
  readonly ruleId: string
  readonly effect: 'allow' | 'deny'
  readonly source: SourcePosition
  /** The rule applies only because groups are unknown. */
  readonly isUncertain: boolean
  /** All that the rule shows of records, in the words of `only`, where it does not show everything. */
  readonly only?: readonly string[]
}

/** A protection that a topic is under. */
export interface ApplyingProtection {
  readonly id: string
  readonly source: SourcePosition
  /** What it asks for in the direction of the request, in words. */
  readonly asks: readonly string[]
}

/** Why a request is decided as it is. */
export interface Explanation {
  readonly principal: Principal
  readonly request: DecidedRequest
  readonly decision: Decision
  /** The decision in one sentence. */
  readonly text: string
  readonly rules: readonly SpeakingRule[]
  readonly nearMisses: readonly NearMiss[]
  readonly protections: readonly ApplyingProtection[]
  /** The smallest rule that would allow it, or hold it, as YAML; absent where it is not denied, or no grant helps. */
  readonly smallestGrant?: string
}

/**
 * Explains one decision of a policy.
 *
 * @param atUnixMs when it is taken; without it, no grant with a schedule applies, and every denial with one does
 */
export function explainDecision(
  whole: PolicyDocument,
  principal: Principal,
  request: DecidedRequest,
  atUnixMs?: number,
): Explanation {
  const document = documentAt(whole, atUnixMs)
  const decision = decideBy(document, principal, request)
  const grant = decision.effect === 'deny' ? smallestGrant(document, principal, request) : undefined
  return {
    principal,
    request,
    decision,
    text: reasonText(decision, request),
    rules: speakingRules(document, principal, request),
    nearMisses: nearMissesOf(whole, principal, request, atUnixMs),
    protections: protectionsOf(document, request),
    ...(grant === undefined ? {} : { smallestGrant: grant }),
  }
}

function decideBy(document: PolicyDocument, principal: Principal, request: DecidedRequest): Decision {
  const { resourceType, operation, name, partition } = request
  return decide(compileProgram(residualFor(document, principal)), resourceType, operation, name, partition)
}

/** Each rule that concerns the principal is asked by itself. */
function speakingRules(document: PolicyDocument, principal: Principal, request: DecidedRequest): SpeakingRule[] {
  const topics = document.topics.map(({ onUnreadable: _, format: _f, approval: _a, ...topic }) => ({
    ...topic,
    mask: [],
  }))
  return document.rules.flatMap((rule): SpeakingRule[] => {
    const truth = matchWho(rule.who, principal)
    if (truth === 'false' || (truth === 'unknown' && rule.effect === 'allow')) return []
    const alone: Rule = { ...rule, who: 'everyone' }
    const { effect, reason } = decideBy({ ...document, topics, rules: [alone] }, principal, request)
    if (effect !== 'allow' && reason !== 'denied-by-rule') return []
    const { id: ruleId, source } = rule
    return [{ ruleId, effect: rule.effect, source, isUncertain: truth === 'unknown', ...shownPart(rule, request) }]
  })
}

function protectionsOf(
  { topics }: PolicyDocument,
  { resourceType, operation, name }: DecidedRequest,
): ApplyingProtection[] {
  if (resourceType !== 'topic') return []
  const direction = operation === Operation.Write ? 'produce' : 'consume'
  if (![Operation.Read, Operation.Write, Operation.Replay].some((each) => each === operation)) return []
  return topics
    .filter(({ match }) => match.some((selector) => matchesGlob(selector, name)))
    .map((topic) => ({ id: topic.id, source: topic.source, asks: asksOf(topic, direction) }))
    .filter(({ asks }) => asks.length > 0)
}

function asksOf({ mask, approval, audit }: TopicProtection, direction: 'consume' | 'produce'): string[] {
  const masks = mask
    .filter(({ on }) => on.includes(direction))
    .map(({ fields, anywhere, detect, headers, with: strategy }) => {
      const lists = { anywhere, detect, headers }
      const named = Object.entries(lists).flatMap(([key, list]) =>
        list === undefined ? [] : [`${key} ${list.join(', ')}`],
      )
      const what = fields === undefined ? (named[0] ?? 'the key') : `fields ${fields}`
      return `masks ${quoted(what)} with ${strategyWord(strategy)}`
    })
  return [
    ...masks,
    ...(approval?.on.includes(direction) === true ? [`wants ${approvalWords(approval)}`] : []),
    ...(audit === 'required' ? ['wants it on record first'] : []),
  ]
}

/** One rule for this principal, operation, name and partition, if with it the request is no longer denied. */
function smallestGrant(document: PolicyDocument, principal: Principal, request: DecidedRequest): string | undefined {
  const { resourceType, operation, name, partition = -1 } = request
  const verb = verbOf(resourceType, operation)
  if (verb === undefined || !isWritable(principal, request)) return undefined
  const isLimited = partition >= 0 && resourceType === 'topic' && (verb === 'consume' || verb === 'produce')
  const id = freeId(document, `${principal.subject}-${verb}`)
  const rule: Rule = {
    id,
    who: { issuers: [principal.issuer], subjects: [principal.subject] },
    effect: 'allow',
    scopes: [
      { resourceType, operation, names: [name], ...(isLimited ? { partitions: [[partition, partition]] } : {}) },
    ],
    source: { path: '', line: 1, column: 1 },
  }
  if (decideBy({ ...document, rules: [...document.rules, rule] }, principal, request).effect === 'deny')
    return undefined
  const limit = isLimited ? `, partitions: [${partition}]` : ''
  const may = `${resourceType === 'cluster' ? `cluster: [${verb}]` : `${verb}: [${scalar(name)}]`}${limit}`
  const who = `issuers: [${scalar(principal.issuer)}], subjects: [${scalar(principal.subject)}]`
  return [`- id: ${scalar(id)}`, `  who: { ${who} }`, `  may: { ${may} }`].join('\n')
}

/** A text as YAML takes it for a text. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z][\w.-]*$/.test(text) && !/^(?:true|false|null)$/i.test(text)
  return isPlain ? text : JSON.stringify(text)
}

/** Whether a policy can hold these names. */
function isWritable({ issuer, subject }: Principal, { resourceType, name }: DecidedRequest): boolean {
  const fault = resourceType === 'topic' ? checkTopicPattern(name) : checkOpaqueSelector(name)
  return !isGlob(name) && (fault ?? checkExactName(issuer) ?? checkExactName(subject)) === undefined
}

function freeId({ rules }: PolicyDocument, wish: string): string {
  const plain = wish.replace(/[^a-zA-Z0-9._-]/g, '-').replace(/^[^a-zA-Z0-9]+/, '')
  const base = plain.slice(0, 90) || 'grant'
  const taken = new Set(rules.map(({ id }) => id))
  let id = base
  for (let count = 2; taken.has(id); count += 1) id = `${base}-${count}`
  return id
}
