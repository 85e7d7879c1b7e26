import { type KeepList, type MaskRule, type MaskStrategy, strongerStrategy, type Unmask } from '@headgate/masking'
import { canonicalJson } from '../../canonical.ts'
import { coversPath, fieldPathsOf, mayHold, mayMeet, stepsOf } from '../../field-path.ts'
import { keepsNoMore } from '../../keep-list.ts'
import type { ApprovalObligation, Decision, MaskObligation } from '../../program/decision.ts'

/** What a decision means for whoever asks: neither reason nor rules. Decisions with equal keys give the same access. */
export function accessKey({ effect, obligations }: Decision): string {
  if (obligations === undefined) return effect
  const { mask, audit, approvals } = obligations
  return canonicalJson([effect, mask === undefined ? '' : meaningOf(mask), audit, approvals])
}

/**
 * Tells whether a decision gives anything that the one before did not: a denial gone, an approval gone or easier, a mask gone or
 * weaker, something shown that was not there, audit no longer required. What is shown at all is compared exactly; where it cannot
 * be known that a mask is as strict as the one before, it is taken as weaker.
 */
export function givesMore(before: Decision, after: Decision): boolean {
  if (after.effect === 'deny') return false
  if (before.effect === 'deny') return true
  const [was, is] = [before.obligations, after.obligations]
  if (was === undefined) return false
  if (was.audit === 'required' && is?.audit !== 'required') return true
  if (!areAllAsked(is?.approvals ?? [], was.approvals)) return true
  return was.mask !== undefined && (is?.mask === undefined || !hidesAsMuch(is.mask, was.mask))
}

/** Each approval of before has one of its own after that asks for as much. */
function areAllAsked(after: readonly ApprovalObligation[], before: readonly ApprovalObligation[]): boolean {
  const left = new Set(after)
  return before.every((wanted) => {
    const fitting = [...left].filter((each) => asksAsMuch(each, wanted))
    const found = fitting.find(({ protection }) => protection === wanted.protection) ?? fitting[0]
    return found !== undefined && left.delete(found)
  })
}

function asksAsMuch(after: ApprovalObligation, before: ApprovalObligation): boolean {
  return (
    after.people >= before.people &&
    after.by.every((group) => before.by.includes(group)) &&
    isFromNoMore(after.issuers, before.issuers) &&
    after.forMs <= before.forMs &&
    after.decideWithinMs <= before.decideWithinMs &&
    (after.reason === 'required' || before.reason === 'optional')
  )
}

/** Without issuers everyone of every issuer counts. */
function isFromNoMore(after: readonly string[] | undefined, before: readonly string[] | undefined): boolean {
  return before === undefined || after?.every((issuer) => before.includes(issuer)) === true
}

function hidesAsMuch(after: MaskObligation, before: MaskObligation): boolean {
  if (!keepsNoMore(after.only, before.only)) return false
  if (after.format !== before.format && after.format !== 'opaque' && readsValues(before)) return false
  if (before.onUnreadable === 'withhold' && after.onUnreadable !== 'withhold') return false
  // An opaque value in which something is masked is not shown at all.
  if (readsValues(before) && !readsValues(after)) return false
  const [was, is] = [before, after].map(hiddenBy)
  if (was === undefined || is === undefined) return false
  const [isSeen, hidden] = [seenUnder(after.only), [...was.words]]
  // What is not there any more needs no mask.
  if (!hidden.every(([word, strategy]) => !isSeen(word) || isAsStrong(is.words.get(word), strategy))) return false
  return is.shown.every((each) => was.shown.includes(each))
}

/** Whether values that cannot be read are not shown. */
function readsValues({ value, only }: MaskObligation): boolean {
  return value.length > 0 || only !== undefined
}

/** Tells whether something of what a list shows can be what a word of `unmask` names. */
export function seenUnder(only: KeepList | undefined): (word: string) => boolean {
  if (only === undefined) return () => true
  const { fields, headers, key } = only
  const shown = fields.map(stepsOf)
  return (word) => {
    if (word === 'key') return key
    if (word.startsWith('header:')) return headers.includes(word.slice('header:'.length))
    if (word.startsWith('detect:')) return fields.length + headers.length > 0
    if (word.startsWith('anywhere:')) return fields.length > 0
    const steps = stepsOf(word)
    return shown.some((each) => mayMeet(each, steps))
  }
}

const plainStrategies: readonly MaskStrategy['type'][] = ['remove', 'null', 'default', 'constant']

/**
 * INVARIANT: what is left to see after was to be seen before. Ranks alone do not tell: the last two characters are less than
 * the first four, and others.
 */
function isAsStrong(after: MaskStrategy | undefined, before: MaskStrategy): boolean {
  if (after === undefined) return false
  if (canonicalJson(after) === canonicalJson(before)) return true
  if (plainStrategies.includes(after.type)) return strongerStrategy(before, after) === after
  const isCut = after.type === 'keep-first' || after.type === 'keep-last'
  return isCut && before.type === after.type && after.count <= before.count
}

/** What a mask comes to. */
export interface Hidden {
  /** Each thing that is hidden, in the words of `unmask`, with what becomes of it. */
  readonly words: ReadonlyMap<string, MaskStrategy>
  /** Fields that are shown all the same, where something might hide them. */
  readonly shown: readonly string[]
}

/** What a mask comes to, without what is lifted of it, and without what is not there at all. */
export function hiddenBy({ format, value, headers, key, unmask, only }: MaskObligation): Hidden {
  const isSeen = seenUnder(only)
  const words = new Map<string, MaskStrategy>()
  const add = (word: string, strategy: MaskStrategy): void => {
    if (!isSeen(word)) return
    const known = words.get(word)
    words.set(word, known === undefined ? strategy : strongerStrategy(known, strategy))
  }
  const lifted = (unmask.fields ?? []).flatMap(fieldPathsOf).filter(isSeen)
  for (const rule of value) for (const word of wordsOf(rule, unmask, lifted)) add(word, rule.with)
  const values = [...words.keys()]
  for (const { name, with: strategy } of headers) add(`header:${name}`, strategy)
  if (key !== undefined) add('key', key)
  // Only JSON has fields.
  const shown = format === 'json' ? lifted.filter((path) => values.some((word) => mayShow(path, word))) : []
  return { words, shown: shown.sort() }
}

function wordsOf(
  { fields, anywhere = [], detect = [] }: MaskRule,
  unmask: Unmask,
  lifted: readonly string[],
): string[] {
  const paths = fields === undefined ? [] : fieldPathsOf(fields)
  return [
    ...paths.filter((path) => !lifted.some((shown) => coversPath(stepsOf(shown), stepsOf(path)))),
    ...anywhere.filter((name) => unmask.anywhere?.includes(name) !== true).map((name) => `anywhere:${name}`),
    ...detect.filter((name) => unmask.detect?.includes(name) !== true).map((name) => `detect:${name}`),
  ]
}

function mayShow(path: string, word: string): boolean {
  return word.startsWith('anywhere:') || word.startsWith('detect:') || mayHold(stepsOf(path), stepsOf(word))
}

function meaningOf(mask: MaskObligation): unknown {
  const { words, shown } = hiddenBy(mask)
  const { format, onUnreadable, only } = mask
  return { format, onUnreadable, words: Object.fromEntries(words), shown, only }
}
