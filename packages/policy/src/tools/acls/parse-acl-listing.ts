import { AclListingError } from '../errors.ts'
import type { KafkaAcl } from './kafka-acl.ts'

// As `kafka-acls --list` prints since Kafka 2.4.
const RESOURCE = /ResourcePattern\(resourceType=(\w+), name=(.*), patternType=(\w+)\)/
const ENTRY = /^\(principal=(.*), host=([^,]*), operation=(\w+), permissionType=(\w+)\)$/

/** A word as Kafka writes it: `TRANSACTIONAL_ID` of `TransactionalId` too. */
function upper(word: string): string {
  return word.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()
}

/**
 * An access rule of its words.
 *
 * @param line where it stands, for the error
 * @throws AclListingError `ERR_POLICY_ACL_LISTING` when it cannot be understood: it might be a denial
 */
function aclOf(words: Readonly<Record<string, unknown>>, line: number): KafkaAcl {
  const text = (key: string): string => {
    const value = words[key]
    if (typeof value !== 'string' || value === '') throw new AclListingError(line, `it has no \`${key}\``)
    return value
  }
  const patternType = upper(text('patternType'))
  const permission = upper(text('permissionType'))
  if (patternType !== 'LITERAL' && patternType !== 'PREFIXED')
    throw new AclListingError(line, 'its `patternType` is neither LITERAL nor PREFIXED')
  if (permission !== 'ALLOW' && permission !== 'DENY')
    throw new AclListingError(line, 'its `permissionType` is neither ALLOW nor DENY')
  const principal = text('principal')
  if (!/^[^:]+:./su.test(principal)) throw new AclListingError(line, 'its `principal` has no type, such as `User:`')
  return {
    resourceType: upper(text('resourceType')),
    resourceName: text('resourceName'),
    patternType,
    principal,
    host: text('host'),
    operation: upper(text('operation')),
    permission,
  }
}

function parseJson(text: string): KafkaAcl[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new AclListingError(1, 'it is no JSON')
  }
  if (!Array.isArray(value)) throw new AclListingError(1, 'it is no list')
  return value.map((each: unknown, index) => {
    if (typeof each !== 'object' || each === null) throw new AclListingError(index + 1, 'it is no object')
    return aclOf({ ...each }, index + 1)
  })
}

/**
 * Reads what `kafka-acls --list` prints, with lines of remarks that begin with `#`, or a JSON list of objects with `resourceType`, `resourceName`, `patternType`,
 * `principal`, `host`, `operation` and `permissionType`.
 *
 * @throws AclListingError `ERR_POLICY_ACL_LISTING` when any of it cannot be understood: it might be a denial
 */
export function parseAclListing(text: string): KafkaAcl[] {
  if (text.trimStart().startsWith('[')) return parseJson(text)
  const acls: KafkaAcl[] = []
  let resource:
    | { readonly resourceType: string; readonly resourceName: string; readonly patternType: string }
    | undefined
  for (const [index, written] of text.split('\n').entries()) {
    const line = written.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, resourceType, resourceName, patternType] = RESOURCE.exec(line) ?? []
    if (resourceType !== undefined && resourceName !== undefined && patternType !== undefined) {
      resource = { resourceType, resourceName, patternType }
      continue
    }
    const [, principal, host, operation, permissionType] = ENTRY.exec(line) ?? []
    if (resource === undefined || principal === undefined)
      throw new AclListingError(index + 1, 'it is neither a resource nor an access rule of one')
    acls.push(aclOf({ ...resource, principal, host, operation, permissionType }, index + 1))
  }
  return acls
}
