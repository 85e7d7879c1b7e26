import { printable } from '../printable.ts'
import type { PolicyDocument } from './document.ts'
import { type PlacedMatch, placedMatches } from './placed-matches.ts'
import type { SourceProblem } from './problem.ts'

/** An issuer of the place where a policy is to be in force. */
export interface PolicyIssuer {
  readonly name: string
  /** Tells whether it may assert a group, by its name in policies. */
  mayAssert(group: string): boolean
  /** The claims that it is asked for, by their names in policies. */
  readonly claims: readonly string[]
}

const quoted = (names: readonly string[]): string => names.map((name) => `\`${printable(name)}\``).join(', ')

/** The names of a match, each with the issuers that may mean somebody else by it. */
function namesOf(match: PlacedMatch['match'], issuers: readonly PolicyIssuer[]): [what: string, of: PolicyIssuer[]][] {
  const { subjects = [], groups = [], claims = {} } = match
  const stating = (claim: string): PolicyIssuer[] => issuers.filter(({ claims: known }) => known.includes(claim))
  return [
    ...subjects.map((name): [string, PolicyIssuer[]] => [`subject ${quoted([name])}`, [...issuers]]),
    ...groups.map((name): [string, PolicyIssuer[]] => [
      `group ${quoted([name])}`,
      issuers.filter((issuer) => issuer.mayAssert(name)),
    ]),
    ...Object.keys(claims).map((name): [string, PolicyIssuer[]] => [`claim ${quoted([name])}`, stating(name)]),
  ]
}

/**
 * Finds names that several issuers can give to different people, where the policy does not say whose are meant.
 *
 * A subject can be of every issuer, a group of those that may assert it, a claim of those that are asked for it. With one
 * issuer there is nothing to find.
 */
export function findAmbiguousNames(document: PolicyDocument, issuers: readonly PolicyIssuer[]): SourceProblem[] {
  if (issuers.length < 2) return []
  return placedMatches(document).flatMap(({ match, source }): SourceProblem[] => {
    if (match.issuers !== undefined) return []
    const [first] = namesOf(match, issuers).filter(([, of]) => of.length > 1)
    if (first === undefined) return []
    const [what, of] = first
    const message = `${what} can be of ${quoted(of.map(({ name }) => name))}`
    return [{ ...source, code: 'ERR_POLICY_ISSUER', message, mend: 'add `issuers: […]` beside it' }]
  })
}

/** Finds issuers that a policy names and that are none here: what is said of them concerns nobody. */
export function findUnknownIssuers(document: PolicyDocument, issuers: readonly PolicyIssuer[]): SourceProblem[] {
  const known = new Set(issuers.map(({ name }) => name))
  return placedMatches(document).flatMap(({ match, source }): SourceProblem[] => {
    const unknown = (match.issuers ?? []).filter((name) => !known.has(name))
    if (unknown.length === 0) return []
    const message = `${quoted(unknown)} is no issuer of this gateway`
    const mend = `the gateway knows ${quoted([...known])}`
    return [{ ...source, code: 'ERR_POLICY_ISSUER', message, mend }]
  })
}
