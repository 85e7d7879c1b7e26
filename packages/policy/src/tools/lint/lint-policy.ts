import type { PolicyDocument } from '../../document/document.ts'
import { findMissingCompanions, findPartitionsWithGroup, findWideGrants } from './companions.ts'
import { findDeadRulesInTime } from './dead-rules.ts'
import type { LintFinding } from './finding.ts'
import { findConfusableNames, findUnqualifiedNames } from './names.ts'
import { findIdleProtections } from './protections.ts'
import { findUnevenGroups } from './uneven-groups.ts'

const checks: readonly ((document: PolicyDocument) => readonly LintFinding[])[] = [
  findConfusableNames,
  findUnqualifiedNames,
  findWideGrants,
  findMissingCompanions,
  findPartitionsWithGroup,
  findUnevenGroups,
  findIdleProtections,
]

/**
 * Looks for what a sound policy is likely not to mean, in the order of the text. A finding is a question, not a fault.
 *
 * @param nowUnixMs whose coming year schedules are looked at for; without it, they are taken for always
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE`
 */
export function lintPolicy(document: PolicyDocument, nowUnixMs?: number): readonly LintFinding[] {
  const always = { ...document, rules: document.rules.map(({ when: _when, ...rule }) => rule) }
  const files = [...document.topics, ...document.rules, ...document.owners].map(({ source }) => source.path)
  return checks
    .flatMap((check) => check(always))
    .concat(findDeadRulesInTime(document, nowUnixMs))
    .sort((a, b) => files.indexOf(a.path) - files.indexOf(b.path) || a.line - b.line || a.column - b.column)
}
