import { compareCodeUnits } from '../../canonical.ts'
import { checkExactName } from '../../document/names.ts'
import { aclSelector } from './acl-selector.ts'
import { type AclWord, aclWords } from './acl-words.ts'
import type { KafkaAcl } from './kafka-acl.ts'

/** What a policy does not say as an access rule of Kafka's does. */
export type AclDifference =
  | 'host'
  | 'internal-topics'
  | 'no-word'
  | 'no-such-name'
  | 'principal-type'
  | 'unwritable-name'
  | 'unwritable-principal'

/** An access rule whose meaning a policy does not have whole, and why. A grant has become narrower, a denial wider. */
export interface AclFinding {
  readonly acl: KafkaAcl
  readonly difference: AclDifference
}

/** A rule that access rules of one principal and one effect have become. */
export interface ImportedRule {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  /** `undefined` is everybody. */
  readonly subject: string | undefined
  /** The names of each verb, and the words behind `cluster`. */
  readonly words: ReadonlyMap<string, readonly string[]>
}

/** What access rules have become. */
export interface AclImport {
  readonly rules: readonly ImportedRule[]
  readonly findings: readonly AclFinding[]
}

type Who = { readonly subject: string | undefined; readonly difference?: AclDifference } | undefined

interface OpenRule {
  readonly effect: 'allow' | 'deny'
  readonly subject: string | undefined
  readonly words: Map<string, Set<string>>
}

const USER = 'User:'

/**
 * Makes rules of a policy of access rules of Kafka's. What they allow is never more than what Kafka allows by these rules, to
 * principals that no host tells apart; where it is less, a finding names the rule.
 */
export function importAcls(acls: readonly KafkaAcl[]): AclImport {
  const findings: AclFinding[] = []
  const open = new Map<string, OpenRule>()
  for (const acl of acls) {
    const differences = addAcl(acl, open)
    findings.push(...[...new Set(differences)].map((difference) => ({ acl, difference })))
  }
  return { rules: closeRules(open), findings }
}

/** Adds an access rule to the rule of its principal and effect; gives what is different there. */
function addAcl(acl: KafkaAcl, open: Map<string, OpenRule>): readonly AclDifference[] {
  const who = whoOf(acl)
  if (who === undefined) return ['principal-type']
  const isGrant = acl.permission === 'ALLOW'
  const differences: AclDifference[] = [
    ...(who.difference === undefined ? [] : [who.difference]),
    ...(acl.host === '*' ? [] : (['host'] as const)),
  ]
  if (isGrant && differences.length > 0) return differences
  const words = aclWords(acl.resourceType, acl.operation)
  if (words.length === 0 || isClusterAction(acl)) differences.push('no-word')
  for (const word of words) {
    const { selector, difference } = aclSelector(acl, word.resourceType)
    if (difference !== undefined) differences.push(difference)
    if (selector !== undefined)
      addWord(open, { effect: isGrant ? 'allow' : 'deny', subject: who.subject }, word, selector)
  }
  return differences
}

/** Every operation on the cluster has one among them that is for brokers. */
function isClusterAction({ resourceType, operation }: KafkaAcl): boolean {
  return resourceType === 'CLUSTER' && operation === 'ALL'
}

/** Whom a rule is for; a name that cannot be written is everybody, for a denial. `undefined` where no client of a gateway is such a principal. */
function whoOf({ principal }: KafkaAcl): Who {
  if (!principal.startsWith(USER)) return undefined
  const subject = principal.slice(USER.length)
  if (subject === '*') return { subject: undefined }
  if (checkExactName(subject) === undefined) return { subject }
  return { subject: undefined, difference: 'unwritable-principal' }
}

function addWord(
  open: Map<string, OpenRule>,
  { effect, subject }: Omit<OpenRule, 'words'>,
  { resourceType, word }: AclWord,
  selector: string,
): void {
  const key = JSON.stringify([effect, subject ?? null])
  const rule = open.get(key) ?? { effect, subject, words: new Map<string, Set<string>>() }
  open.set(key, rule)
  const [verb, name] = resourceType === 'cluster' ? ['cluster', word] : [word, selector]
  const names = rule.words.get(verb) ?? new Set()
  rule.words.set(verb, names.add(name))
}

function closeRules(open: ReadonlyMap<string, OpenRule>): ImportedRule[] {
  const ids = new Set<string>()
  return [...open]
    .sort(([a], [b]) => compareCodeUnits(a, b))
    .map(([, { effect, subject, words }]) => ({
      id: freeId(subject, effect, ids),
      effect,
      subject,
      words: new Map([...words].map(([verb, names]) => [verb, [...names].sort(compareCodeUnits)])),
    }))
}

function freeId(subject: string | undefined, effect: 'allow' | 'deny', ids: Set<string>): string {
  const name = (subject ?? 'everyone')
    .replace(/[^a-zA-Z0-9._-]+/g, '-')
    .replace(/^[^a-zA-Z0-9]+/, '')
    .slice(0, 80)
  const wanted = `${name === '' ? 'principal' : name}-${effect === 'allow' ? 'may' : 'never'}`
  let id = wanted
  for (let count = 2; ids.has(id); count += 1) id = `${wanted}-${count}`
  ids.add(id)
  return id
}
