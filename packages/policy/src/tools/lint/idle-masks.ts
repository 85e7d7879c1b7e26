import { type MaskStrategy, strongerStrategy } from '@headgate/masking'
import { canonicalJson, sortedUnique } from '../../canonical.ts'
import type { PolicyDocument, TopicProtection } from '../../document/document.ts'
import type { ProtectionMask } from '../../document/protection.ts'
import { fieldPathsOf, stepsOf } from '../../field-path.ts'
import { quoted, quotedList, strategyWord } from '../access-words.ts'
import { namesOf } from '../diff/diff-policies.ts'
import { PolicyIndex } from '../diff/policy-index.ts'
import { findingAt, type LintFinding } from './finding.ts'

/** One thing that an entry of `mask` hides, in the words of `unmask`. */
interface MaskedThing {
  readonly protection: TopicProtection
  readonly mask: ProtectionMask
  readonly word: string
}

/** Something that is hidden in vain, and what hides it all the same at one of the names. */
export interface IdleMask extends MaskedThing {
  /** `same`: another mask of the same thing leaves less to see. `above`: another one hides what holds it. */
  readonly because: 'same' | 'above'
  readonly by: MaskedThing
}

/** Masks that make no difference to any record, since other ones hide the same, or what holds it. */
export function findIdleMasks(document: PolicyDocument): LintFinding[] {
  const byEntry = new Map<string, IdleMask[]>()
  for (const idle of idleMasks(document)) {
    const { protection, mask, because } = idle
    const { path, line, column } = protection.source
    const key = canonicalJson([path, line, column, mask, because])
    byEntry.set(key, [...(byEntry.get(key) ?? []), idle])
  }
  return [...byEntry.values()].flatMap(findingOf)
}

function findingOf(group: readonly IdleMask[]): LintFinding[] {
  const [first] = group
  if (first === undefined) return []
  const { protection, mask, because, by } = first
  const words = quotedList(sortedUnique(group.map(({ word }) => word)))
  const head = `${quoted(protection.id)} masks ${words} (${strategyWord(mask.with)}) to no effect`
  const other = `${quoted(by.protection.id)} masks ${quoted(by.word)} (${strategyWord(by.mask.with)})`
  if (because === 'same') {
    const message = `${head}: wherever it applies a mask as strong does too; ${other}`
    return [findingAt(protection.source, 'idle-mask', message, 'remove it, or narrow the stronger mask')]
  }
  const message = `${head}: what holds it is hidden wherever it applies, so that it is never come to; ${other}`
  return [findingAt(protection.source, 'hidden-selector', message, 'remove it, or mask less than what holds it')]
}

/**
 * Everything that is masked to no effect: without all of it together, each record is shown to each principal as with it. Of two
 * that hide the same the later is told.
 *
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE`
 */
export function idleMasks(document: PolicyDocument): readonly IdleMask[] {
  const things = document.topics.flatMap((protection) =>
    protection.mask.flatMap((mask) => wordsOf(mask).map((word): MaskedThing => ({ protection, mask, word }))),
  )
  const masking = new Set(document.topics.filter(({ mask }) => mask.length > 0))
  const index = new PolicyIndex(document)
  const places = namesOf([document], 'topic')
    .map(({ matches }) => new Set(index.excerpt('topic', matches).document.topics.filter((each) => masking.has(each))))
    .filter((place) => place.size > 0)
  const ties = tiesOf(things)
  const living = new Set(things)
  return things.toReversed().flatMap((thing): IdleMask[] => {
    const met = places.filter((place) => place.has(thing.protection))
    // Which of two that tie is applied hangs on how the rest is written.
    if (ties.some((pair) => met.some((place) => pair.every(({ protection }) => place.has(protection))))) return []
    const idle = idleAmong(thing, living, met)
    if (idle === undefined) return []
    living.delete(thing)
    return [idle]
  })
}

/** Things that may be one, with different strategies of which neither leaves less to see. */
function tiesOf(things: readonly MaskedThing[]): readonly (readonly [MaskedThing, MaskedThing])[] {
  return things.flatMap((one, at) =>
    things
      .slice(at + 1)
      .filter((other) => mayMeet(one, other) && isTie(one.mask.with, other.mask.with))
      .map((other) => [one, other] as const),
  )
}

function mayMeet(one: MaskedThing, other: MaskedThing): boolean {
  if (one.word === other.word) return true
  if (one.mask.fields === undefined || other.mask.fields === undefined) return false
  const [steps, others] = [stepsOf(one.word), stepsOf(other.word)]
  return (
    steps.length === others.length &&
    steps.every((step, at) => step === others[at] || step === '*' || others[at] === '*')
  )
}

function isTie(one: MaskStrategy, other: MaskStrategy): boolean {
  return !isAtLeast(one, other) && !isAtLeast(other, one)
}

type Place = ReadonlySet<TopicProtection>

function idleAmong(
  thing: MaskedThing,
  living: ReadonlySet<MaskedThing>,
  places: readonly Place[],
): IdleMask | undefined {
  const { protection, mask } = thing
  const others = [...living].filter((other) => other !== thing)
  const covers = others.flatMap((by) => {
    const because = coverOf(thing, by)
    return because === undefined ? [] : [{ by, because }]
  })
  const found = places.flatMap((place) =>
    mask.on.map((direction) => covers.find(({ by }) => place.has(by.protection) && by.mask.on.includes(direction))),
  )
  const [first] = found
  if (first === undefined || found.some((cover) => cover === undefined)) return undefined
  // Where nothing else of the entry is left, it withholds no more what cannot be read.
  const isLast = others.every((other) => other.protection !== protection)
  const withholds = (place: Place): boolean =>
    others.some((other) => place.has(other.protection) && other.protection.onUnreadable === 'withhold')
  if (isLast && protection.onUnreadable === 'withhold' && !places.every(withholds)) return undefined
  return { ...thing, ...first }
}

/**
 * Whether one mask hides all that another one does wherever both are.
 *
 * INVARIANT: both come to it by the same names. A path whose names are told where the other one has a star hides what stands in
 * the place of an object on its way, which the star does not.
 */
function coverOf({ word, mask }: MaskedThing, by: MaskedThing): IdleMask['because'] | undefined {
  if (word === by.word) return isAtLeast(by.mask.with, mask.with) ? 'same' : undefined
  if (mask.fields === undefined || by.mask.fields === undefined) return undefined
  const [steps, above] = [stepsOf(word), stepsOf(by.word)]
  const last = above.length - 1
  const isOnTheWay =
    last < steps.length && above.every((step, at) => step === steps[at] || (at === last && step === '*'))
  if (!isOnTheWay) return undefined
  if (above.length < steps.length) return 'above'
  return isAtLeast(by.mask.with, mask.with) ? 'same' : undefined
}

/** Whether the one is applied where both are: of equals that are not the same, nobody can say which. */
function isAtLeast(strategy: MaskStrategy, other: MaskStrategy): boolean {
  return canonicalJson(strategy) === canonicalJson(other) || strongerStrategy(other, strategy) === strategy
}

function wordsOf({ fields, anywhere = [], detect = [], headers = [], key }: ProtectionMask): readonly string[] {
  return [
    ...(fields === undefined ? [] : fieldPathsOf(fields)),
    ...anywhere.map((name) => `anywhere:${name}`),
    ...detect.map((name) => `detect:${name}`),
    ...headers.map((name) => `header:${name}`),
    ...(key === true ? ['key'] : []),
  ]
}
