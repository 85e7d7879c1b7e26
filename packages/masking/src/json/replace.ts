import type { Action } from '../strategy/action.ts'
import { decodeString, isText } from './decode.ts'
import type { Edits } from './edits.ts'
import { keyMissing, notJson, tooDeep } from './failure.ts'
import { skipNumber, skipSpace, skipString, skipValue, skipWord } from './skip.ts'
import { countChange, type Work } from './work.ts'

/** One JSON text under work; a text inside a text has a page of its own. */
export interface Page {
  readonly work: Work
  /** The text, and a zero byte behind it. */
  readonly bytes: Buffer
  readonly end: number
  readonly edits: Edits
  /** How many texts this one is inside of. */
  readonly level: number
}

/** Replaces the value at `at` as the action wants it, and gives the index behind it. */
export function replaceValue(page: Page, at: number, action: Action, depth: number): number {
  const { bytes } = page
  const byte = bytes[at] as number
  if (byte === 0x22) return replaceString(page, at, action)
  if (byte === 0x7b) return replaceContainer(page, at, action, action.fixed.object, depth)
  if (byte === 0x5b) {
    if (!action.elementwise) return replaceContainer(page, at, action, action.fixed.array ?? '[]', depth)
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

function change(page: Page, start: number, end: number, text: string, action: Action): number {
  page.edits.push(start, end, text)
  countChange(page.work, action.target)
  return end
}

function replaceContainer(page: Page, at: number, action: Action, text: string, depth: number): number {
  const end = skipValue(page.bytes, at, depth)
  if (end < 0) return end
  const isEmpty = skipSpace(page.bytes, at + 1) === end - 1
  return isEmpty && text !== 'null' ? end : change(page, at, end, text, action)
}

function replaceBoolean(page: Page, at: number, action: Action): number {
  const end = skipWord(page.bytes, at)
  if (end < 0) return end
  const isSame = action.fixed.boolean === (page.bytes[at] === 0x74 ? 'true' : 'false')
  return isSame ? end : change(page, at, end, action.fixed.boolean, action)
}

function replaceString(page: Page, at: number, action: Action): number {
  const end = skipString(page.bytes, at + 1)
  if (end < 0) return end
  const { string: fixed } = action.fixed
  if (fixed !== undefined && isText(page.bytes, at, end, fixed)) return end
  const text = decodeString(page.bytes, at, end)
  const shown = action.maskText(text)
  if (shown === undefined) return keyMissing(at)
  return shown === text ? end : change(page, at, end, fixed ?? JSON.stringify(shown), action)
}

function replaceNumber(page: Page, at: number, action: Action): number {
  const end = skipNumber(page.bytes, at)
  if (end < 0) return end
  const text = page.bytes.toString('latin1', at, end)
  const value = Number(text)
  const shown = action.maskNumber(value, text)
  if (shown === undefined) return keyMissing(at)
  return Object.is(shown, value) ? end : change(page, at, end, action.fixed.number ?? JSON.stringify(shown), action)
}
