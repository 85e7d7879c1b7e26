import type { PolicyDocument } from '../../document/document.ts'
import { placedMatches } from '../../document/placed-matches.ts'
import { quoted } from '../access-words.ts'
import { findingAt, type LintFinding } from './finding.ts'

/** Groups of people, also those who approve, that are not among the known ones: what hangs on such a group concerns nobody. */
export function findUnknownGroups(document: PolicyDocument, known: ReadonlySet<string>): LintFinding[] {
  return placedMatches(document).flatMap(({ match, source }) =>
    (match.groups ?? [])
      .filter((group) => !known.has(group))
      .map((group) => {
        const message = `group ${quoted(group)} is none of those that were told`
        return findingAt(source, 'unknown-group', message, 'mend its name, or tell of it')
      }),
  )
}
