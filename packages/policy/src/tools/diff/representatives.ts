import { sortedUnique } from '../../canonical.ts'
import type { PrincipalMatch, Who } from '../../document/document.ts'
import { type Principal, type PrincipalKind, principalKinds } from '../../principal.ts'
import { matchWho } from '../../program/who.ts'
import { PolicyTooIntricateError } from '../errors.ts'

/** A condition, and what it brings about where it holds. */
export interface Condition {
  readonly who: Who
  readonly mark: string
}

/** A group, or a value of a claim, that a principal may have. */
interface Trait {
  /** `groups`, or `claims` and the name of one. */
  readonly dimension: string
  readonly value: string
}

/** Traits of one dimension of which one has to be there. */
interface Part {
  readonly dimension: string
  readonly values: readonly string[]
}

/** A condition for one issuer, subject and kind: what is left of it speaks of traits. */
interface Open {
  readonly mark: string
  /** All of these have to be met. */
  readonly wanted: readonly Part[]
  /** Not all of these may be met; `undefined` = there is nothing that bars. */
  readonly barred: readonly Part[] | undefined
  readonly last: string | undefined
}

/** What is known of open conditions after some traits have been looked at. */
interface Case {
  readonly traits: readonly Trait[]
  readonly marks: ReadonlySet<string>
  /** Parts of conditions that are met. */
  readonly met: ReadonlySet<string>
}

/** Whether what is unknown is taken as a denial takes it, or as a grant does. */
type Reading = 'wide' | 'narrow'

const MAX_CASES = 20_000
const MAX_UNKNOWN = 5
const GROUPS = 'groups'

/**
 * Principals that stand for all others: for each issuer, subject and kind that conditions name, for one that none names, and for
 * each set of marks that groups and claims can bring about, one principal with few of them. Each also with unknown groups, and
 * with every combination of unknown claims.
 *
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE`
 */
export function representativesOf(conditions: readonly Condition[]): readonly Principal[] {
  const issuers = namedBy(conditions, 'issuers', 'any-issuer')
  const subjects = namedBy(conditions, 'subjects', 'anyone')
  const claims = sortedUnique(conditions.flatMap(matchesOf).flatMap((match) => Object.keys(match.claims ?? {})))
  const hasGroups = conditions.flatMap(matchesOf).some(({ groups }) => groups !== undefined)
  const unknowns = combinationsOf([...(hasGroups ? [GROUPS] : []), ...claims.map(dimensionOf)])
  const kinds = kindsOf(conditions)
  return issuers.flatMap((issuer) =>
    subjects.flatMap((subject) => {
      const candidates = kinds.flatMap((kind) =>
        unknowns.flatMap((unknown) =>
          traitSetsOf(conditions, { issuer, subject, kind }, unknown).map((traits) => ({
            issuer,
            subject,
            groups: unknown.has(GROUPS) ? undefined : valuesOf(traits, GROUPS),
            ...(kind === undefined ? {} : { kind }),
            ...(claims.length === 0 ? {} : { claims: claimsOf(claims, traits, unknown) }),
          })),
        ),
      )
      return oneOfEach(candidates, conditions)
    }),
  )
}

/** One principal for each set of marks. What is unknown keeps a grant from holding and not a denial. */
function oneOfEach(candidates: readonly Principal[], conditions: readonly Condition[]): readonly Principal[] {
  const found = new Map<string, Principal>()
  for (const principal of candidates) {
    const marks = conditions.flatMap(({ who, mark }) => {
      const truth = matchWho(who, principal)
      if (truth === 'unknown')
        return mark.includes('grants') ? [] : [mark.includes('denies') ? mark : `${mark} perhaps`]
      return truth === 'true' ? [mark] : []
    })
    const key = JSON.stringify([...new Set(marks)].sort())
    if (!found.has(key)) found.set(key, principal)
  }
  return [...found.values()]
}

interface Identity {
  readonly issuer: string
  readonly subject: string
  readonly kind: PrincipalKind | undefined
}

const dimensionOf = (claim: string): string => `claims ${claim}`

function valuesOf(traits: readonly Trait[], dimension: string): string[] {
  return traits.flatMap((trait) => (trait.dimension === dimension ? [trait.value] : []))
}

function claimsOf(
  claims: readonly string[],
  traits: readonly Trait[],
  unknown: ReadonlySet<string>,
): Readonly<Record<string, readonly string[]>> {
  const known = claims.filter((claim) => !unknown.has(dimensionOf(claim)))
  return Object.fromEntries(known.map((claim) => [claim, valuesOf(traits, dimensionOf(claim))]))
}

/** Every set of dimensions that may be unknown together, none first. */
function combinationsOf(dimensions: readonly string[]): readonly ReadonlySet<string>[] {
  if (dimensions.length > MAX_UNKNOWN)
    throw new PolicyTooIntricateError('claims that rules ask about at one name', MAX_UNKNOWN - 1)
  const sets: ReadonlySet<string>[] = [new Set()]
  for (const dimension of dimensions) sets.push(...sets.map((each) => new Set([...each, dimension])))
  return sets
}

