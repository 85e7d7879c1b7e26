import type { PolicyDocument, Rule, Scope } from '../../document/document.ts'
import { Operation } from '../../operation.ts'
import { matchWho } from '../../program/who.ts'
import { actionOf, principalWords, quoted } from '../access-words.ts'
import { representativesOf } from '../diff/representatives.ts'
import { findingAt, type LintCode, type LintFinding } from './finding.ts'

type ScopeTest = (scope: Scope) => boolean

const topic =
  (operation: Operation): ScopeTest =>
  (scope) =>
    scope.resourceType === 'topic' && scope.operation === operation
const joins: ScopeTest = ({ resourceType, operation }) => resourceType === 'group' && operation === Operation.Read
const transacts: ScopeTest = ({ resourceType, operation }) =>
  resourceType === 'transactional-id' && operation === Operation.Write
const readsAudit: ScopeTest = ({ operation }) => operation === Operation.ReadAudit

interface Companion {
  readonly code: LintCode
  readonly does: ScopeTest
  readonly needs: ScopeTest
  readonly words: string
  readonly mend: string
}

const companions: readonly Companion[] = [
  {
    code: 'consume-without-group',
    // Who may read some partitions assigns them by hand, without a group.
    does: (scope) => topic(Operation.Read)(scope) && scope.partitions === undefined,
    needs: joins,
    words: 'consume, and join no consumer group',
    mend: 'add `as: […]` to the rule',
  },
  {
    code: 'group-without-consume',
    does: joins,
    needs: topic(Operation.Read),
    words: 'join a consumer group, and consume nothing',
    mend: 'add `consume: […]` to the rule, or remove `as`',
  },
  {
    code: 'transact-without-produce',
    does: transacts,
    needs: topic(Operation.Write),
    words: 'run transactions, and produce nothing',
    mend: 'add `produce: […]` to the rule, or remove `transact-as`',
  },
  {
    code: 'replay-without-read-audit',
    does: topic(Operation.Replay),
    needs: readsAudit,
    words: 'replay, and not read the trail that tells which sessions there are',
    mend: 'add `cluster: [read-audit]` to the rule',
  },
]

/** Grants that are of no use to somebody without another one. */
export function findMissingCompanions({ rules }: PolicyDocument): LintFinding[] {
  const grants = rules.filter(({ effect }) => effect === 'allow')
  return companions.flatMap((companion) => {
    const helping = grants.filter(({ scopes }) => scopes.some(companion.needs))
    return grants
      .filter(({ scopes }) => scopes.some(companion.does))
      .flatMap((rule) => checkRule(rule, helping, companion))
  })
}

function checkRule(rule: Rule, helping: readonly Rule[], { code, words, mend }: Companion): LintFinding[] {
  if (helping.includes(rule)) return []
  const conditions = [{ who: rule.who, mark: 'rule' }, ...helping.map(({ who }) => ({ who, mark: 'companion' }))]
  const alone = representativesOf(conditions).find(
    (principal) =>
      principal.groups !== undefined &&
      matchWho(rule.who, principal) === 'true' &&
      helping.every(({ who }) => matchWho(who, principal) !== 'true'),
  )
  if (alone === undefined) return []
  const message = `${quoted(rule.id)} lets ${principalWords(alone)}, ${words}`
  return [findingAt(rule.source, code, message, mend)]
}

/** Grants for some partitions beside a consumer group. */
export function findPartitionsWithGroup({ rules }: PolicyDocument): LintFinding[] {
  return rules.flatMap(({ id, effect, scopes, source }): LintFinding[] => {
    const isLimited = scopes.some((scope) => topic(Operation.Read)(scope) && scope.partitions !== undefined)
    if (effect === 'deny' || !isLimited || !scopes.some(joins)) return []
    const message = `${quoted(id)} lets consume some partitions only, and a consumer group reads whole topics: only consumers of @headgate/kafkajs may join`
    return [
      findingAt(
        source,
        'partitions-with-group',
        message,
        'remove `as` or `partitions`, unless all members of the group are such consumers',
      ),
    ]
  })
}

const harmless: ReadonlySet<Operation> = new Set([Operation.Describe, Operation.DescribeConfigs])

/** Grants of `*`, but for looking. */
export function findWideGrants({ rules }: PolicyDocument): LintFinding[] {
  return rules.flatMap(({ id, effect, scopes, source }): LintFinding[] => {
    if (effect === 'deny') return []
    const wide = scopes.filter(({ names, operation }) => names.includes('*') && !harmless.has(operation))
    if (wide.length === 0) return []
    const verbs = wide.map(({ resourceType, operation }) => `\`${actionOf(resourceType, operation)}\``).join(', ')
    const message = `${quoted(id)} grants ${verbs} whatever the name`
    return [findingAt(source, 'wide-grant', message, 'name what is needed, by a prefix such as `"team.*"`')]
  })
}
