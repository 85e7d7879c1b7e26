import { sortedUnique } from '../canonical.ts'
import { CLUSTER_NAME } from '../operation.ts'
import { principalKinds } from '../principal.ts'
import { buildProtection } from './build-protection.ts'
import type { Ownership, PolicyDocument, PrincipalMatch, Rule, Scope, SourcePosition, Who } from './document.ts'
import { mergePartitions, parsePartitions } from './partitions.ts'
import { buildSchedule } from './schedule.ts'
import type {
  AccessSource,
  OwnershipSource,
  PolicyFileSource,
  PrincipalMatchSource,
  RuleSource,
  WhoSource,
} from './schema.ts'
import { buildKeepList, buildUnmask } from './unmask.ts'
import { clusterVerbs, verbs } from './verbs.ts'
import type { YamlSource } from './yaml-source.ts'

/** A file that has passed every check. */
export interface CheckedFile {
  readonly file: YamlSource
  readonly value: PolicyFileSource
}

/** Unites checked files into one document. */
export function buildDocument(files: readonly CheckedFile[]): PolicyDocument {
  return {
    version: 1,
    topics: files.flatMap(({ file, value }) =>
      (value.topics ?? []).map((topic, index) => buildProtection(topic, file.positionOf(['topics', index]))),
    ),
    rules: files.flatMap(({ file, value }) =>
      (value.rules ?? []).map((rule, index) => buildRule(rule, file.positionOf(['rules', index]))),
    ),
    owners: files.flatMap(({ file, value }) =>
      (value.owners ?? []).map((entry, index) => buildOwnership(entry, file.positionOf(['owners', index]))),
    ),
  }
}

function buildOwnership({ of, people, issuers }: OwnershipSource, source: SourcePosition): Ownership {
  const from = issuers === undefined ? {} : { issuers: sortedUnique(issuers) }
  return { of: buildMatch(of), people: sortedUnique(people), ...from, source }
}

function buildRule(rule: RuleSource, source: SourcePosition): Rule {
  return {
    id: rule.id,
    ...(rule.description === undefined ? {} : { description: rule.description }),
    who: buildWho(rule.who),
    ...(rule.when === undefined ? {} : { when: buildSchedule(rule.when) }),
    effect: rule.may === undefined ? 'deny' : 'allow',
    scopes: buildScopes(rule.may ?? rule.never ?? {}),
    ...(rule.may?.unmask === undefined ? {} : { unmask: buildUnmask(rule.may.unmask) }),
    ...(rule.may?.only === undefined ? {} : { only: buildKeepList(rule.may.only) }),
    ...(rule.may?.['without-approval'] === true ? { withoutApproval: true } : {}),
    source,
  }
}

function buildWho(who: WhoSource): Who {
  if (who === 'everyone') return who
  return { ...buildMatch(who), ...(who.not === undefined ? {} : { not: buildMatch(who.not) }) }
}

function buildMatch({ issuers, subjects, groups, kinds, claims }: PrincipalMatchSource): PrincipalMatch {
  return {
    ...(issuers === undefined ? {} : { issuers: sortedUnique(issuers) }),
    ...(subjects === undefined ? {} : { subjects: sortedUnique(subjects) }),
    ...(groups === undefined ? {} : { groups: sortedUnique(groups) }),
    ...(kinds === undefined ? {} : { kinds: principalKinds.filter((kind) => kinds.includes(kind)) }),
    ...(claims === undefined ? {} : { claims: buildClaims(claims) }),
  }
}

function buildClaims(claims: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(sortedUnique(Object.keys(claims)).map((name) => [name, sortedUnique(claims[name] ?? [])]))
}

function buildScopes(access: AccessSource): Scope[] {
  const runs = access.partitions?.map(parsePartitions).filter((run) => run !== undefined)
  const scopes = [...verbs].flatMap(([name, { resourceType, operation, partitioned }]): Scope[] => {
    const names = access[name]
    if (names === undefined) return []
    const limit = partitioned && runs !== undefined ? { partitions: mergePartitions(runs) } : {}
    return [{ resourceType, operation, names: sortedUnique(names), ...limit }]
  })
  const cluster = [...clusterVerbs]
    .filter(([name]) => access.cluster?.includes(name))
    .map(([, operation]): Scope => ({ resourceType: 'cluster', operation, names: [CLUSTER_NAME] }))
  return [...scopes, ...cluster]
}
