import { sortedUnique } from '../../canonical.ts'
import type { PrincipalMatch, Who } from '../../document/document.ts'
import type { Principal } from '../../principal.ts'
import { PolicyTooIntricateError } from '../errors.ts'

/** A condition, and what it brings about where it holds. */
export interface Condition {
  readonly who: Who
  readonly mark: string
}

/** A condition for one issuer and subject: what is left of it speaks of groups. */
interface Open {
  readonly mark: string
  /** One of these has to be there; `undefined` = it holds without. */
  readonly wanted: readonly string[] | undefined
  /** None of these may be there. */
  readonly barred: readonly string[]
  readonly lastGroup: string | undefined
}

/** What is known of open conditions after some groups have been looked at. */
interface Case {
  readonly groups: readonly string[]
  readonly marks: ReadonlySet<string>
  /** By condition: whether a wanted group is there, and whether a barred one is. */
  readonly met: ReadonlySet<number>
  readonly broken: ReadonlySet<number>
}

const MAX_CASES = 20_000

/**
 * Principals that stand for all others: for each issuer and subject that conditions name, for one that none names, and for each
 * set of marks that groups can bring about, one principal with few groups. Each issuer and subject also with unknown groups.
 *
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE`
 */
export function representativesOf(conditions: readonly Condition[]): readonly Principal[] {
  const issuers = namedBy(conditions, 'issuers', 'any-issuer')
  const subjects = namedBy(conditions, 'subjects', 'anyone')
  return issuers.flatMap((issuer) =>
    subjects.flatMap((subject): Principal[] => [
      ...groupSetsOf(conditions.flatMap((each) => openFor(each, issuer, subject))).map((groups) => ({
        issuer,
        subject,
        groups,
      })),
      { issuer, subject, groups: undefined },
    ]),
  )
}

function matchesOf({ who }: Condition): readonly PrincipalMatch[] {
  if (who === 'everyone') return []
  return who.not === undefined ? [who] : [who, who.not]
}

/** A name that none of the conditions has, then those that they have. */
function namedBy(conditions: readonly Condition[], key: 'issuers' | 'subjects', other: string): string[] {
  const named = sortedUnique(conditions.flatMap(matchesOf).flatMap((match) => match[key] ?? []))
  let unnamed = other
  while (named.includes(unnamed)) unnamed += '-else'
  return [unnamed, ...named]
}

function openFor({ who, mark }: Condition, issuer: string, subject: string): Open[] {
  if (who === 'everyone') return [{ mark, wanted: undefined, barred: [], lastGroup: undefined }]
  if (!isMet(who, issuer, subject)) return []
  const barring = who.not !== undefined && isMet(who.not, issuer, subject) ? who.not : undefined
  if (barring !== undefined && barring.groups === undefined) return []
  const barred = barring?.groups ?? []
  const lastGroup = sortedUnique([...(who.groups ?? []), ...barred]).at(-1)
  return [{ mark, wanted: who.groups, barred, lastGroup }]
}

function isMet({ issuers, subjects }: PrincipalMatch, issuer: string, subject: string): boolean {
  return (issuers?.includes(issuer) ?? true) && (subjects?.includes(subject) ?? true)
}

/** Sets of groups, one for each set of marks that some set of groups brings about. */
function groupSetsOf(open: readonly Open[]): readonly (readonly string[])[] {
  const groups = sortedUnique(open.flatMap(({ wanted = [], barred }) => [...wanted, ...barred]))
  const start: Case = { groups: [], marks: new Set(), met: new Set(), broken: new Set() }
  let cases = distinct([settle(start, open, undefined)])
  for (const group of groups) {
    cases = distinct(cases.flatMap((each) => [settle(each, open, group), settle(join(each, open, group), open, group)]))
    if (cases.length > MAX_CASES) throw new PolicyTooIntricateError('kinds of principals at one name', MAX_CASES)
  }
  return cases.map((each) => each.groups)
}

function join(before: Case, open: readonly Open[], group: string): Case {
  const withGroup = (known: ReadonlySet<number>, has: (each: Open) => boolean): ReadonlySet<number> =>
    new Set([...known, ...open.flatMap((each, index) => (has(each) ? [index] : []))])
  return {
    groups: [...before.groups, group],
    marks: before.marks,
    met: withGroup(before.met, ({ wanted }) => wanted?.includes(group) === true),
    broken: withGroup(before.broken, ({ barred }) => barred.includes(group)),
  }
}

/** Forgets the conditions whose last group was looked at, and keeps the marks of those that hold. */
function settle(before: Case, open: readonly Open[], group: string | undefined): Case {
  const marks = new Set(before.marks)
  const [met, broken] = [new Set(before.met), new Set(before.broken)]
  for (const [index, { mark, wanted, lastGroup }] of open.entries()) {
    if (lastGroup !== group) continue
    if ((wanted === undefined || met.has(index)) && !broken.has(index)) marks.add(mark)
    met.delete(index)
    broken.delete(index)
  }
  return { groups: before.groups, marks, met, broken }
}

/** One case of each kind, the one with the fewest groups. */
function distinct(cases: readonly Case[]): readonly Case[] {
  const known = new Map<string, Case>()
  for (const each of cases) {
    const key = JSON.stringify([[...each.marks].sort(), sorted(each.met), sorted(each.broken)])
    const other = known.get(key)
    if (other === undefined || each.groups.length < other.groups.length) known.set(key, each)
  }
  return [...known.values()]
}

function sorted(indices: ReadonlySet<number>): string {
  return [...indices].sort((a, b) => a - b).join()
}
