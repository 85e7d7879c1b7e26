import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePolicy } from '../../document/parse-policy.ts'
import { Operation, type ResourceType } from '../../operation.ts'
import { decide } from '../../program/decide.ts'
import { compileProgram, type Program } from '../../program/program.ts'
import { residualFor } from '../../program/residual.ts'
import { aclImportData, importedPolicyText } from './acl-import-words.ts'
import { type AclImport, importAcls } from './import-acls.ts'
import type { KafkaAcl } from './kafka-acl.ts'
import { coversOperation, isAllowedByKafka, matchesAcl, type NaiveRequest } from './naive-authorizer-fixture.ts'
import { parseAclListing } from './parse-acl-listing.ts'

const HOSTS = ['10.0.0.1', '10.0.0.2']
const operationCodes: Readonly<Record<string, Operation>> = {
  READ: Operation.Read,
  WRITE: Operation.Write,
  CREATE: Operation.Create,
  DELETE: Operation.Delete,
  ALTER: Operation.Alter,
  DESCRIBE: Operation.Describe,
  CLUSTER_ACTION: Operation.ClusterAction,
  DESCRIBE_CONFIGS: Operation.DescribeConfigs,
  ALTER_CONFIGS: Operation.AlterConfigs,
  IDEMPOTENT_WRITE: Operation.IdempotentWrite,
}
const resourceTypes: Readonly<Record<string, ResourceType>> = {
  TOPIC: 'topic',
  GROUP: 'group',
  TRANSACTIONAL_ID: 'transactional-id',
  CLUSTER: 'cluster',
}

const acl = (changes: Partial<KafkaAcl> = {}): KafkaAcl => ({
  resourceType: 'TOPIC',
  resourceName: 'orders',
  patternType: 'LITERAL',
  principal: 'User:ada',
  host: '*',
  operation: 'READ',
  permission: 'ALLOW',
  ...changes,
})

function programsOf(imported: AclImport): (subject: string) => Program {
  const text = importedPolicyText(imported, 'kafka')
  const parsed = parsePolicy({ path: 'imported.yaml', text }, () => '')
  if (!parsed.ok) throw new Error(`${JSON.stringify(parsed.problems)} in\n${text}`)
  return (subject) => compileProgram(residualFor(parsed.document, { issuer: 'kafka', subject, groups: [] }))
}

const name = fc.constantFrom('a', 'ab', 'abc', 'b', '_a', '__consumer_offsets', '__', 'kafka-cluster', 'a.b')
const anyName = fc.oneof(
  name,
  fc.constantFrom('*', '', 'a*', 'a*b', 'a b', 'ab\u0001c', '東', 'a\u202Eb', '_', 'kafka'),
)
const principal = fc.constantFrom(
  'User:ada',
  'User:bob',
  'User:*',
  'User:CN=x, O=y',
  'User:a*',
  'Group:ops',
  'User:a\u0007',
)
const operation = fc.constantFrom('ALL', 'TWO_PHASE_COMMIT', ...Object.keys(operationCodes))
const resourceType = fc.constantFrom('DELEGATION_TOKEN', ...Object.keys(resourceTypes), 'TOPIC', 'TOPIC', 'GROUP')
const anyAcl: fc.Arbitrary<KafkaAcl> = fc.record({
  resourceType,
  resourceName: anyName,
  patternType: fc.constantFrom('LITERAL', 'PREFIXED'),
  principal,
  host: fc.constantFrom('*', '*', '*', ...HOSTS),
  operation,
  permission: fc.constantFrom('ALLOW', 'ALLOW', 'DENY'),
})
// What brokers ask about each kind of resource.
const askedOf: Readonly<Record<string, readonly string[]>> = {
  TOPIC: ['READ', 'WRITE', 'CREATE', 'DELETE', 'ALTER', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'ALTER_CONFIGS'],
  GROUP: ['READ', 'DESCRIBE', 'DELETE'],
  TRANSACTIONAL_ID: ['WRITE', 'DESCRIBE'],
  CLUSTER: Object.keys(operationCodes).filter((each) => !['READ', 'WRITE', 'DELETE'].includes(each)),
}
const asked = fc.constantFrom(...Object.keys(askedOf)).chain((type) =>
  fc.record({
    principal: fc.constantFrom('User:ada', 'User:bob', 'User:CN=x, O=y', 'User:carol', 'User:a*'),
    operation: fc.constantFrom(...(askedOf[type] ?? [])),
    resourceType: fc.constant(type),
    resourceName: type === 'CLUSTER' ? fc.constant('kafka-cluster') : anyName,
  }),
)

/** Whether the finding is about this request: a grant that would match it from somewhere, a denial of such an operation. */
function isTold({ findings }: AclImport, request: Omit<NaiveRequest, 'host'>): boolean {
  return findings.some(({ acl: each }) =>
    each.permission === 'ALLOW'
      ? matchesAcl({ ...each, host: '*' }, { ...request, host: '' })
      : each.resourceType === request.resourceType && coversOperation(each, request.operation),
  )
}

