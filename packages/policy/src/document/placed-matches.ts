import type { PolicyDocument, PrincipalMatch, SourcePosition } from './document.ts'

/** A mapping that says whom something is about, and where the entry stands that it belongs to. */
export interface PlacedMatch {
  readonly match: PrincipalMatch
  readonly source: SourcePosition
}

/**
 * Every mapping of a policy that says whom it means: of rules, of owners and their people, of who approves. `not` is qualified
 * by the issuers that it stands in.
 */
export function placedMatches({ rules, owners, topics }: PolicyDocument): readonly PlacedMatch[] {
  const fromIssuers = (issuers: readonly string[] | undefined): PrincipalMatch =>
    issuers === undefined ? {} : { issuers }
  return [
    ...rules.flatMap(({ who, source }): PlacedMatch[] => {
      if (who === 'everyone') return []
      const { not, ...match } = who
      if (not === undefined) return [{ match, source }]
      return [
        { match, source },
        { match: { ...not, ...fromIssuers(not.issuers ?? match.issuers) }, source },
      ]
    }),
    ...owners.flatMap(({ of, people, issuers, source }): PlacedMatch[] => [
      { match: of, source },
      { match: { subjects: people, ...fromIssuers(issuers) }, source },
    ]),
    ...topics.flatMap(({ approval, source }): PlacedMatch[] =>
      approval === undefined ? [] : [{ match: { groups: approval.by, ...fromIssuers(approval.issuers) }, source }],
    ),
  ]
}
