import type { PrincipalMatch, Who } from '../document/document.ts'
import type { Principal } from '../principal.ts'

/** Kleene's three values. */
export type Truth = 'true' | 'false' | 'unknown'

/**
 * Tells whether a rule concerns a principal.
 *
 * Unknown groups make a match on groups unknown, and so its negation; likewise a claim that is not there, and an unknown kind. Anything that cannot be evaluated is unknown: a
 * grant needs `true`, a denial applies on `unknown` too.
 */
export function matchWho(who: Who, principal: Principal): Truth {
  if (who === 'everyone') return 'true'
  const matched = matchPrincipal(who, principal)
  return who.not === undefined ? matched : and(matched, not(matchPrincipal(who.not, principal)))
}

function matchPrincipal(match: PrincipalMatch, principal: Principal): Truth {
  return [
    matchOne(match.issuers, principal.issuer),
    matchOne(match.subjects, principal.subject),
    matchOne(match.kinds, principal.kind),
    matchSome(match.groups, principal.groups),
    ...Object.entries(match.claims ?? {}).map(([name, values]) => matchSome(values, claimOf(principal, name))),
  ].reduce(and)
}

function matchOne(wanted: readonly string[] | undefined, actual: unknown): Truth {
  if (wanted === undefined) return 'true'
  if (typeof actual !== 'string') return 'unknown'
  return wanted.includes(actual) ? 'true' : 'false'
}

/** A claim by its own name only: `constructor` is no claim unless the issuer states it. */
function claimOf({ claims }: Principal, name: string): unknown {
  return claims !== undefined && Object.hasOwn(claims, name) ? claims[name] : undefined
}

function matchSome(wanted: readonly string[] | undefined, actual: unknown): Truth {
  if (wanted === undefined) return 'true'
  if (!Array.isArray(actual)) return 'unknown'
  return wanted.some((group) => actual.includes(group)) ? 'true' : 'false'
}

function and(a: Truth, b: Truth): Truth {
  if (a === 'false' || b === 'false') return 'false'
  return a === 'unknown' ? a : b
}

function not(value: Truth): Truth {
  if (value === 'unknown') return value
  return value === 'true' ? 'false' : 'true'
}
