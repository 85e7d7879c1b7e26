import { checkOpaqueSelector, isTopicName } from '../../document/names.ts'
import { CLUSTER_NAME, INTERNAL_TOPIC_PREFIX, type ResourceType } from '../../operation.ts'
import type { KafkaAcl } from './kafka-acl.ts'

/** What the names of an access rule are in a policy, and what of them is not. */
export interface AclSelector {
  /** Absent where no name of a policy is meant. */
  readonly selector?: string
  /** What is different, where something is. */
  readonly difference?: 'no-such-name' | 'unwritable-name' | 'internal-topics'
}

const MAX_PREFIX_LENGTH = 254
const MAX_TOPIC_PREFIX_LENGTH = 248
const TOPIC_TEXT = /^[a-zA-Z0-9._-]*$/

/**
 * The names of an access rule as a selector. A grant is never wider than the rule, a denial never narrower: what cannot be
 * written is left out of a grant, and cut to what can be written in a denial.
 */
export function aclSelector(acl: KafkaAcl, resourceType: ResourceType): AclSelector {
  if (resourceType === 'cluster') return clusterSelector(acl)
  return resourceType === 'topic' ? topicSelector(acl) : opaqueSelector(acl)
}

function isEveryName({ resourceName, patternType }: KafkaAcl): boolean {
  return patternType === 'LITERAL' ? resourceName === '*' : resourceName === ''
}

function clusterSelector(acl: KafkaAcl): AclSelector {
  const { resourceName, patternType } = acl
  const isMeant =
    isEveryName(acl) ||
    (patternType === 'LITERAL' ? resourceName === CLUSTER_NAME : CLUSTER_NAME.startsWith(resourceName))
  return isMeant ? { selector: CLUSTER_NAME } : { difference: 'no-such-name' }
}

function topicSelector(acl: KafkaAcl): AclSelector {
  const { resourceName, patternType, permission } = acl
  const isGrant = permission === 'ALLOW'
  if (isEveryName(acl)) return { selector: '*', ...(isGrant ? { difference: 'internal-topics' } : {}) }
  if (patternType === 'LITERAL')
    return isTopicName(resourceName) ? { selector: resourceName } : { difference: 'no-such-name' }
  if (!TOPIC_TEXT.test(resourceName)) return { difference: 'no-such-name' }
  if (isGrant && resourceName.startsWith(INTERNAL_TOPIC_PREFIX)) return { difference: 'internal-topics' }
  if (resourceName.length > MAX_TOPIC_PREFIX_LENGTH)
    return isTopicName(resourceName) ? { selector: resourceName } : { difference: 'no-such-name' }
  const reachesInternal = isGrant && INTERNAL_TOPIC_PREFIX.startsWith(resourceName)
  return { selector: `${resourceName}*`, ...(reachesInternal ? { difference: 'internal-topics' } : {}) }
}

/** Consumer groups and transactional ids: Kafka's names may have a `*` of their own, which a policy cannot name. */
function opaqueSelector(acl: KafkaAcl): AclSelector {
  const { resourceName, patternType, permission } = acl
  if (isEveryName(acl)) return { selector: '*' }
  const isWritable = !resourceName.includes('*') && checkOpaqueSelector(resourceName) === undefined
  if (patternType === 'LITERAL' && isWritable) return { selector: resourceName }
  if (patternType === 'PREFIXED' && isWritable && resourceName.length <= MAX_PREFIX_LENGTH)
    return { selector: `${resourceName}*` }
  if (permission === 'ALLOW') return { difference: 'unwritable-name' }
  return { selector: `${writablePart(resourceName)}*`, difference: 'unwritable-name' }
}

function writablePart(name: string): string {
  const star = name.indexOf('*')
  let part = name.slice(0, Math.min(star < 0 ? name.length : star, MAX_PREFIX_LENGTH))
  while (part !== '' && checkOpaqueSelector(part) !== undefined) part = part.slice(0, -1)
  return part
}
