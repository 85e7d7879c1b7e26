import type { PolicyDocument, PrincipalMatch, SourcePosition } from '../../document/document.ts'
import { placedMatches } from '../../document/placed-matches.ts'
import { printable } from '../../printable.ts'
import { quoted, quotedList } from '../access-words.ts'
import { findingAt, type LintFinding } from './finding.ts'

interface PlacedName {
  readonly name: string
  readonly kind: string
  readonly source: SourcePosition
}

// Letters of other scripts that are drawn as Latin ones are, and what they are drawn as.
const LOOKALIKES = new Map([
  ...pair('аеорсухіјѕһԁԛԝкмтвн', 'aeopcyxijshdqwkmtbh'),
  ...pair('АВЕКМНОРСТХУІЈЅ', 'abekmhopctxyijs'),
  ...pair('αονικρτυχ', 'aovikptux'),
  ...pair('ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'abezhikmnoptyx'),
])

const MIXED = /(?=.*\p{Script=Latin})(?=.*[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}])/u

function pair(letters: string, drawn: string): [string, string][] {
  return [...letters].map((letter, index) => [letter, drawn[index] ?? letter])
}

/** Names that can be taken for others: letters of two scripts, or two names that are drawn alike. */
export function findConfusableNames(document: PolicyDocument): LintFinding[] {
  const bySkeleton = new Map<string, PlacedName>()
  return namesIn(document).flatMap(({ name, kind, source }): LintFinding[] => {
    if (MIXED.test(name)) {
      const message = `${kind} ${quoted(name)} mixes letters of two scripts (${escaped(name)})`
      return [findingAt(source, 'confusable-name', message, 'type the name anew')]
    }
    const key = `${kind} ${skeletonOf(name)}`
    const known = bySkeleton.get(key)
    if (known === undefined) bySkeleton.set(key, { name, kind, source })
    if (known === undefined || known.name === name) return []
    const message = `${kind} ${quoted(name)} (${escaped(name)}) can be taken for ${quoted(known.name)} (${printable(known.source.path)}:${known.source.line})`
    return [findingAt(source, 'confusable-name', message, 'use one spelling, or names that differ more')]
  })
}

function namesIn(document: PolicyDocument): PlacedName[] {
  const people = placedMatches(document).flatMap(({ match, source }) =>
    Object.entries(namesOf(match)).flatMap(([kind, names]) => names.map((name) => ({ name, kind, source }))),
  )
  const resources = document.rules.flatMap(({ scopes, source }) =>
    scopes.flatMap(({ resourceType, names }) => names.map((name) => ({ name, kind: resourceType, source }))),
  )
  const named = resources.map((each) => (each.kind === 'group' ? { ...each, kind: 'consumer group' } : each))
  const topics = document.topics.flatMap(({ match, source }) => match.map((name) => ({ name, kind: 'topic', source })))
  return [...people, ...named, ...topics]
}

/** The names that a match has, by what they are of. */
function namesOf({
  issuers = [],
  subjects = [],
  groups = [],
  claims = {},
}: PrincipalMatch): Readonly<Record<string, readonly string[]>> {
  const ofClaims = Object.entries(claims).map(([claim, values]) => [`value of ${claim}`, values] as const)
  return { issuer: issuers, subject: subjects, group: groups, ...Object.fromEntries(ofClaims) }
}

function skeletonOf(name: string): string {
  const drawn = [...name.normalize('NFKC')].map((character) => LOOKALIKES.get(character) ?? character)
  return drawn.join('').toLowerCase()
}

function escaped(name: string): string {
  return name.replace(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** Subjects and groups without an issuer, once two issuers are named. */
export function findUnqualifiedNames(document: PolicyDocument): LintFinding[] {
  const matches = placedMatches(document)
  const issuers = [...new Set(matches.flatMap(({ match }) => match.issuers ?? []))].sort()
  if (issuers.length < 2) return []
  return matches.flatMap(({ match, source }): LintFinding[] => {
    const { subjects = [], groups = [], claims = {} } = match
    const named = [...subjects, ...groups, ...Object.values(claims).flat()]
    if (match.issuers !== undefined || named.length === 0) return []
    const message = `${quotedList(named)} can be of any issuer, and the policy names ${quotedList(issuers)}`
    return [findingAt(source, 'unqualified-name', message, 'add `issuers: […]` beside it')]
  })
}
