import { canonicalJson } from '../../canonical.ts'
import type { Ownership, PolicyDocument, TopicProtection } from '../../document/document.ts'
import { INTERNAL_TOPIC_PREFIX } from '../../operation.ts'
import { printable } from '../../printable.ts'
import { quoted, quotedList } from '../access-words.ts'
import { nameClasses } from './name-classes.ts'

/** A change that is no decision: which topics are listed, and who may not approve. */
export interface StandingChange {
  readonly kind: 'listing' | 'owner'
  readonly isNewAccess: boolean
  /** The change in words, with a name that it holds for. */
  readonly text: string
}

/**
 * What changes beside decisions between two policies. Owners are compared as they are written: what is united or cut otherwise,
 * and means the same, counts as a change.
 *
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE`
 */
export function diffStanding(before: PolicyDocument, after: PolicyDocument): readonly StandingChange[] {
  return [...diffListing(before.topics, after.topics), ...diffOwners(before.owners, after.owners)]
}

function diffListing(before: readonly TopicProtection[], after: readonly TopicProtection[]): StandingChange[] {
  const [was, is] = [before, after].map((topics) => topics.filter(({ discoverable }) => discoverable))
  if (was === undefined || is === undefined || was.length + is.length === 0) return []
  const selectors = [...was, ...is].flatMap(({ match }) => match)
  return nameClasses([...selectors, `${INTERNAL_TOPIC_PREFIX}*`], true).flatMap(
    ({ name, matches }): StandingChange[] => {
      const isInternal = name.startsWith(INTERNAL_TOPIC_PREFIX)
      // Of internal topics only what is named in full is listed.
      const isListed = (topics: readonly TopicProtection[]): boolean =>
        topics.some(({ match }) => match.some((each) => matches.includes(each) && (!isInternal || each === name)))
      if (isListed(was) === isListed(is)) return []
      const words = matches.includes(name)
        ? quoted(name)
        : `such as ${quoted(name)} (matched by ${quotedList(matches)})`
      const becomes = isListed(is) ? 'listed to everybody' : 'no longer listed to everybody'
      return [{ kind: 'listing', isNewAccess: isListed(is), text: `topics are ${becomes}: ${words}` }]
    },
  )
}

function diffOwners(before: readonly Ownership[], after: readonly Ownership[]): StandingChange[] {
  const [was, is] = [pairsOf(before), pairsOf(after)]
  const gone = [...was].filter(([key]) => !is.has(key))
  const come = [...is].filter(([key]) => !was.has(key))
  const change = (isNewAccess: boolean, [, words]: readonly [string, string]): StandingChange => ({
    kind: 'owner',
    isNewAccess,
    text: `${isNewAccess ? 'no longer barred from approving' : 'barred from approving'}: ${words}`,
  })
  return [...gone.map((each) => change(true, each)), ...come.map((each) => change(false, each))]
}

function pairsOf(owners: readonly Ownership[]): ReadonlyMap<string, string> {
  return new Map(
    owners.flatMap(({ of, people }) => {
      const services = Object.entries(of).map(([key, names]) => `${key} ${quotedList(names as readonly string[])}`)
      return people.map((person): [string, string] => [
        canonicalJson([of, person]),
        `${printable(person)}, for ${services.join(' with ')}`,
      ])
    }),
  )
}
