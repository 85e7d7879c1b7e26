import { printable } from '../../printable.ts'
import { yamlList } from '../yaml-words.ts'
import type { AclDifference, AclFinding, AclImport, ImportedRule } from './import-acls.ts'
import { aclText } from './kafka-acl.ts'

const MAX_SHOWN = 200

// Of a grant, and of a denial.
const meanings: Readonly<Record<AclDifference, readonly [string, string]>> = {
  host: ['only from one host, which no rule can ask for: not granted', 'from one host: denied from everywhere'],
  'internal-topics': [
    'topics that start with `__` are granted by their full name only: not granted by this',
    'topics that start with `__`',
  ],
  'no-word': [
    'no word of the policy grants the operation, or not all of them',
    'nothing grants the operation, or not all of them',
  ],
  'no-such-name': ['nothing can have such a name', 'nothing can have such a name'],
  'principal-type': ['not a `User`: not granted', 'not a `User`: concerns nobody who comes through a gateway'],
  'unwritable-name': [
    'a name that a policy cannot write: not granted',
    'a name that a policy cannot write: more is denied',
  ],
  'unwritable-principal': [
    'a principal that a policy cannot write: not granted',
    'a principal that a policy cannot write: denied to everybody',
  ],
}

function findingLine({ acl, difference }: AclFinding): string {
  return `#   ${printable(aclText(acl))}: ${meanings[difference][acl.permission === 'ALLOW' ? 0 : 1]}`
}

function findingLines(findings: readonly AclFinding[]): string[] {
  if (findings.length === 0) return ['# Every one of them is here as it is.']
  const rest = findings.length - MAX_SHOWN
  return [
    '# What is not here as it is there; a grant is narrower then, and a denial wider:',
    ...findings.slice(0, MAX_SHOWN).map(findingLine),
    ...(rest > 0 ? [`#   and ${rest} more`] : []),
  ]
}

function ruleLines({ id, effect, subject, words }: ImportedRule, issuer: string): string[] {
  const who =
    subject === undefined
      ? effect === 'deny'
        ? 'everyone'
        : `{ issuers: ${yamlList([issuer])} }`
      : `{ issuers: ${yamlList([issuer])}, subjects: ${yamlList([subject])} }`
  return [
    `  - id: ${id}`,
    `    who: ${who}`,
    `    ${effect === 'allow' ? 'may' : 'never'}:`,
    ...[...words].map(([verb, names]) => `      ${verb}: ${yamlList(names)}`),
  ]
}

/**
 * Writes what access rules have become as a policy, with what they have not become before it.
 *
 * @param issuer who states the names behind `User:`, as the gateway's configuration calls it
 */
export function importedPolicyText({ rules, findings }: AclImport, issuer: string): string {
  return [
    "# Made of Kafka's access rules. Super users, and `allow.everyone.if.no.acl.found`, are settings of the brokers of which no",
    '# access rule tells: what they let pass is not granted here.',
    ...findingLines(findings),
    ...(rules.length === 0 ? ['rules: []'] : ['rules:', ...rules.flatMap((rule) => ruleLines(rule, issuer))]),
    '',
  ].join('\n')
}

/** The same as plain data, for machines. */
export function aclImportData({ rules, findings }: AclImport): object {
  return {
    rules: rules.map(({ words, ...rule }) => ({ ...rule, words: Object.fromEntries(words) })),
    findings: findings.map(({ acl, difference }) => ({
      acl,
      difference,
      text: `${aclText(acl)}: ${meanings[difference][acl.permission === 'ALLOW' ? 0 : 1]}`,
    })),
  }
}