test('an imported policy allows nothing that Kafka does not, from whatever host, and what it lacks is told', {
  timeout: 600_000,
}, () => {
  fc.assert(
    fc.property(
      fc.array(anyAcl, { maxLength: 8 }),
      fc.array(asked, { minLength: 20, maxLength: 20 }),
      (acls, requests) => {
        const imported = importAcls(acls)
        const programOf = programsOf(imported)
        for (const request of requests) {
          const type = resourceTypes[request.resourceType] as ResourceType
          const code = operationCodes[request.operation] as Operation
          const subject = request.principal.slice('User:'.length)
          const isAllowed = decide(programOf(subject), type, code, request.resourceName).effect === 'allow'
          const byKafka = HOSTS.map((host) => isAllowedByKafka(acls, { ...request, host }))
          if (isAllowed) expect(byKafka).toEqual(HOSTS.map(() => true))
          else if (byKafka.includes(true)) expect(isTold(imported, request)).toBe(true)
        }
      },
    ),
    { numRuns: Number(process.env['HEADGATE_POLICY_RUNS'] ?? 300) },
  )
})

test('rules of one principal become one grant and one denial, by the words of the policy', () => {
  const imported = importAcls([
    acl(),
    acl({ resourceName: 'shop.', patternType: 'PREFIXED', operation: 'WRITE' }),
    acl({ resourceType: 'GROUP', resourceName: 'reports' }),
    acl({ resourceType: 'CLUSTER', resourceName: 'kafka-cluster', operation: 'IDEMPOTENT_WRITE' }),
    acl({ resourceName: 'audit', operation: 'WRITE', permission: 'DENY' }),
    acl({ principal: 'User:*', operation: 'DESCRIBE' }),
  ])
  expect(imported.findings).toEqual([])
  expect(importedPolicyText(imported, 'kafka').split('\n').slice(3).join('\n')).toBe(`rules:
  - id: ada-may
    who: { issuers: [kafka], subjects: [ada] }
    may:
      consume: [orders]
      produce: ["shop.*"]
      as: [reports]
      cluster: [idempotent-write]
  - id: everyone-may
    who: { issuers: [kafka] }
    may:
      describe: [orders]
  - id: ada-never
    who: { issuers: [kafka], subjects: [ada] }
    never:
      produce: [audit]
`)
})

test.each<[string, Partial<KafkaAcl>, string]>([
  ['a grant from one host', { host: '10.0.0.1' }, 'host'],
  ['a denial from one host', { host: '10.0.0.1', permission: 'DENY' }, 'host'],
  ['every topic', { resourceName: '*' }, 'internal-topics'],
  ['internal topics by prefix', { resourceName: '__', patternType: 'PREFIXED' }, 'internal-topics'],
  [
    'what brokers do',
    { resourceType: 'CLUSTER', resourceName: 'kafka-cluster', operation: 'CLUSTER_ACTION' },
    'no-word',
  ],
  ['delegation tokens', { resourceType: 'DELEGATION_TOKEN', operation: 'DESCRIBE' }, 'no-word'],
  ['a principal of another type', { principal: 'Group:ops' }, 'principal-type'],
  ['a star within a group', { resourceType: 'GROUP', resourceName: 'a*b' }, 'unwritable-name'],
  ['a star within a subject', { principal: 'User:a*' }, 'unwritable-principal'],
  ['a name that no topic has', { resourceName: 'a b' }, 'no-such-name'],
])('%s is told of', (_, changes, difference) => {
  const imported = importAcls([acl(changes)])
  expect(imported.findings).toMatchObject([{ difference }])
  expect(aclImportData(imported)).toMatchObject({ findings: [{ difference, text: expect.stringContaining(' on ') }] })
  expect(importedPolicyText(imported, 'kafka')).toContain('#   ')
})

test('a listing of kafka-acls is read, and the same as JSON', () => {
  const listing = `Current ACLs for resource \`ResourcePattern(resourceType=TOPIC, name=orders, patternType=LITERAL)\`:
 \t(principal=User:CN=x, O=y, host=*, operation=READ, permissionType=ALLOW)
\t(principal=User:bob, host=10.0.0.1, operation=ALTER_CONFIGS, permissionType=DENY)

Current ACLs for resource \`ResourcePattern(resourceType=TRANSACTIONAL_ID, name=tx, patternType=PREFIXED)\`:
\t(principal=User:bob, host=*, operation=ALL, permissionType=ALLOW)
`
  const acls = [
    acl({ principal: 'User:CN=x, O=y' }),
    acl({ principal: 'User:bob', host: '10.0.0.1', operation: 'ALTER_CONFIGS', permission: 'DENY' }),
    acl({
      principal: 'User:bob',
      resourceType: 'TRANSACTIONAL_ID',
      resourceName: 'tx',
      patternType: 'PREFIXED',
      operation: 'ALL',
    }),
  ]
  expect(parseAclListing(listing)).toEqual(acls)
  const json = acls.map(({ permission, ...each }) => ({ ...each, permissionType: permission.toLowerCase() }))
  expect(parseAclListing(JSON.stringify(json))).toEqual(acls)
})

test.each([
  '\t(principal=User:bob, host=*, operation=READ, permissionType=ALLOW)',
  'Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name=a, patternType=MATCH)`:\n(principal=User:a, host=*, operation=READ, permissionType=ALLOW)',
  'Current ACLs for resource `ResourcePattern(resourceType=TOPIC, name=a, patternType=LITERAL)`:\n(principal=User:a, operation=READ)',
  'Error while executing ACL command',
  '[{}]',
  '[1]',
  '[',
])('what is not understood of a listing refuses it whole: %j', (text) => {
  expect(() => parseAclListing(text)).toThrow(expect.objectContaining({ code: 'ERR_POLICY_ACL_LISTING' }))
})
