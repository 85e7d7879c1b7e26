/*
 * Test-only. The policy language evaluated straight from its reference, on the policy as written, rule by rule, with
 * no index, no memory and nothing of the real evaluator's code: the oracle that the compiled program must agree with.
 */

import { keptBy, type OracleObligations, type OracleTopic, oblige } from './naive-obligations-fixture.ts'

/** A principal as the oracle sees it. */
export interface OraclePrincipal {
  readonly issuer: string
  readonly subject: string
  readonly groups: readonly string[] | undefined
  readonly kind?: string
  readonly claims?: Readonly<Record<string, readonly string[]>>
}

interface OracleMatch {
  readonly issuers?: readonly string[]
  readonly subjects?: readonly string[]
  readonly groups?: readonly string[]
  readonly kinds?: readonly string[]
  readonly claims?: Readonly<Record<string, readonly string[]>>
}

/** `may` or `never` as written. */
export type OracleAccess = Readonly<Record<string, readonly (string | number)[] | boolean>>

/** `when` as written, in UTC. */
export interface OracleSchedule {
  readonly from?: string
  readonly until?: string
  readonly days?: readonly string[]
  readonly between?: readonly string[]
  readonly in?: 'UTC'
}

/** A rule as written. */
export interface OracleRule {
  readonly id: string
  readonly who: 'everyone' | (OracleMatch & { readonly not?: OracleMatch })
  readonly when?: OracleSchedule
  readonly may?: OracleAccess
  readonly never?: OracleAccess
}

/** A policy as written. */
export interface OraclePolicy {
  readonly topics: readonly OracleTopic[]
  readonly rules: readonly OracleRule[]
}

/** A request in Kafka's words. `partition` absent = the whole topic. */
export interface OracleRequest {
  readonly type: string
  readonly operation: string
  readonly name: string
  readonly partition?: number
}

/** What the oracle says. */
export interface OracleAnswer {
  readonly effect: 'allow' | 'deny' | 'hold'
  readonly reason: string
  readonly ruleIds: readonly string[]
  readonly obligations?: OracleObligations
}

// verb: resource type, operation, the operations that a grant implies, whether partitions limit it
const words: Readonly<Record<string, readonly [string, string, string, boolean]>> = {
  consume: ['topic', 'Read', 'Describe', true],
  produce: ['topic', 'Write', 'Describe', true],
  describe: ['topic', 'Describe', '', false],
  create: ['topic', 'Create', '', false],
  delete: ['topic', 'Delete', 'Describe', false],
  alter: ['topic', 'Alter', 'Describe', false],
  'describe-configs': ['topic', 'DescribeConfigs', '', false],
  'alter-configs': ['topic', 'AlterConfigs', 'DescribeConfigs', false],
  replay: ['topic', 'Replay', '', false],
  as: ['group', 'Read', 'Describe', false],
  'describe-groups': ['group', 'Describe', '', false],
  'delete-groups': ['group', 'Delete', 'Describe', false],
  'transact-as': ['transactional-id', 'Write', 'Describe', false],
  'describe-transactions': ['transactional-id', 'Describe', '', false],
}

const clusterWords: Readonly<Record<string, readonly [string, string]>> = {
  describe: ['Describe', ''],
  alter: ['Alter', 'Describe'],
  create: ['Create', ''],
  'describe-configs': ['DescribeConfigs', ''],
  'alter-configs': ['AlterConfigs', 'DescribeConfigs'],
  'idempotent-write': ['IdempotentWrite', ''],
  'read-audit': ['ReadAudit', ''],
}

