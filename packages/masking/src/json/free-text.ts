import type { PlannedDetector } from '../plan/compile-plan.ts'
import { foldKey } from '../plan/fold-key.ts'
import type { Action } from '../strategy/action.ts'
import { failureReason } from './failure.ts'
import { countChange, MAX_NESTED_TEXTS, type Work } from './work.ts'

/** Masks a text that is JSON itself: gives the new text, or a failure of reading it. */
export type NestedMasker = (work: Work, text: string, level: number) => string | number

const LOOKS_NESTED = /^[ \t\n\r\ufeff]*[{["]/

/**
 * Masks what keys at any depth and detectors find in a text. `null`: the whole value becomes null. `undefined`: a token
 * was asked for, and there is no key.
 */
export function maskFreeText(
  work: Work,
  text: string,
  level: number,
  maskNested: NestedMasker,
): string | null | undefined {
  if (!looksNested(text)) return maskFinds(work, text)
  const nested =
    level < MAX_NESTED_TEXTS && !/\p{Surrogate}/u.test(text) ? maskNested(work, text, level + 1) : undefined
  if (typeof nested === 'string') return nested
  const reason = nested === undefined ? 'too-deep' : failureReason(nested)
  if (reason === 'token-key-missing') return undefined
  return reason === 'too-deep' || mayHoldKeys(work, text) ? hideWhole(work, text) : maskFinds(work, text)
}

// The first character tells most texts apart: none of those that may begin JSON is a letter or a digit.
function looksNested(text: string): boolean {
  const first = text.charCodeAt(0)
  return (first <= 0x22 || first === 0x5b || first === 0x7b || first === 0xfeff) && LOOKS_NESTED.test(text)
}

// Text that looks like JSON and cannot be read: keys in it may be masked ones, and values behind them would be seen.
function mayHoldKeys({ plan: { anywhere } }: Work, text: string): boolean {
  if (anywhere.size === 0) return false
  const folded = foldKey(text)
  return text.includes('\\') || [...anywhere.names()].some((name) => folded.includes(name))
}

function hideWhole(work: Work, text: string): string {
  const [first] = [...work.plan.anywhere.names()]
  const action = first === undefined ? work.plan.detectors[0]?.action : work.plan.anywhere.get(first)
  if (action !== undefined && text !== '') countChange(work, action.target)
  return ''
}

interface ActionFind {
  readonly start: number
  readonly end: number
  readonly action: Action
}

const NO_FINDS: readonly ActionFind[] = []

function findsIn(detectors: readonly PlannedDetector[], text: string): readonly ActionFind[] {
  let finds: ActionFind[] | undefined
  for (const { detector, action } of detectors)
    for (const { start, end } of detector.find(text)) {
      finds ??= []
      finds.push({ start, end, action })
    }
  if (finds === undefined) return NO_FINDS
  return finds.length === 1 ? finds : finds.sort((left, right) => left.start - right.start || right.end - left.end)
}

function maskFinds(work: Work, text: string): string | null | undefined {
  let [masked, from] = ['', 0]
  for (const { start, end, action } of findsIn(work.plan.detectors, text)) {
    if (end <= from) continue
    const found = text.slice(start, end)
    const shown = action.maskText(found)
    if (typeof shown !== 'string') return nothingShown(work, action, shown)
    if (shown !== found) countChange(work, action.target)
    // Two finds that overlap: what is left of the second is hidden too.
    masked += start < from ? '' : text.slice(from, start) + shown
    from = end
  }
  return from === 0 ? text : masked + text.slice(from)
}

function nothingShown(work: Work, action: Action, shown: null | undefined): null | undefined {
  if (shown === null) countChange(work, action.target)
  return shown
}

/** Masks a whole number that a detector finds; `text` is the number as it stood, or as it would be written. */
export function maskFreeNumber(work: Work, value: number, text: string): number | string | null | undefined {
  if (!Number.isInteger(value)) return value
  const digits = (/^-?\d+$/.test(text) ? text : String(value)).replace('-', '')
  for (const { detector, action } of work.plan.detectors) {
    if (!detector.inNumbers || !detector.find(digits).some(({ start, end }) => start === 0 && end === digits.length))
      continue
    const shown = action.maskNumber(value, text)
    if (shown !== undefined && !Object.is(shown, value)) countChange(work, action.target)
    return shown
  }
  return value
}
