import { sortedUnique } from '../canonical.ts'
import { CLUSTER_NAME } from '../operation.ts'
import type { PolicyDocument, PrincipalMatch, Rule, Scope, SourcePosition, TopicProtection, Who } from './document.ts'
import { mergePartitions, parsePartitions } from './partitions.ts'
import type {
  AccessSource,
  PolicyFileSource,
  PrincipalMatchSource,
  RuleSource,
  TopicSource,
  WhoSource,
} from './schema.ts'
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
  }
}

function buildProtection(topic: TopicSource, source: SourcePosition): TopicProtection {
  return {
    match: sortedUnique(topic.match),
    labels: sortedUnique(topic.labels ?? []),
    discoverable: topic.discoverable ?? false,
    source,
  }
}

function buildRule(rule: RuleSource, source: SourcePosition): Rule {
  return {
    id: rule.id,
    ...(rule.description === undefined ? {} : { description: rule.description }),
    who: buildWho(rule.who),
    effect: rule.may === undefined ? 'deny' : 'allow',
    scopes: buildScopes(rule.may ?? rule.never ?? {}),
    source,
  }
}

function buildWho(who: WhoSource): Who {
  if (who === 'everyone') return who
  return { ...buildMatch(who), ...(who.not === undefined ? {} : { not: buildMatch(who.not) }) }
}

function buildMatch({ issuers, subjects, groups }: PrincipalMatchSource): PrincipalMatch {
  return {
    ...(issuers === undefined ? {} : { issuers: sortedUnique(issuers) }),
    ...(subjects === undefined ? {} : { subjects: sortedUnique(subjects) }),
    ...(groups === undefined ? {} : { groups: sortedUnique(groups) }),
  }
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