/** Answers a request by the reference of the policy language. */
export function evaluateNaively(
  policy: OraclePolicy,
  principal: OraclePrincipal,
  request: OracleRequest,
  atUnixMs?: number,
): OracleAnswer {
  const denying: { id: string; certain: boolean }[] = []
  const granting: OracleRule[] = []
  const grantingElsewhere: string[] = []
  let grantUnknown = false
  for (const rule of policy.rules) {
    const concerned = concerns(rule, principal)
    // A grant that may be missing at any time is told of at all times.
    if (rule.may !== undefined && concerned === undefined) grantUnknown = true
    if (rule.when !== undefined) {
      const isInForce = atUnixMs === undefined ? rule.never !== undefined : isTimeOf(rule.when, atUnixMs)
      if (!isInForce) continue
    }
    if (rule.never !== undefined && concerned !== false && speaks(policy, rule.never, request, false) !== 'no') {
      if (speaks(policy, rule.never, request, false) === 'yes' || request.partition === undefined) {
        denying.push({ id: rule.id, certain: concerned === true })
      }
    }
    if (rule.may === undefined || concerned === false) continue
    if (concerned === undefined) continue
    const spoken = speaks(policy, rule.may, request, true)
    if (spoken === 'yes') granting.push(rule)
    if (spoken === 'elsewhere') grantingElsewhere.push(rule.id)
  }
  if (denying.length > 0) {
    const reason = denying.some(({ certain }) => certain) ? 'denied-by-rule' : 'groups-unknown'
    return { effect: 'deny', reason, ruleIds: denying.map(({ id }) => id).sort() }
  }
  if (granting.length > 0) return grant(policy, request, granting)
  if (grantingElsewhere.length > 0) {
    return { effect: 'deny', reason: 'partition-not-granted', ruleIds: grantingElsewhere.sort() }
  }
  if (isInternal(request)) return { effect: 'deny', reason: 'internal-topic', ruleIds: [] }
  return { effect: 'deny', reason: grantUnknown ? 'groups-unknown' : 'no-rule', ruleIds: [] }
}

const dayWords = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Walks back from the instant, minute by minute, to where a window of its day would have begun. */
function isTimeOf({ from, until, days, between }: OracleSchedule, atUnixMs: number): boolean {
  if (from !== undefined && atUnixMs < new Date(from).getTime()) return false
  if (until !== undefined && atUnixMs >= new Date(until).getTime()) return false
  const isDay = (unixMs: number): boolean => {
    const today = new Date(unixMs).getUTCDay()
    return (
      days === undefined ||
      days.some((entry) => {
        const [first = '', last = first] = entry.split('-')
        for (let day = dayWords.indexOf(first); ; day = (day + 1) % 7) {
          if (day === today) return true
          if (dayWords[day] === last) return false
        }
      })
    )
  }
  if (between === undefined) return isDay(atUnixMs)
  return between.some((entry) => {
    const [start = '', end = ''] = entry.split('-')
    for (let back = 0; back < 1_440; back++) {
      const unixMs = atUnixMs - back * 60_000
      const time = new Date(unixMs).toISOString().slice(11, 16)
      if (time === end) return false
      if (time === start) return isDay(unixMs)
    }
    return false
  })
}

/** Protections concern reading and writing; grants lift of them what their rules say. */
function grant(policy: OraclePolicy, request: OracleRequest, granting: readonly OracleRule[]): OracleAnswer {
  const ruleIds = granting.map(({ id }) => id).sort()
  const { operation } = request
  const direction = operation === 'Write' ? 'produce' : 'consume'
  const isGuarded = request.type === 'topic' && ['Read', 'Write', 'Replay'].includes(operation)
  const entries = policy.topics.filter(({ match }) => match.some((each) => matches(each, request.name)))
  const lifted = operation === 'Read' ? granting.flatMap(({ may }) => listOf(may?.['unmask'])) : []
  const isFree = operation !== 'Replay' && granting.some(({ may }) => may?.['without-approval'] === true)
  const lists = granting.map(({ may }) => (may?.['only'] === undefined ? undefined : listOf(may['only'])))
  const only = direction === 'consume' ? keptBy(lists) : undefined
  const obligations = isGuarded ? oblige(entries, direction, lifted, isFree, only) : undefined
  if (obligations === undefined) return { effect: 'allow', reason: 'granted', ruleIds }
  if (obligations.approvals.length === 0) return { effect: 'allow', reason: 'granted', ruleIds, obligations }
  return { effect: 'hold', reason: 'approval-needed', ruleIds, obligations }
}

