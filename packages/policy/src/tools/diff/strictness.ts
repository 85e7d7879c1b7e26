import {
  type MaskRule,
  type MaskStrategy,
  parseSelector,
  selectedPaths,
  strongerStrategy,
  type Unmask,
} from '@headgate/masking'
import { canonicalJson } from '../../canonical.ts'
import type { ApprovalObligation, Decision, MaskObligation } from '../../program/decision.ts'

/** What a decision means for whoever asks: neither reason nor rules. Decisions with equal keys give the same access. */
export function accessKey({ effect, obligations }: Decision): string {
  if (obligations === undefined) return effect
  const { mask, audit, approvals } = obligations
  return canonicalJson([effect, mask === undefined ? '' : meaningOf(mask), audit, approvals])
}

/**
 * Tells whether a decision gives anything that the one before did not: a denial gone, an approval gone or easier, a mask gone or
 * weaker, audit no longer required. Where it cannot be known that a mask is as strict as the one before, it is taken as weaker.
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
  if (after.format !== before.format && after.format !== 'opaque') return false
  if (before.onUnreadable === 'withhold' && after.onUnreadable !== 'withhold') return false
  // An opaque value in which something is masked is not shown at all.
  if (before.value.length > 0 && after.value.length === 0) return false
  const [was, is] = [before, after].map(hiddenBy)
  if (was === undefined || is === undefined) return false
  if (![...was.words].every(([word, strategy]) => isAsStrong(is.words.get(word), strategy))) return false
  return is.shown.every((each) => was.shown.includes(each))
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

/** What a mask comes to, without what is lifted of it. */
export function hiddenBy({ format, value, headers, key, unmask }: MaskObligation): Hidden {
  const words = new Map<string, MaskStrategy>()
  const add = (word: string, strategy: MaskStrategy): void => {
    const known = words.get(word)
    words.set(word, known === undefined ? strategy : strongerStrategy(known, strategy))
  }
  const lifted = (unmask.fields ?? []).flatMap(pathsOf)
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
  const paths = fields === undefined ? [] : pathsOf(fields)
  return [
    ...paths.filter((path) => !lifted.some((shown) => isWithin(path, shown))),
    ...anywhere.filter((name) => unmask.anywhere?.includes(name) !== true).map((name) => `anywhere:${name}`),
    ...detect.filter((name) => unmask.detect?.includes(name) !== true).map((name) => `detect:${name}`),
  ]
}

/** The steps of a path in its canonical form. */
export const stepsOf = (path: string): string[] => path.split(/(?<!\\)\//)

/** Whether all that `path` selects lies at or below what `above` selects. */
function isWithin(path: string, above: string): boolean {
  const steps = stepsOf(path)
  return stepsOf(above).every((step, index) => steps[index] !== undefined && (step === '*' || step === steps[index]))
}

function mayShow(path: string, word: string): boolean {
  if (word.startsWith('anywhere:') || word.startsWith('detect:')) return true
  const steps = stepsOf(word)
  return stepsOf(path).every((step, index) => {
    const other = steps[index]
    return other !== undefined && (step === other || step === '*' || other === '*')
  })
}

function meaningOf(mask: MaskObligation): unknown {
  const { words, shown } = hiddenBy(mask)
  return { format: mask.format, onUnreadable: mask.onUnreadable, words: Object.fromEntries(words), shown }
}

/** The paths that a selector names, in their canonical form. */
export function pathsOf(fields: string): string[] {
  const result = parseSelector(fields)
  return result.ok ? selectedPaths(result.selector.root) : [fields]
}
