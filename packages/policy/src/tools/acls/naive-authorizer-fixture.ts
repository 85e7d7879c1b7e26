/*
 * Test-only. What Kafka's own authorizer lets pass, written from Kafka's documentation of authorization and ACLs, access rule by
 * access rule, without super users and with `allow.everyone.if.no.acl.found=false`: the oracle of an import.
 */
import type { KafkaAcl } from './kafka-acl.ts'

/** What somebody asks of a broker. */
export interface NaiveRequest {
  readonly principal: string
  readonly host: string
  readonly operation: string
  readonly resourceType: string
  readonly resourceName: string
}

/** Whether Kafka allows a request: no rule that matches denies it, and one allows it. */
export function isAllowedByKafka(acls: readonly KafkaAcl[], request: NaiveRequest): boolean {
  const matching = acls.filter((acl) => matchesAcl(acl, request))
  return matching.some(({ permission }) => permission === 'ALLOW') && matching.every((acl) => acl.permission !== 'DENY')
}

/** Whether an access rule speaks of a request. */
export function matchesAcl(acl: KafkaAcl, request: NaiveRequest): boolean {
  return (
    acl.resourceType === request.resourceType &&
    namesIt(acl, request.resourceName) &&
    (acl.principal === 'User:*' || acl.principal === request.principal) &&
    (acl.host === '*' || acl.host === request.host) &&
    coversOperation(acl, request.operation)
  )
}

function namesIt({ patternType, resourceName }: KafkaAcl, name: string): boolean {
  if (patternType === 'PREFIXED') return name.startsWith(resourceName)
  return resourceName === '*' || resourceName === name
}

/** Reading, writing, deleting and altering let somebody describe too, altering configs read them. Denials are of what they say. */
export function coversOperation({ operation, permission }: KafkaAcl, asked: string): boolean {
  if (operation === 'ALL' || operation === asked) return true
  if (permission === 'DENY') return false
  if (asked === 'DESCRIBE') return ['READ', 'WRITE', 'DELETE', 'ALTER'].includes(operation)
  return asked === 'DESCRIBE_CONFIGS' && operation === 'ALTER_CONFIGS'
}