function listOf(value: readonly (string | number)[] | boolean | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

/** Whether the words of a rule reach the request: for its partition, for others only, or not at all. */
function speaks(
  policy: OraclePolicy,
  access: OracleAccess,
  request: OracleRequest,
  isGrant: boolean,
): 'yes' | 'elsewhere' | 'no' {
  let best: 'yes' | 'elsewhere' | 'no' = 'no'
  for (const [word, list] of Object.entries(access)) {
    if (word === 'cluster') {
      if (request.type !== 'cluster' || request.name !== 'kafka-cluster') continue
      for (const each of listOf(list)) {
        const [operation, implied] = clusterWords[each] ?? ['', '']
        if (operation === request.operation || (isGrant && implied === request.operation)) return 'yes'
      }
      continue
    }
    const meaning = words[word]
    if (meaning === undefined) continue
    const [type, operation, implied, limited] = meaning
    if (type !== request.type || !listOf(list).some((selector) => selects(policy, selector, request, isGrant))) continue
    if (isGrant && implied === request.operation) return 'yes'
    if (operation !== request.operation) continue
    const isLimited = limited && access['partitions'] !== undefined
    if (!isLimited || listOf(access['partitions']).some((each) => holds(each, request.partition))) return 'yes'
    best = 'elsewhere'
  }
  return best
}

function holds(entry: string, partition: number | undefined): boolean {
  if (partition === undefined) return false
  const [first, last = first] = entry.split('-').map(Number)
  return first !== undefined && last !== undefined && first <= partition && partition <= last
}

function selects(policy: OraclePolicy, selector: string, request: OracleRequest, isGrant: boolean): boolean {
  const { name } = request
  if (request.type === 'topic' && selector.startsWith('label:')) {
    if (isGrant && isInternal(request)) return false
    const label = selector.slice('label:'.length)
    return policy.topics.some(
      ({ match, labels = [] }) => labels.includes(label) && match.some((each) => matches(each, name)),
    )
  }
  if (selector.includes('*') && isGrant && isInternal(request)) return false
  return matches(selector, name)
}

function isInternal({ type, name }: OracleRequest): boolean {
  return type === 'topic' && name.startsWith('__')
}

/** `*` is any run of characters; everything else is itself. */
function matches(selector: string, name: string): boolean {
  if (selector === '') return name === ''
  if (selector[0] !== '*') return name !== '' && selector[0] === name[0] && matches(selector.slice(1), name.slice(1))
  for (let taken = 0; taken <= name.length; taken++) if (matches(selector.slice(1), name.slice(taken))) return true
  return false
}

/** true, false, or undefined where what is unknown of the principal leaves it open. */
function concerns({ who }: OracleRule, principal: OraclePrincipal): boolean | undefined {
  if (who === 'everyone') return true
  const inside = meets(who, principal)
  if (who.not === undefined) return inside
  const outside = meets(who.not, principal)
  if (inside === false || outside === true) return false
  return inside === undefined || outside === undefined ? undefined : true
}

function meets(match: OracleMatch, principal: OraclePrincipal): boolean | undefined {
  if (match.issuers !== undefined && !match.issuers.includes(principal.issuer)) return false
  if (match.subjects !== undefined && !match.subjects.includes(principal.subject)) return false
  let isOpen = false
  const known: [readonly string[] | undefined, readonly string[] | undefined][] = [
    [match.kinds, principal.kind === undefined ? undefined : [principal.kind]],
    [match.groups, principal.groups],
    ...Object.entries(match.claims ?? {}).map(([name, values]): [readonly string[], readonly string[] | undefined] => [
      values,
      principal.claims?.[name],
    ]),
  ]
  for (const [wanted, actual] of known) {
    if (wanted === undefined) continue
    if (actual === undefined) isOpen = true
    else if (!wanted.some((value) => actual.includes(value))) return false
  }
  return isOpen ? undefined : true
}
