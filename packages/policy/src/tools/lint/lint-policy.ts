import type { PolicyDocument } from '../../document/document.ts'
import { findMissingCompanions, findPartitionsWithGroup, findWideGrants } from './companions.ts'
import { findDeadRulesInTime } from './dead-rules.ts'
import type { LintFinding } from './finding.ts'
import { findIdleMasks } from './idle-masks.ts'
import { findConfusableNames, findUnqualifiedNames } from './names.ts'
import { findIdleProtections } from './protections.ts'
import { findPartsShown } from './shown-parts.ts'
import { findUnevenGroups } from './uneven-groups.ts'
import { findUnknownGroups } from './unknown-groups.ts'

const checks: readonly ((document: PolicyDocument) => readonly LintFinding[])[] = [
  findConfusableNames,
  findUnqualifiedNames,
  findWideGrants,
  findMissingCompanions,
  findPartitionsWithGroup,
  findUnevenGroups,
  findIdleProtections,
  findIdleMasks,
]

/**
 * Looks for what a sound policy is likely not to mean, in the order of the text. A finding is a question, not a fault.
 *
 * @param nowUnixMs whose coming year schedules are looked at for; without it, they are taken for always
 * @param knownGroups every group that identity providers assert, where that is known; group names are held against them
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE`
 */
export function lintPolicy(
  document: PolicyDocument,
  nowUnixMs?: number,
  knownGroups?: ReadonlySet<string>,
): readonly LintFinding[] {
  const always = { ...document, rules: document.rules.map(({ when: _when, ...rule }) => rule) }
  const scheduled = new Set(document.rules.flatMap(({ id, when }) => (when === undefined ? [] : [id])))
  const dead = findDeadRulesInTime(document, nowUnixMs)
  const files = [...document.topics, ...document.rules, ...document.owners].map(({ source }) => source.path)
  return checks
    .flatMap((check) => check(always))
    .concat(withoutSaid(findPartsShown(always, scheduled), dead), dead)
    .concat(knownGroups === undefined ? [] : findUnknownGroups(document, knownGroups))
    .sort((a, b) => files.indexOf(a.path) - files.indexOf(b.path) || a.line - b.line || a.column - b.column)
}

/** Of a rule that changes nothing at all it need not be told that its list does not. */
function withoutSaid(findings: readonly LintFinding[], dead: readonly LintFinding[]): readonly LintFinding[] {
  const isDead = ({ path, line, column }: LintFinding): boolean =>
    dead.some((each) => each.path === path && each.line === line && each.column === column)
  return findings.filter((finding) => finding.code !== 'idle-only' || !isDead(finding))
}