/** Each kind that conditions name, one that none names, and an unknown one; where none asks for a kind, it makes no difference. */
function kindsOf(conditions: readonly Condition[]): readonly (PrincipalKind | undefined)[] {
  const asked = new Set(conditions.flatMap(matchesOf).flatMap(({ kinds = [] }) => kinds))
  if (asked.size === 0) return [undefined]
  const other = principalKinds.find((kind) => !asked.has(kind))
  return [...(other === undefined ? [] : [other]), ...principalKinds.filter((kind) => asked.has(kind)), undefined]
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

function openFor({ who, mark }: Condition, identity: Identity, unknown: ReadonlySet<string>, reading: Reading): Open[] {
  if (who === 'everyone') return [{ mark, wanted: [], barred: undefined, last: undefined }]
  const isWide = reading === 'wide'
  if (!isMet(who, identity, isWide)) return []
  const wanted = partsOf(who)
  if (!isWide && wanted.some(({ dimension }) => unknown.has(dimension))) return []
  const inner = who.not !== undefined && isMet(who.not, identity, !isWide) ? partsOf(who.not) : undefined
  const isBarDoubtful = inner?.some(({ dimension }) => unknown.has(dimension)) === true
  const known = (parts: readonly Part[]): readonly Part[] => parts.filter(({ dimension }) => !unknown.has(dimension))
  const barred = inner === undefined || (isWide && isBarDoubtful) ? undefined : known(inner)
  if (barred?.length === 0) return []
  const open = { mark, wanted: known(wanted), barred }
  return [{ ...open, last: traitKeysOf([open]).at(-1) }]
}

/** Whether issuer, subject and kind are met; an unknown kind is as it is taken. */
function isMet(
  { issuers, subjects, kinds }: PrincipalMatch,
  { issuer, subject, kind }: Identity,
  ifUnknown: boolean,
): boolean {
  const isOfKind = kinds === undefined || (kind === undefined ? ifUnknown : kinds.includes(kind))
  return (issuers?.includes(issuer) ?? true) && (subjects?.includes(subject) ?? true) && isOfKind
}

function partsOf({ groups, claims = {} }: PrincipalMatch): readonly Part[] {
  return [
    ...(groups === undefined ? [] : [{ dimension: GROUPS, values: groups }]),
    ...Object.entries(claims).map(([claim, values]) => ({ dimension: dimensionOf(claim), values })),
  ]
}

const keyOf = ({ dimension, value }: Trait): string => JSON.stringify([dimension, value])

function traitsOf({ wanted, barred = [] }: Pick<Open, 'wanted' | 'barred'>): Trait[] {
  return [...wanted, ...barred].flatMap(({ dimension, values }) => values.map((value) => ({ dimension, value })))
}

function traitKeysOf(open: readonly Pick<Open, 'wanted' | 'barred'>[]): string[] {
  return sortedUnique(open.flatMap(traitsOf).map(keyOf))
}

/** Sets of traits, one for each set of marks that some set of traits brings about. */
function traitSetsOf(
  conditions: readonly Condition[],
  identity: Identity,
  unknown: ReadonlySet<string>,
): readonly (readonly Trait[])[] {
  const isCertain = unknown.size === 0 && identity.kind !== undefined
  const hasKinds = kindsOf(conditions).length > 1
  const readings: readonly Reading[] = isCertain || (unknown.size === 0 && !hasKinds) ? ['narrow'] : ['narrow', 'wide']
  const sets = readings.flatMap((reading) =>
    setsOf(conditions.flatMap((each) => openFor(each, identity, unknown, reading))),
  )
  return [...new Map(sets.map((traits) => [JSON.stringify(traits), traits])).values()]
}

function setsOf(open: readonly Open[]): readonly (readonly Trait[])[] {
  const byKey = new Map(open.flatMap(traitsOf).map((trait) => [keyOf(trait), trait]))
  let cases = distinct([settle({ traits: [], marks: new Set(), met: new Set() }, open, undefined)])
  for (const key of sortedUnique(byKey.keys())) {
    const trait = byKey.get(key)
    if (trait === undefined) continue
    cases = distinct(cases.flatMap((each) => [settle(each, open, key), settle(join(each, open, trait), open, key)]))
    if (cases.length > MAX_CASES) throw new PolicyTooIntricateError('kinds of principals at one name', MAX_CASES)
  }
  return cases.map(({ traits }) => traits)
}

/** The parts of a condition with the names that `met` has for them. */
function namedParts({ wanted, barred = [] }: Open, index: number): readonly (readonly [name: string, part: Part])[] {
  return [
    ...wanted.map((part) => [`${index} wants ${part.dimension}`, part] as const),
    ...barred.map((part) => [`${index} bars ${part.dimension}`, part] as const),
  ]
}

function join(before: Case, open: readonly Open[], trait: Trait): Case {
  const has = ({ dimension, values }: Part): boolean => dimension === trait.dimension && values.includes(trait.value)
  const met = open.flatMap((each, index) =>
    namedParts(each, index).flatMap(([name, part]) => (has(part) ? [name] : [])),
  )
  return { traits: [...before.traits, trait], marks: before.marks, met: new Set([...before.met, ...met]) }
}

/** Forgets the conditions whose last trait was looked at, and keeps the marks of those that hold. */
function settle(before: Case, open: readonly Open[], key: string | undefined): Case {
  const marks = new Set(before.marks)
  const met = new Set(before.met)
  for (const [index, each] of open.entries()) {
    if (each.last !== key) continue
    const isMetBy = (parts: readonly Part[], verb: string): boolean =>
      parts.every(({ dimension }) => met.has(`${index} ${verb} ${dimension}`))
    const isBarred = each.barred !== undefined && isMetBy(each.barred, 'bars')
    if (isMetBy(each.wanted, 'wants') && !isBarred) marks.add(each.mark)
    for (const [name] of namedParts(each, index)) met.delete(name)
  }
  return { traits: before.traits, marks, met }
}

/** One case of each kind, the one with the fewest traits. */
function distinct(cases: readonly Case[]): readonly Case[] {
  const known = new Map<string, Case>()
  for (const each of cases) {
    const key = JSON.stringify([[...each.marks].sort(), [...each.met].sort()])
    const other = known.get(key)
    if (other === undefined || each.traits.length < other.traits.length) known.set(key, each)
  }
  return [...known.values()]
}
