import type { Action, PlainMasker } from '../strategy/action.ts'
import { decodePlain, decodeString, isText } from './decode.ts'
import { keyMissing, notJson, tooDeep } from './failure.ts'
import type { Output } from './output.ts'
import { skipKey, skipNumber, skipSpace, skipValue, skipWord } from './skip.ts'
import { countChange, type Work } from './work.ts'

/** One JSON text under work; a text inside a text has a page of its own. */
export interface Page {
  readonly work: Work
  /** The text, and a zero byte behind it. */
  readonly bytes: Buffer
  readonly end: number
  readonly output: Output
  /** How many texts this one is inside of. */
  readonly level: number
}

/** Replaces the value at `at` as the action wants it, and gives the index behind it. */
export function replaceValue(page: Page, at: number, action: Action, depth: number): number {
  const { bytes } = page
  const byte = bytes[at] as number
  if (byte === 0x22) return replaceString(page, at, action)
  if (byte === 0x7b) return replaceContainer(page, at, action, action.fixedBytes.object, depth)
  if (byte === 0x5b) {
    if (!action.elementwise) return replaceContainer(page, at, action, action.fixedBytes.array, depth)
    return depth === 0 ? tooDeep(at) : replaceElements(page, at + 1, action, depth - 1)
  }
  if (byte === 0x6e) return skipWord(bytes, at)
  if (byte === 0x74 || byte === 0x66) return replaceBoolean(page, at, action)
  return replaceNumber(page, at, action)
}

function replaceElements(page: Page, at: number, action: Action, depth: number): number {
  const { bytes } = page
  at = skipSpace(bytes, at)
  if (bytes[at] === 0x5d) return at + 1
  for (;;) {
    at = replaceValue(page, at, action, depth)
    if (at < 0) return at
    at = skipSpace(bytes, at)
    if (bytes[at] === 0x5d) return at + 1
    if (bytes[at] !== 0x2c) return notJson(at)
    at = skipSpace(bytes, at + 1)
  }
}

function change(page: Page, start: number, end: number, text: Uint8Array | string, action: Action): number {
  if (typeof text === 'string') page.output.replaceText(page.bytes, start, end, text)
  else page.output.replace(page.bytes, start, end, text)
  countChange(page.work, action.target)
  return end
}

function replaceContainer(page: Page, at: number, action: Action, text: Uint8Array | undefined, depth: number): number {
  const end = skipValue(page.bytes, at, depth)
  if (end < 0 || text === undefined) return end
  // Two bytes are the brackets of an empty one.
  const isSame = text.length === 2 && skipSpace(page.bytes, at + 1) === end - 1
  return isSame ? end : change(page, at, end, text, action)
}

function replaceBoolean(page: Page, at: number, action: Action): number {
  const end = skipWord(page.bytes, at)
  const { boolean: fixed } = action.fixedBytes
  if (end < 0 || fixed === undefined || isText(page.bytes, at, end, fixed)) return end
  return change(page, at, end, fixed, action)
}

function replaceString(page: Page, at: number, action: Action): number {
  const { bytes } = page
  const skipped = skipKey(bytes, at + 1)
  if (skipped < 0) return skipped
  const end = skipped >> 1
  const { string: fixed } = action.fixedBytes
  if ((skipped & 1) === 0) {
    if (fixed !== undefined) return isText(bytes, at, end, fixed) ? end : change(page, at, end, fixed, action)
    if (action.maskPlain !== undefined) return replacePlain(page, at, end, action, action.maskPlain)
  }
  const text = decodeString(bytes, at, end)
  const shown = action.maskText(text)
  if (shown === undefined) return keyMissing(at)
  return shown === text ? end : change(page, at, end, fixed ?? JSON.stringify(shown), action)
}

function replacePlain(page: Page, at: number, end: number, action: Action, mask: PlainMasker): number {
  if (page.output.replacePlain(page.bytes, at + 1, end - 1, mask)) countChange(page.work, action.target)
  return end
}

function replaceNumber(page: Page, at: number, action: Action): number {
  const end = skipNumber(page.bytes, at)
  if (end < 0) return end
  const text = decodePlain(page.bytes, at, end)
  const value = Number(text)
  const shown = action.maskNumber(value, text)
  if (shown === undefined) return keyMissing(at)
  return Object.is(shown, value) ? end : change(page, at, end, JSON.stringify(shown), action)
}

/** Where a member stands in its object. */
interface MemberPlace {
  readonly start: number
  readonly end: number
  /** Where the next member begins; where the object's brace is, if there is none. */
  readonly next: number
  /** The end of the last member that stays; -1 while none does. */
  readonly keptEnd: number
}

/**
 * Removes a member and gives the end of the last one that stays, or of what was removed behind it.
 *
 * The member takes the comma before it along, or, while none before it is left, the one behind it.
 */
export function removeMember(page: Page, { start, end, next, keptEnd }: MemberPlace, { target }: Action): number {
  countChange(page.work, target)
  if (keptEnd < 0) page.output.drop(page.bytes, start, next)
  else page.output.drop(page.bytes, keptEnd, end)
  return keptEnd < 0 ? keptEnd : end
}
