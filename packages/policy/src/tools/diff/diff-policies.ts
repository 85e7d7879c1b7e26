import { canonicalJson } from '../../canonical.ts'
import type { PolicyDocument } from '../../document/document.ts'
import { LABEL_PREFIX } from '../../document/names.ts'
import { INTERNAL_TOPIC_PREFIX, type Operation, type ResourceType, resourceTypes } from '../../operation.ts'
import type { Decision } from '../../program/decision.ts'
import { documentAt } from '../../program/rules-in-force.ts'
import { momentsOf } from '../moments.ts'
import { type ComparedMoment, InstantCheck } from './idle-instants.ts'
import { type NameClass, nameClasses } from './name-classes.ts'
import { type AccessWitness, witnessesAt } from './point.ts'
import { PolicyIndex } from './policy-index.ts'
import { accessKey, givesMore } from './strictness.ts'

/** Requests of one operation that were decided alike before, and are decided alike, and otherwise, after. */
export interface AccessChange {
  readonly resourceType: ResourceType
  readonly operation: Operation
  /** Whether somebody may do or see what was denied, held, or hidden before. */
  readonly isNewAccess: boolean
  readonly before: Decision
  readonly after: Decision
  readonly witnesses: readonly AccessWitness[]
}

/**
 * Every change of access between two policies, exactly: no request is decided otherwise that no witness stands for, and every
 * witness is decided otherwise.
 *
 * A policy tells apart finitely many kinds of principals, names and partitions; one of each kind is asked. Where rules have
 * schedules, so are the combinations of them that come about in the coming year; a witness has an instant where the change that it shows is
 * not there in each of them.
 *
 * @param nowUnixMs when the coming year begins; without it, no grant with a schedule counts, and every denial with one does
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE` where there are too many kinds to look at
 */
export function diffPolicies(
  before: PolicyDocument,
  after: PolicyDocument,
  nowUnixMs?: number,
): readonly AccessChange[] {
  const moments = momentsOf([before, after], nowUnixMs).map((atUnixMs) => {
    const [was, is] = [documentAt(before, atUnixMs), documentAt(after, atUnixMs)]
    return { atUnixMs, documents: [was, is], before: new PolicyIndex(was), after: new PolicyIndex(is) }
  })
  const witnesses = moments.flatMap(({ atUnixMs, documents, ...compared }) => {
    const found = differencesOf(documents, compared)
    return atUnixMs === undefined ? found : found.map((witness) => ({ ...witness, atUnixMs }))
  })
  const check = new InstantCheck(moments, (resourceType) => selectorsOf([before, after], resourceType))
  return groupAlike(witnesses).map((change) => ({
    ...change,
    witnesses: change.witnesses.map((witness) => check.withoutIdleInstant(witness)),
  }))
}

/** The witnesses of what differs between two policies at one moment. */
function differencesOf(
  documents: readonly PolicyDocument[],
  { before, after }: ComparedMoment,
): readonly AccessWitness[] {
  return resourceTypes.flatMap((resourceType) =>
    namesOf(documents, resourceType).flatMap((name) => {
      const [left, right] = [before, after].map((index) => index.excerpt(resourceType, name.matches))
      if (left === undefined || right === undefined || left.meaning === right.meaning) return []
      return witnessesAt({ resourceType, name, before: left, after: right })
    }),
  )
}

/** Every class of names of a type that policies tell apart. */
export function namesOf(documents: readonly PolicyDocument[], resourceType: ResourceType): readonly NameClass[] {
  return nameClasses(selectorsOf(documents, resourceType), resourceType === 'topic')
}

function selectorsOf(documents: readonly PolicyDocument[], resourceType: ResourceType): readonly string[] {
  const isTopic = resourceType === 'topic'
  const named = documents.flatMap(({ rules, topics }) => [
    ...rules.flatMap(({ scopes }) =>
      scopes.flatMap((scope) => (scope.resourceType === resourceType ? scope.names : [])),
    ),
    ...(isTopic ? topics.flatMap(({ match }) => match) : []),
  ])
  if (!isTopic) return named
  // Whether a topic is internal decides which grants reach it.
  return [...named.filter((name) => !name.startsWith(LABEL_PREFIX)), `${INTERNAL_TOPIC_PREFIX}*`]
}

function groupAlike(witnesses: readonly AccessWitness[]): readonly AccessChange[] {
  const groups = new Map<string, AccessWitness[]>()
  for (const witness of witnesses) {
    const { resourceType, operation, before, after } = witness
    const key = [resourceType, operation, accessKey(before), accessKey(after)].join('\n')
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [witness])
    else if (!known.some((each) => isSaid(each, witness))) known.push(witness)
  }
  return [...groups.values()].flatMap((group): AccessChange[] => {
    const [first] = group
    if (first === undefined) return []
    const { resourceType, operation, before, after } = first
    return [{ resourceType, operation, isNewAccess: givesMore(before, after), before, after, witnesses: group }]
  })
}

/** Unknown groups are told only where known ones do not show the same, and other times where they show anything else. */
function isSaid(known: AccessWitness, { principal, name, partition, atUnixMs }: AccessWitness): boolean {
  const isOtherTime = known.atUnixMs !== atUnixMs && canonicalJson(known.principal) === canonicalJson(principal)
  return (
    (principal.groups === undefined || isOtherTime) &&
    known.name === name &&
    known.partition === partition &&
    known.principal.issuer === principal.issuer &&
    known.principal.subject === principal.subject
  )
}
