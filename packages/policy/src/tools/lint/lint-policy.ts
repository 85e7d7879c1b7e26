import type { PolicyDocument } from '../../document/document.ts'
import { findMissingCompanions, findPartitionsWithGroup, findWideGrants } from './companions.ts'
import { findDeadRules } from './dead-rules.ts'
import type { LintFinding } from './finding.ts'
import { findConfusableNames, findUnqualifiedNames } from './names.ts'
import { findIdleProtections } from './protections.ts'
import { findUnevenGroups } from './uneven-groups.ts'

const checks: readonly ((document: PolicyDocument) => readonly LintFinding[])[] = [
  findDeadRules,
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
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE`
 */
export function lintPolicy(document: PolicyDocument): readonly LintFinding[] {
  const files = [...document.topics, ...document.rules, ...document.owners].map(({ source }) => source.path)
  return checks
    .flatMap((check) => check(document))
    .sort((a, b) => files.indexOf(a.path) - files.indexOf(b.path) || a.line - b.line || a.column - b.column)
}
